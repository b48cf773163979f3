// Shards of a plan through the whole program, against the embedded server: what a killed, a repeated and a missing one change.

import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import type { FleetPlan } from '../../../src/fleet/plan-file.js';
import type { Reconciliation } from '../../../src/load/fleet/reconcile.js';
import { type RunningServer, serve } from '../../../src/serve/serve.js';
import { sql } from '../../serve/raw-http.js';
import { writeParquet } from '../../support/data/parquet.js';
import { run } from '../../support/programs/here.js';
import { start } from '../../support/programs/process.js';
import { lines } from '../../support/scene.js';
import { until } from '../../support/until.js';

let server: RunningServer;
let folder: string;
let plan: string;

beforeEach(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  plan = join(folder, 'plan.json');
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const at = (): string[] => ['--url', server.url];
const summaryOf = (index: number): string => join(folder, `shard-${index}.json`);

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function planned(words: readonly string[]): Promise<FleetPlan> {
  const { code, stderr } = await run(['plan', ...at(), '--db', 'd', '--create-db', '--plan', plan, ...words]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('Planned: ')]);
  return JSON.parse(await readFile(plan, 'utf8')) as FleetPlan;
}

/** The words of one shard. Each has a state directory of its own, as on a machine of its own. */
function shardWords(index: number, of: number): string[] {
  const state = ['--state-dir', join(folder, `state-${index}`), '--summary', summaryOf(index)];
  return [...at(), '--plan', plan, '--shard', `${index}/${of}`, ...state];
}

async function shard(index: number, of: number, words: readonly string[] = []): Promise<Summary> {
  const { code } = await run([...shardWords(index, of), ...words]);
  const summary = JSON.parse(await readFile(summaryOf(index), 'utf8')) as Summary;
  expect(code).toBe(summary.exitCode);
  return summary;
}

async function reconciled(indexes: readonly number[]): Promise<Reconciliation> {
  const words = ['reconcile', '--plan', plan, '--summary', '-', ...indexes.map(summaryOf)];
  const { code, stdout } = await run(words);
  const found = JSON.parse(stdout) as Reconciliation;
  expect(found.exitCode).toBe(code);
  return found;
}

async function rows(table: string): Promise<unknown> {
  const { body } = await sql(server.url, 'd', `SELECT count(*) AS n FROM ${table}`);
  return (JSON.parse(body) as { n: number }[])[0]!.n;
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

test('8 shards, one killed and one run twice, come to one complete load; a missing one is named', async () => {
  const path = await file('a.lp', lines(6000));
  const { inputs } = await planned(['--piece-bytes', '10KiB', path]);
  expect(inputs[0]!.pieces.length).toBeGreaterThan(8);
  for (const index of upTo(8).filter((each) => each !== 7)) await shard(index, 8);
  const before = Number(await rows('m'));
  const killed = start([...shardWords(7, 8), '--rate-points', '150', '--batch-points', '50']);
  await until(async () => Number(await rows('m')) > before);
  killed.kill('SIGKILL');
  await killed.ended;
  await shard(3, 8);
  const without = await reconciled(upTo(8).filter((each) => each !== 7));
  expect([without.outcome, without.exitCode, without.shards]).toEqual([
    ...['unavailable', 5],
    { of: 8, missing: [7], repeated: [] },
  ]);
  expect(without.reason).toContain('shard 7/8');
  await shard(7, 8);
  const all = await reconciled([...upTo(8), 3]);
  expect([all.outcome, all.exitCode, all.shards.repeated]).toEqual(['complete', 0, [3]]);
  expect(all.points).toEqual({ read: 6000, loaded: 6000, rejected: 0, undelivered: 0 });
  expect(all.target).toEqual({ newTables: 1, newColumns: 2 });
  expect(await rows('m')).toBe(6000);
});

test('every row of a Parquet file is loaded once, whatever its row groups', async () => {
  const path = join(folder, 'a.parquet');
  const query =
    "SELECT make_timestamp_ns(1640995200000000000 + i) AS time, 'h' || i % 9 AS host, i::BIGINT AS v FROM range(7000) t(i)";
  await writeParquet(path, query, 'COMPRESSION zstd, ROW_GROUP_SIZE 2048');
  const { inputs } = await planned(['--piece-bytes', '1', '--measurement', 'cpu', '--tags', 'host', path]);
  expect(inputs[0]!.pieces.map(({ points }) => points)).toEqual([2048, 2048, 2048, 856]);
  for (const index of upTo(4)) await shard(index, 4);
  const { points, exitCode } = await reconciled(upTo(4));
  expect([exitCode, points.loaded, await rows('cpu')]).toEqual([0, 7000, 7000]);
});

test('tables are there before the first shard, and points with a later column are dead letters', async () => {
  const path = await file('a.lp', lines(100));
  await planned([path]);
  expect(await rows('m')).toBe(0);
  const more = await file('b.lp', `${lines(100)}m,t=a g=1 1640995200000000000\n`);
  const whole = await readFile(plan, 'utf8');
  // The head of the file, to which the plan is limited, does not show the column.
  const text = `${lines(40_000)}m,t=a g=1 1640995200000000000\n`;
  await writeFile(more, text);
  await planned(['--split', 'off', more]);
  expect(whole).not.toBe(await readFile(plan, 'utf8'));
  const { points, rejects } = await shard(1, 1);
  expect([points.rejected, rejects.byReason]).toEqual([1, { 'new-column': 1 }]);
  expect((await reconciled([1])).outcome).toBe('complete-with-rejects');
});

test('columns of a table that exists are introduced by real points', async () => {
  await run([...at(), '--db', 'd', '--create-db', '--no-checkpoint', await file('a.lp', lines(10))]);
  const later = lines(30, 'm', (i) => `f=${i}${i === 20 ? ',g=2' : ''}`);
  await planned([await file('b.lp', later)]);
  expect(await rows('m WHERE g = 2')).toBe(1);
  expect((await shard(1, 1)).points).toMatchObject({ loaded: 30, rejected: 0 });
});

test.each([
  ['changed', (path: string) => writeFile(path, lines(100).replace('f=3', 'f=4'))],
  ['became a device', (path: string) => rm(path).then(() => symlink('/dev/null', path))],
])('an input that %s since it was planned ends the shard with exit code 7', async (_, change) => {
  const path = await file('a.lp', lines(100));
  await planned([path]);
  await change(path);
  const summary = await shard(1, 1);
  expect([summary.exitCode, summary.points.read]).toEqual([7, 0]);
  expect(summary.inputs[0]!.error).toContain('the content of the input when the load was planned');
});

test('an object without a size is compared with the plan by its version', async () => {
  let version = 1;
  const objects = createServer((_, response) => {
    response.setHeader('etag', `"${version}"`);
    response.write(lines(50));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(objects, 'listening');
  try {
    await planned([`http://127.0.0.1:${(objects.address() as AddressInfo).port}/a.lp`]);
    expect((await shard(1, 1)).points.loaded).toBe(50);
    version = 2;
    const { exitCode, inputs } = await shard(1, 1, ['--fresh']);
    expect([exitCode, inputs[0]!.error]).toEqual([
      7,
      expect.stringContaining('the version of the input when the load was planned'),
    ]);
  } finally {
    objects.closeAllConnections();
    objects.close();
  }
});

test('a shard gets its part of each limit', async () => {
  await planned(['--workers', '3', await file('a.lp', lines(100))]);
  expect([(await shard(1, 2)).pressure.workers, (await shard(2, 2)).pressure.workers]).toEqual([2, 1]);
  const { code, stderr } = await run(shardWords(1, 4));
  expect([code, stderr]).toEqual([2, expect.stringContaining('at least 1 for each of 4 shards')]);
});

test('a plan refuses what counts across inputs, and a shard what the plan decides', async () => {
  const path = await file('a.lp', lines(10));
  const refused = await run(['plan', ...at(), '--db', 'd', '--plan', plan, '--limit', '5', path]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--limit')]);
  await planned([path]);
  for (const words of [['--precision', 'ms'], [path], ['--piece-bytes', '1MiB']]) {
    const { code } = await run([...shardWords(1, 2), ...words]);
    expect(code).toBe(2);
  }
  expect((await run([...at(), '--plan', plan])).code).toBe(2);
  expect((await run([...at(), '--db', 'd', '--shard', '1/2', path])).code).toBe(2);
});

test('compressed inputs, CSV and folders with columns are planned and loaded as by one machine', async () => {
  await mkdir(join(folder, 'data/site=north'), { recursive: true });
  const header = 'time,host,v\n';
  const cells = (from: number, n: number): string =>
    Array.from({ length: n }, (_, i) => `${1_640_995_200_000_000_000n + BigInt(from + i)},h${i % 3},${i}\n`).join('');
  await file('data/site=north/a.csv', header + cells(0, 3000));
  await writeFile(join(folder, 'data/site=north/b.csv.gz'), gzipSync(header + cells(3000, 500)));
  const mapping = ['--measurement', 'cpu', '--tags', 'host', '--piece-bytes', '10KiB'];
  const { inputs } = await planned([...mapping, join(folder, 'data')]);
  expect(inputs.map(({ pieces }) => pieces.length > 1)).toEqual([true, false]);
  for (const index of upTo(3)) await shard(index, 3);
  const { points, exitCode } = await reconciled(upTo(3));
  expect([exitCode, points.loaded, await rows("cpu WHERE site = 'north'")]).toEqual([0, 3500, 3500]);
});

test('--split lines cuts after line ends, and a piece that ends within a string ends with exit code 7', async () => {
  const plain = await file('a.lp', lines(3000));
  const { inputs } = await planned(['--split', 'lines', '--piece-bytes', '20KiB', plain]);
  expect(inputs[0]!.pieces.length).toBeGreaterThan(3);
  for (const index of upTo(2)) await shard(index, 2);
  expect((await reconciled(upTo(2))).points).toMatchObject({ read: 3000, loaded: 3000 });
  const point = (i: number): string => `s v="a${'\nb'.repeat(50)}" ${1_640_995_200_000_000_000n + BigInt(i)}\n`;
  await planned([
    '--split',
    'lines',
    '--piece-bytes',
    '1000',
    await file('b.lp', Array.from({ length: 50 }, (_, i) => point(i)).join('')),
  ]);
  const { exitCode, reason } = await shard(1, 1);
  expect([exitCode, reason]).toEqual([7, expect.stringContaining('a point that continues after this place')]);
});

test('commands that load nothing in shards refuse a plan', async () => {
  const path = await file('a.lp', lines(10));
  await planned([path]);
  for (const command of ['check', 'audit']) {
    const { code, stderr } = await run([command, ...at(), '--db', 'd', '--plan', plan, path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--plan')]);
  }
});
