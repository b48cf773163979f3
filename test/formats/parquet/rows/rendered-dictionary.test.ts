// Cached dictionary entries: points, rejects and offsets equal those of the same rows without dictionaries.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeParquet } from '../../../support/parquet.js';
import { field, type Options, tag } from '../../rows/support.js';
import { readFileWith } from '../support.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-ready-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const words = [`'a'`, `'a,b c=d'`, `'x "y" \\z'`, `'ü'`, `''`, 'NULL', `'-'`, `e'tab\\t'`, `repeat('long', 90)`];
/** One column for each kind of cell, with values that are rejected among them. */
const query = `SELECT i AS time, ['m', 'n', ''][1 + i % 3] AS t, [${words.join()}][1 + i % ${words.length}] AS word,
  [0.1, -0.0, 'nan'::DOUBLE, 1e300, 12][1 + i % 5] AS f, [1.5::FLOAT, 0.1::FLOAT][1 + i % 2] AS g,
  [9223372036854775807::BIGINT, -1, NULL][1 + i % 3] AS n, [18446744073709551615::UBIGINT, 0][1 + i % 2] AS u,
  [0.10::DECIMAL(18, 2), 1234567890123456.78][1 + (i // 7) % 2] AS d, i % 2 = 0 AS b,
  ['2024-02-29'::DATE, '1969-12-31'::DATE][1 + i % 2] AS day FROM range(3000) r(i)`;

/** Writes and reads the rows. @param entries maximum size of a dictionary */
async function read(rows: string, entries: number, options: Partial<Options>) {
  const path = join(folder, `${entries}.parquet`);
  const how = `ROW_GROUP_SIZE 61440, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT ${entries}`;
  await writeParquet(path, rows, how);
  return { size: (await stat(path)).size, read: await readFileWith(path, { options }) };
}

async function expectSame(rows: string, count: number, options: Partial<Options>) {
  const [once, each] = [await read(rows, 1e6, options), await read(rows, 0, options)];
  // A larger file would have no dictionaries.
  expect(once.size).toBeLessThan(0.6 * each.size);
  expect(once.read.ends.at(-1)!.line).toBe(count + 1);
  expect(once.read).toEqual(each.read);
}

test.each<[string, Partial<Options>]>([
  ['fields', {}],
  ['tags', { tags: [tag('word'), tag('t')], fields: [field('f')] }],
  [
    'tags of every type',
    { tags: ['f', 'g', 'n', 'u', 'd', 'b', 'day'].map((name) => tag(name)), fields: [field('word')] },
  ],
  ['a table by name', { measurement: '{t}', fields: [field('n')] }],
  ['words for no value', { nullWords: ['12', '-', '0.10', 'NaN'] }],
  ['strings', { fields: ['f', 'n', 'u', 'd', 'b'].map((name) => field(name, 'string')) }],
  ['floats', { fields: ['n', 'u', 'd'].map((name) => field(name, 'float')) }],
  ['types that do not fit', { fields: [field('word', 'integer'), field('b')] }],
  ['points that are too long', { maxPointBytes: 300 }],
])('rows with dictionaries equal rows without them: %s', async (_, options) => {
  await expectSame(query, 3000, options);
});

test('a dictionary larger than the cache yields the same rows', async () => {
  const rows = `SELECT i AS time, repeat(i // 4 || ' ', 40) AS word FROM range(56000) r(i) ORDER BY i % 7, i`;
  await expectSame(rows, 56000, { fields: [field('word')] });
});
