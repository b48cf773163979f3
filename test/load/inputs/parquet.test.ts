// Parquet through the whole program: resume after a kill, refusals before the load, dead letters.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeParquet } from '../../support/data/parquet.js';
import { type Scene, scene } from '../../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const mapping = ['--measurement', 'cpu', '--tags', 'host'];

const parquetRows =
  "SELECT make_timestamp_ns(1640995200000000000 + i) AS time, 'h' || i % 9 AS host, {'v': CASE WHEN i % 100 = 7 THEN 1.5 ELSE i END::DOUBLE} AS a";

test('a killed Parquet load resumes at its row, and its dead letters load as NDJSON', async () => {
  const path = join(it.folder, 'a.data');
  await writeParquet(path, `${parquetRows} FROM range(6000) t(i)`, 'COMPRESSION zstd, ROW_GROUP_SIZE 2048');
  const args = ['--measurement', 'cpu', '--tags', 'host', '--fields', 'a.v:integer:v', '--batch-points', '100'];
  await it.endAt(1000, it.begin([...args, path]), 'SIGTERM');
  await it.endAt(3000, it.start([...args, path]), 'SIGKILL');
  const { code, summary } = await it.load([...args, path]);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5940, rejected: 60, undelivered: 0 });
  expect(summary?.inputs[0]).toMatchObject({ format: 'parquet' });
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(5940);
  const [kept] = summary!.rejects.deadLetters!;
  expect(kept).toMatch(/\.ndjson\.rows$/);
  const mended = (await readFile(kept!, 'utf8')).replaceAll('1.5', '1');
  const again = await it.load([...args, await it.file('mended.rows', mended)]);
  expect(again.summary?.points).toEqual({ read: 60, loaded: 60, rejected: 0, undelivered: 0 });
  const reasons = (await readFile(summary!.rejects.reasons!, 'utf8')).trimEnd().split('\n');
  const places = reasons.map((line) => (JSON.parse(line) as { line: number }).line).sort((a, b) => a - b);
  expect(places).toEqual(Array.from({ length: 60 }, (_, i) => 100 * i + 8));
});

test('Parquet from a pipe or inside gzip is refused with the way out, and other inputs are loaded', async () => {
  const path = join(it.folder, 'a.parquet');
  await writeParquet(path, `${parquetRows} FROM range(100) t(i)`);
  const bytes = await readFile(path);
  const piped = await it.load([...mapping, '-'], { input: bytes });
  expect(piped.code).toBe(7);
  expect(piped.stderr).toContain('rite the stream to a file');
  const packed = await it.file('b.parquet.gz', gzipSync(bytes));
  const { code, stderr, summary } = await it.load([...mapping, packed, path]);
  expect(code).toBe(7);
  expect(stderr).toContain('gunzip');
  expect(summary?.points.loaded).toBe(100);
});

test('load and check refuse a Parquet row group beyond --memory-limit before its first row', async () => {
  const path = join(it.folder, 'a.parquet');
  const wide = Array.from({ length: 20 }, (_, i) => `i * ${i}.5 AS v${i}`).join();
  await writeParquet(
    path,
    `SELECT i::BIGINT AS time, ${wide} FROM range(100000) t(i)`,
    'COMPRESSION zstd, ROW_GROUP_SIZE 100000',
  );
  const args = [...mapping.slice(0, 2), '--expect-time', 'off', '--memory-limit', '120MiB', path];
  for (const command of [[], ['check']]) {
    const { code, stderr, stdout } = await it.load([...command, ...args]);
    expect(code).toBe(7);
    expect(stderr + stdout).toMatch(
      /row group 1 of 1 with 100,000 rows, which takes about \d+ MiB[\s\S]*--memory-limit \d+MiB/,
    );
  }
  expect(it.cluster.points()).toBe(0);
});

const mixed = ['a', 'b'].map((name) =>
  fileURLToPath(new URL(`../../../fixtures/cases/mixed-schema/${name}.parquet`, import.meta.url)),
);

test('a field that one of several Parquet files lacks has no value there, and a declared float takes its integers', async () => {
  const { code, summary } = await it.load(['--measurement', 'm', '--fields', 'v:float,w:integer', ...mixed]);
  expect(code).toBe(0);
  expect(summary?.points).toEqual({ read: 8, loaded: 8, rejected: 0, undelivered: 0 });
  expect(it.cluster.points()).toBe(8);
});

test('an undeclared field with another type in a later Parquet file is reported once, and other files are loaded', async () => {
  const { code, stderr, summary } = await it.load(['--measurement', 'm', ...mixed]);
  expect(code).toBe(7);
  expect(stderr).toContain('expected column v as integer, as in');
  expect(stderr).toContain('--fields v:float');
  expect(summary?.points).toEqual({ read: 4, loaded: 4, rejected: 0, undelivered: 0 });
});

test('a name in --fields that no input has is a usage error for one input, and an input error for several', async () => {
  const args = ['--measurement', 'm', '--fields', 'v:float,typo:float'];
  expect((await it.load([...args, mixed[0]!])).code).toBe(2);
  const { code, stderr, summary } = await it.load([...args, ...mixed]);
  expect(code).toBe(7);
  expect(stderr).toContain('expected every column of --fields in at least one input, found no input with "typo"');
  expect(summary?.points).toEqual({ read: 8, loaded: 7, rejected: 1, undelivered: 0 });
});
