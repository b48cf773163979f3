import { expect, test } from 'vitest';
import type { ColumnType, Shape } from '../../src/core/types/index.js';
import { Catalogue } from '../../src/schema/catalogue.js';

function shape(table: string, columns: Record<string, ColumnType>): Shape {
  return { table, columns: Object.entries(columns).map(([name, type]) => ({ name, type })) };
}

const m = [
  { table: 'm', name: 't', type: 'tag' },
  { table: 'm', name: 'f', type: 'float' },
  { table: 'm', name: 'place', type: null },
] as const;

test('a shape is known if the target has every column with that type', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.match(shape('m', { f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.match(shape('m', { t: 'tag', f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.match(shape('m', { f: 'float', g: 'float' }))).toEqual({ kind: 'introduces' });
  expect(catalogue.match(shape('n', { f: 'float' }))).toEqual({ kind: 'introduces' });
});

test('another type is a conflict that names both types, also beside a new column', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.match(shape('m', { g: 'float', f: 'integer' }))).toEqual({
    kind: 'conflict',
    reason: 'type-conflict',
    message: 'column "f" of "m" is a float (DOUBLE), but the point has an integer (BIGINT)',
  });
  expect(catalogue.match(shape('m', { t: 'string' }))).toMatchObject({ kind: 'conflict' });
  expect(catalogue.match(shape('m', { place: 'string' }))).toMatchObject({
    message: 'column "place" of "m" is of a type that line protocol cannot write, but the point has a string',
  });
});

test('a comparison adds no columns; an acknowledged shape adds them and counts them as introduced', () => {
  const catalogue = new Catalogue(m);
  const brought = shape('n', { t: 'tag', f: 'boolean' });
  catalogue.match(brought);
  expect(catalogue.match(brought)).toEqual({ kind: 'introduces' });
  catalogue.pin([brought, shape('m', { f: 'float', g: 'unsigned' }), brought]);
  expect(catalogue.match(brought)).toEqual({ kind: 'known' });
  expect(catalogue.match(shape('n', { f: 'string' }))).toMatchObject({ kind: 'conflict' });
  expect(catalogue.introduced).toEqual({ tables: 1, columns: 3 });
});

test('columns that the target lists are known, and those that this load introduced are counted', () => {
  const catalogue = new Catalogue([]);
  catalogue.refresh('m', m, [shape('m', { t: 'tag' }), shape('n', { f: 'float' })]);
  catalogue.refresh('n', []);
  expect(catalogue.match(shape('m', { t: 'tag', f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.match(shape('n', { f: 'float' }))).toEqual({ kind: 'introduces' });
  expect(catalogue.introduced).toEqual({ tables: 1, columns: 1 });
});

test('one batch introduces one shape of each table, in any order of its columns', () => {
  const introduction = new Catalogue([]).introduction();
  expect(introduction.add(shape('m', { f: 'float', g: 'float' }))).toBe(true);
  expect(introduction.add(shape('n', { f: 'integer' }))).toBe(true);
  expect(introduction.add(shape('m', { g: 'float', f: 'float' }))).toBe(true);
  for (const other of [{ f: 'float' }, { f: 'float', h: 'float' }, { f: 'float', g: 'integer' }] as const)
    expect(introduction.add(shape('m', other))).toBe(false);
  expect(introduction.shapes.map(({ table, columns }) => [table, columns.length])).toEqual([
    ['m', 2],
    ['n', 1],
  ]);
});

test('without the rule, shapes of one batch must agree, table by table', () => {
  const introduction = new Catalogue([]).introduction(false);
  expect(introduction.add(shape('m', { f: 'float' }))).toBe(true);
  expect(introduction.add(shape('n', { f: 'integer' }))).toBe(true);
  expect(introduction.add(shape('m', { g: 'float', f: 'integer' }))).toBe(false);
  expect(introduction.add(shape('m', { g: 'integer' }))).toBe(true);
  // A shape without new columns takes no memory.
  expect(introduction.add(shape('m', { g: 'integer', f: 'float' }))).toBe(true);
  expect(introduction.shapes.map(({ table, columns }) => [table, columns.length])).toEqual([
    ['m', 1],
    ['n', 1],
    ['m', 1],
  ]);
});

test('each column of each table is counted once, whatever its source', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.size).toBe(3);
  catalogue.pin([shape('m', { f: 'float', g: 'float' }), shape('n', { f: 'float' })]);
  catalogue.refresh('n', [{ table: 'n', name: 'f', type: 'float' }]);
  expect(catalogue.size).toBe(5);
});

test('introduced columns are listed by table, up to a limit', () => {
  const catalogue = new Catalogue(m);
  catalogue.pin([shape('m', { f: 'float', g: 'float' })]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, 'float' as const]));
  for (let i = 0; i < 150; i += 1) catalogue.pin([shape(`n${i}`, many)]);
  catalogue.pin([shape('m', { f: 'float', g: 'float' })]);
  expect(catalogue.introduced).toEqual({ tables: 150, columns: 3001 });
  const { shown, more } = catalogue.introductions;
  expect([shown.length, more]).toEqual([100, 51]);
  expect(shown[0]).toEqual({ table: 'm', isNew: false, columns: { shown: ['g'], more: 0 } });
  expect(shown[1]).toMatchObject({ table: 'n0', isNew: true, columns: { more: 8 } });
});
