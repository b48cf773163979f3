import { expect, test } from 'vitest';
import type { Column, PointValues, StorageLimits } from '../../src/core/types/index.js';
import { pointConflict, shapeConflict } from '../../src/schema/name-limits.js';

const limits: StorageLimits = {
  sinceMs: 0,
  aheadMs: 1,
  strings: false,
  tags: 2,
  ownTags: ['db'],
  tagNameBytes: 4,
  tagValueBytes: 6,
  pointBytes: 100,
};
const number: Column = { name: 'f', type: 'float' };
const tags = (...names: string[]): Column[] => names.map((name) => ({ name, type: 'tag' }));

test('a target without storage limits accepts every shape', () => {
  expect(shapeConflict({ table: 'm', columns: [{ name: 's', type: 'string' }] }, undefined)).toBeNull();
});

test.each([
  ['everything within the limits', [...tags('abcd', 'b'), number], null],
  ['a string', [number, { name: 's', type: 'string' } as const], 'string-field'],
  ['one tag too many', [...tags('a', 'b', 'c'), number], 'too-many-tags'],
  ['a tag that the target reserves', [...tags('db'), number], 'own-tag'],
  ['a tag name of the largest size in bytes', [...tags('äbc'), number], null],
  ['a tag name of one byte more', [...tags('äbcd'), number], 'tag-name-too-long'],
])('the storage limits decide about a shape with %s', (_, columns, reason) => {
  expect(shapeConflict({ table: 'm', columns }, limits)?.reason ?? null).toBe(reason);
});

test('a target that stores strings accepts string fields', () => {
  const columns: Column[] = [{ name: 's', type: 'string' }];
  expect(shapeConflict({ table: 'm', columns }, { ...limits, strings: true })).toBeNull();
});

function point(tag: string, field = 'f', table = 'm'): PointValues {
  return { table, time: 0n, tags: new Map([['t', tag]]), fields: new Map([[field, 1]]) };
}

test.each([
  ['everything within the limits', 100, point('123456'), null],
  ['one byte more than a line may have', 101, point('1'), 'too-long'],
  ['a tag value of one byte too many', 20, point('12345ä'), 'tag-value-too-long'],
  ['measurement and field of the largest size together', 20, point('1', 'ab', 'abc'), null],
  ['measurement and field of one byte more', 20, point('1', 'abc', 'abc'), 'name-too-long'],
])('the storage limits decide about a point with %s', (_, bytes, values, reason) => {
  expect(pointConflict(bytes, values, limits)?.reason ?? null).toBe(reason);
});
