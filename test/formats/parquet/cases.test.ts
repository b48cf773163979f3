// Files that other readers accept: footers with wrong sizes, empty row groups, encrypted columns, maps, wide schemas.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeParquet } from '../../support/data/parquet.js';
import { field, tag } from '../rows/support.js';
import { type Reading, readBytes, readFileWith } from './support.js';

async function readCase(name: string, reading?: Reading) {
  const path = new URL(`../../../fixtures/cases/${name}.parquet`, import.meta.url);
  const { points, rejects } = await readBytes(await readFile(path), reading);
  return { points: points.map(({ text }) => text), rejects: rejects.map(({ reason, line }) => [line, reason]) };
}

/** Reads the result of a query from a file written by DuckDB. */
async function readQuery(query: string, reading: Reading) {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-'));
  try {
    await writeParquet(join(folder, 'a.parquet'), query);
    const { points } = await readFileWith(join(folder, 'a.parquet'), reading);
    return points.map(({ text }) => text);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a Parquet file whose footer states the compressed size as the uncompressed one is read in full', async () => {
  const { points, rejects } = await readCase('parquetjs-snappy', { options: { tags: [tag('host')] } });
  expect(points.length).toBe(2000);
  expect(points[1999]).toBe('m,host=h1 v=2998.5,n=1999i,b=f 1704164646999000000');
  expect(rejects).toEqual([]);
});

test('an empty row group has no rows, and the other row groups are read', async () => {
  const { points } = await readCase('zero-row-group-middle');
  expect(points).toEqual([
    'm v=1 1704164645123456789',
    'm v=2 1704164645123456790',
    'm v=3 1704164645123456791',
    'm v=1 1704164645123456789',
  ]);
});

test('a decimal of any size is a tag, and only an undeclared field rejects it', async () => {
  const { points } = await readCase('decimal-tag', { options: { tags: [tag('dec')], fields: [field('i')] } });
  expect(points).toEqual([
    'm,dec=1.10 i=0i 1704164645123456789',
    'm,dec=12345678901234567890.12 i=1i 1704164645123456790',
    'm,dec=3.00 i=2i 1704164645123456791',
  ]);
  const { rejects } = await readCase('decimal-tag', { options: { fields: [field('dec')] } });
  expect(rejects).toEqual([[2, 'inexact-decimal']]);
});

test('a decimal of seconds is a time, exact to the nanosecond', async () => {
  const query = "SELECT '1704164645.123456789'::DECIMAL(20, 9) AS time, 1::INTEGER AS v";
  expect(await readQuery(query, { options: { timeFormat: 's' } })).toEqual(['m v=1i 1704164645123456789']);
});

test('values of a Parquet map are picked by key, elements of lists by index', async () => {
  const fields = ['m.a', 'm.b', 'l.1', 'll.0.0', 'ls.0.y', 'v'].map((name) => field(name));
  expect((await readCase('lists-and-map', { options: { fields } })).points).toEqual([
    'm l.1=2i,ll.0.0=1.5,ls.0.y="p",m.a=1i,m.b=2i,v=1 1704164645123456789',
    'm ls.0.y="r",m.b=5i,v=2 1704164645123456790',
    'm v=3 1704164645123456791',
  ]);
  const byIndex = { options: { fields: [field('m.1.value'), field('m.0.key')] } };
  expect((await readCase('lists-and-map', byIndex)).points).toEqual([
    'm m.1.value=2i,m.0.key="a" 1704164645123456789',
    'm m.0.key="b" 1704164645123456790',
  ]);
});

test('integer map keys and members of struct values are picked by key', async () => {
  const query =
    "SELECT 1::BIGINT AS time, MAP {7: {'x': 1.5, 'y': 'n'}, 8: {'x': 2.5, 'y': 'o'}} AS m, 1::INTEGER AS v";
  const fields = [field('m.8.x', 'float', 'x'), field('m.7.y', null, 'y')];
  expect(await readQuery(query, { options: { fields } })).toEqual(['m x=2.5,y="n" 1']);
});

test('an encrypted column that is not mapped does not matter, and a mapped one is reported', async () => {
  const { points } = await readCase('encrypted-column-plain-footer', { options: { fields: [field('w')] } });
  expect(points.length).toBe(3);
  await expect(readCase('encrypted-column-plain-footer')).rejects.toThrow(
    /found row group 1 with column v encrypted\. Name the other columns with --fields/,
  );
});

test('a Parquet file with more columns than a point can hold is read when few are mapped', async () => {
  const columns = Array.from({ length: 16_500 }, (_, i) => `${i} AS c${i}`).join();
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a.parquet');
  await writeParquet(path, `SELECT 1::BIGINT AS time, ${columns}`);
  const { points } = await readFileWith(path, { options: { fields: [field('c16499')] } });
  expect(points.map(({ text }) => text)).toEqual(['m c16499=16499i 1']);
  await expect(readFileWith(path, {})).rejects.toThrow(
    /expected at most 16,384 columns in a point, found 16,501\. Name the columns to load with --fields/,
  );
});
