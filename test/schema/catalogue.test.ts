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

test('a shape is known when the target has every column with that type', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.look(shape('m', { f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.look(shape('m', { t: 'tag', f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.look(shape('m', { f: 'float', g: 'float' }))).toEqual({ kind: 'introduces' });
  expect(catalogue.look(shape('n', { f: 'float' }))).toEqual({ kind: 'introduces' });
});

test('another type is a conflict, also beside a new column, and says both types', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.look(shape('m', { g: 'float', f: 'integer' }))).toEqual({
    kind: 'conflict',
    reason: 'type-conflict',
    message: 'column "f" of "m" is a float (DOUBLE), this point has an integer (BIGINT) there',
  });
  expect(catalogue.look(shape('m', { t: 'string' }))).toMatchObject({ kind: 'conflict' });
  expect(catalogue.look(shape('m', { place: 'string' }))).toMatchObject({
    message: 'column "place" of "m" is of a type that line protocol cannot write, this point has a string there',
  });
});

test('looking teaches nothing; what was acknowledged is known, and counted as brought', () => {
  const catalogue = new Catalogue(m);
  const brought = shape('n', { t: 'tag', f: 'boolean' });
  catalogue.look(brought);
  expect(catalogue.look(brought)).toEqual({ kind: 'introduces' });
  catalogue.pin([brought, shape('m', { f: 'float', g: 'unsigned' }), brought]);
  expect(catalogue.look(brought)).toEqual({ kind: 'known' });
  expect(catalogue.look(shape('n', { f: 'string' }))).toMatchObject({ kind: 'conflict' });
  expect(catalogue.introduced).toEqual({ tables: 1, columns: 3 });
});

test('what the target shows when asked is known; a table it does not show stays unknown', () => {
  const catalogue = new Catalogue([]);
  catalogue.refresh('m', m);
  catalogue.refresh('n', []);
  expect(catalogue.look(shape('m', { t: 'tag', f: 'float' }))).toEqual({ kind: 'known' });
  expect(catalogue.look(shape('n', { f: 'float' }))).toEqual({ kind: 'introduces' });
  expect(catalogue.introduced).toEqual({ tables: 1, columns: 3 });
});

test('shapes of one batch must agree among themselves, table by table', () => {
  const introduction = new Catalogue([]).introduction();
  expect(introduction.add(shape('m', { f: 'float' }))).toBe(true);
  expect(introduction.add(shape('n', { f: 'integer' }))).toBe(true);
  expect(introduction.add(shape('m', { g: 'float', f: 'integer' }))).toBe(false);
  expect(introduction.add(shape('m', { g: 'integer' }))).toBe(true);
  expect(introduction.shapes.map(({ table, columns }) => [table, columns.length])).toEqual([
    ['m', 1],
    ['n', 1],
    ['m', 1],
  ]);
});

test('a shape that adds no column takes no room', () => {
  const introduction = new Catalogue([]).introduction();
  introduction.add(shape('m', { f: 'float', g: 'float' }));
  for (const each of [shape('m', { f: 'float' }), shape('m', { g: 'float', f: 'float' })]) {
    expect(introduction.add(each)).toBe(true);
  }
  expect(introduction.shapes).toHaveLength(1);
});

test('each column of each table is counted once, wherever it was learnt', () => {
  const catalogue = new Catalogue(m);
  expect(catalogue.size).toBe(3);
  catalogue.pin([shape('m', { f: 'float', g: 'float' }), shape('n', { f: 'float' })]);
  catalogue.refresh('n', [{ table: 'n', name: 'f', type: 'float' }]);
  expect(catalogue.size).toBe(5);
});

test('what the load brought is told by table, as much as fits on a page', () => {
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
