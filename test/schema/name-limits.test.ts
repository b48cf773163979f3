import { expect, test } from 'vitest';
import type { Column, PointValues, StorageLimits } from '../../src/core/types/index.js';
import { beyond, oversize } from '../../src/schema/name-limits.js';

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

test('a target without limits of that kind keeps every shape', () => {
  expect(beyond({ table: 'm', columns: [{ name: 's', type: 'string' }] }, undefined)).toBeNull();
});

test.each([
  ['what fits', [...tags('abcd', 'b'), number], null],
  ['a string', [number, { name: 's', type: 'string' } as const], 'string-field'],
  ['a tag more than it keeps', [...tags('a', 'b', 'c'), number], 'too-many-tags'],
  ['a tag that the target keeps for itself', [...tags('db'), number], 'own-tag'],
  ['a name of a tag longer than it keeps, in bytes', [...tags('äbc'), number], null],
  ['one byte more', [...tags('äbcd'), number], 'tag-name-too-long'],
])('a shape with %s', (_, columns, reason) => {
  expect(beyond({ table: 'm', columns }, limits)?.reason ?? null).toBe(reason);
});

test('strings are no matter where they are kept', () => {
  const columns: Column[] = [{ name: 's', type: 'string' }];
  expect(beyond({ table: 'm', columns }, { ...limits, strings: true })).toBeNull();
});

function point(tag: string, field = 'f', table = 'm'): PointValues {
  return { table, time: 0n, tags: new Map([['t', tag]]), fields: new Map([[field, 1]]) };
}

test.each([
  ['what fits', 100, point('123456'), null],
  ['more bytes than a line may have', 101, point('1'), 'too-long'],
  ['a value of a tag that is cut, in bytes', 20, point('12345ä'), 'tag-value-too-long'],
  ['measurement and field that fit with what stands between them', 20, point('1', 'ab', 'abc'), null],
  ['one byte more', 20, point('1', 'abc', 'abc'), 'name-too-long'],
])('a point with %s', (_, bytes, values, reason) => {
  expect(oversize(bytes, values, limits)?.reason ?? null).toBe(reason);
});
