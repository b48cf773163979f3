// Rows that the kernel takes: points, rejects and offsets equal those of the encoder alone, whatever the file.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { casesOf } from '../../../support/effort.js';
import { random } from '../../kernel/oracle.js';
import { field, type Options, tag } from '../../rows/options.js';
import { difference, pair, type Random } from '../../rows/oracle.js';

const files = casesOf(200, 2);
const seed = Number(process.env.ORACLE_SEED ?? 20_261_129);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-columns-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs queries that write files with `FILE` as their name, and returns their bytes. */
async function written(queries: readonly string[]): Promise<Buffer[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const path = join(folder, 'a.parquet');
  const bytes: Buffer[] = [];
  try {
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run('SELECT setseed(0.5)');
    for (const query of queries) {
      await connection.run(query.replace('FILE', path));
      bytes.push(await readFile(path));
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return bytes;
}

const words = [`'a'`, `'a,b c=d'`, `'x "y" \\z'`, `'ü'`, `''`, 'NULL', `'-'`, `e'tab\\t'`, `repeat('long', 90)`];
/** Columns of every type, from few values or many. */
const columns: Readonly<Record<string, readonly string[]>> = {
  f: [
    `([0.1, -0.0, 'nan'::DOUBLE, 1e300, 12])[1 + i % 5]`,
    'random() * 100',
    'round(random() * 1000, 3)',
    `((0.1 + random())::VARCHAR || 'e' || (random() * 600 - 320)::INTEGER)::DOUBLE`,
  ],
  g: ['([1.5::FLOAT, 0.1::FLOAT])[1 + i % 2]', '(random() - 0.5)::FLOAT'],
  n: ['([9223372036854775807::BIGINT, -1, NULL])[1 + i % 3]', '(random() * 1e18)::BIGINT', '(i % 100 - 50)::BIGINT'],
  k: ['(random() * 1e9)::INTEGER', '(i % 7)::SMALLINT', '(i % 3)::UTINYINT', '(4294967295 - i)::UINTEGER'],
  u: ['([18446744073709551615::UBIGINT, 0])[1 + i % 2]', '(random() * 1e19)::UBIGINT'],
  d: ['(i / 100)::DECIMAL(12, 2)', '([0.10::DECIMAL(18, 2), 1234567890123456.78])[1 + (i // 7) % 2]'],
  b: ['i % 2 = 0', 'random() < 0.5'],
  w: [`([${words.join()}])[1 + i % ${words.length}]`, `'w' || (random() * 1e6)::INTEGER`, `repeat(i || ' "', i % 50)`],
  t: [`(['m', 'n', ''])[1 + i % 3]`, `'host ' || i % 40`],
  day: [`(['2024-02-29'::DATE, '1969-12-31'::DATE])[1 + i % 2]`, `'2020-01-01'::DATE + i::INTEGER`],
  at: ['make_timestamp(i * 1000003)', 'make_timestamp(i * 1000003)::TIMESTAMP_MS'],
  id: ['uuid()'],
};
const times = [
  'i',
  'make_timestamp_ns(1640995200123456789 + i)',
  'make_timestamp(i * 7)',
  `'2024-01-01'::DATE + i::INT`,
];
const names = Object.keys(columns);

function one<T>(of: readonly T[], next: Random): T {
  return of[next(of.length)]!;
}

interface RandomFile {
  /** Writes the file. */
  readonly command: string;
  readonly options: Partial<Options>;
}

function randomFile(next: Random): RandomFile {
  const selected = names.filter((name) => name === 'n' || next(4) > 0);
  const values = selected.map((name) => {
    const value = one(columns[name]!, next);
    const nulls = one(['', `WHEN i % ${2 + next(9)} = 0 THEN NULL`, 'WHEN i < 2100 THEN NULL'], next);
    return `${nulls === '' ? value : `CASE ${nulls} ELSE ${value} END`} AS ${name}`;
  });
  const how = [
    `COMPRESSION ${one(['uncompressed', 'snappy', 'zstd'], next)}`,
    `ROW_GROUP_SIZE ${one([2048, 4096, 100_000], next)}`,
    `PARQUET_VERSION ${one(['V1', 'V2'], next)}`,
    ...one([[], ['DICTIONARY_SIZE_LIMIT 0'], ['DICTIONARY_SIZE_LIMIT 200']], next),
  ].join();
  const command = `COPY (SELECT ${one(times, next)} AS time, ${values.join()} FROM range(${2000 + next(2500)}) r(i)) TO 'FILE' (FORMAT parquet, ${how})`;
  return { command, options: randomOptions(selected, next) };
}

function randomOptions(selected: readonly string[], next: Random): Partial<Options> {
  const type = (name: string) =>
    field(name, one([null, null, null, 'float', 'string', 'integer', 'unsigned'] as const, next));
  return {
    tags: selected.filter((name) => name !== 'n' && next(5) === 0).map((name) => tag(name)),
    fields: next(2) === 0 ? null : selected.filter((name) => name === 'n' || next(3) === 0).map(type),
    measurement: selected.includes('t') && next(6) === 0 ? '{t}' : 'm',
    maxPointBytes: one([300, 4096, 1 << 20], next),
    indexPoints: one([4096, 7], next),
    precision: one(['ns', 'ns', 'ns', 'us'] as const, next),
    timezone: one(['UTC', 'UTC', 'Europe/Berlin'], next),
  };
}

test(`${files} random Parquet files give the same with the kernel and without`, {
  timeout: 60_000 + 5000 * files,
}, async () => {
  const next = random(seed);
  const all = Array.from({ length: files }, () => randomFile(next));
  let taken = 0;
  for (const [i, bytes] of (await written(all.map(({ command }) => command))).entries()) {
    const { command, options } = all[i]!;
    const formats = pair('parquet', { chunkBytes: 256 * 1024, ...options });
    expect(await difference(formats, bytes, []), `${command} ${JSON.stringify(options)}`).toBe(null);
    taken += formats.taken();
  }
  expect(taken).toBeGreaterThan(500 * files);
});

test.each<[string, string]>([
  [
    'a dictionary larger than the memory for dictionaries',
    `i AS time, repeat(i // 4 || ' ', 250) AS word FROM range(8000) r(i) ORDER BY i % 7, i`,
  ],
  [
    'numbers of a dictionary that are used once',
    'i AS time, i::DOUBLE / 7 AS f, i::INTEGER AS n FROM range(3000) r(i)',
  ],
  [
    'a text larger than a block',
    `i AS time, repeat('x', CASE i WHEN 5 THEN 600000 ELSE 3 END) AS w FROM range(9) r(i)`,
  ],
])('%s: the kernel and the encoder agree', async (_, rows) => {
  const how = 'ROW_GROUP_SIZE 4096, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1000000';
  const [bytes] = await written([`COPY (SELECT ${rows}) TO 'FILE' (FORMAT parquet, ${how})`]);
  const formats = pair('parquet', { chunkBytes: 256 * 1024, maxPointBytes: 1 << 20, indexPoints: 4096 });
  expect(await difference(formats, bytes!, [])).toBe(null);
  expect(formats.taken()).toBeGreaterThan(0);
});
