// The worker thread finds what the main thread finds: points, places, shapes, rejects, ends and errors.

import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, UsageError } from '../../../../src/core/errors.js';
import { summarizeRun } from '../../../../src/core/points/summarize-run.js';
import { type MemoryBudget, START } from '../../../../src/core/types/index.js';
import { Parquet } from '../../../../src/formats/parquet/parquet.js';
import { ParquetThread } from '../../../../src/formats/parquet/worker/parquet-thread.js';
import { RowFormatMemory } from '../../../../src/formats/rows/rows.js';
import { writeParquet } from '../../../support/data/parquet.js';
import { field, type Options, plain, tag } from '../../rows/support.js';
import { fileOf, type Reading, readRuns } from '../support.js';

const fixtures = fileURLToPath(new URL('../../../../fixtures/parquet/', import.meta.url));
const hosts: Partial<Options> = { tags: [tag('host')] };
const started: Parquet[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-thread-'));
});

afterAll(async () => {
  for (const each of started) await each.close();
  await rm(folder, { recursive: true, force: true });
});

function formats(options: Partial<Options> = {}, budget?: MemoryBudget): [threaded: Parquet, alone: Parquet] {
  const rows = new RowFormatMemory({ ...plain, ...options });
  const threaded = new Parquet(rows, budget, new ParquetThread(rows));
  started.push(threaded);
  return [threaded, new Parquet(new RowFormatMemory({ ...plain, ...options }), budget)];
}

/** Reads a file through its descriptor, or from memory. Returns what was found before an error, and the error. */
async function all(format: Parquet, path: string, { isLocal = true, ...more }: Reading & { isLocal?: boolean } = {}) {
  const bytes = await readFile(path);
  const handle = await open(path);
  const source = fileOf(bytes, isLocal ? handle.fd : undefined);
  try {
    return await readRuns(format, source, more.start);
  } finally {
    await handle.close();
  }
}

/** Writes rows in groups of 2048; every 997th row is rejected. */
async function writeRows(name: string, columns = '', rows = 5000): Promise<string> {
  const path = join(folder, `${name}.parquet`);
  const values = `i AS time, 'h' || i % 7 AS host, CASE WHEN i % 997 = 0 THEN 'nan'::DOUBLE ELSE i / 8 END AS a ${columns}`;
  await writeParquet(path, `SELECT ${values} FROM range(${rows}) t(i)`, 'ROW_GROUP_SIZE 2048');
  return path;
}

test('the thread finds the same points, places, shapes and rejects in each fixture, in turns with other inputs', async () => {
  const [threaded, alone] = formats(hosts);
  const names = ['v1-snappy', 'v2-zstd', 'delta-gzip', 'int96-lz4', 'plain'];
  for (const [i, name] of names.entries()) {
    const path = join(fixtures, `${name}.parquet`);
    // Without a descriptor the main thread reads, and numbers the shapes of the same load.
    const found = await all(threaded, path, { isLocal: i % 2 === 1 });
    expect(found).toEqual(await all(alone, path));
    expect(found.points).toHaveLength(60);
  }
});

test.each<[string, Partial<Options>]>([
  ['the WebAssembly parser', {}],
  ['the encoder', { nullWords: ['none'] }],
])('a row without room for its point moves to the next area: written by %s', async (_, options) => {
  // Points are longer than the JSON of their rows, so the memory for points is full first.
  const [threaded, alone] = formats({ ...hosts, measurement: 'm'.repeat(300), ...options });
  const path = await writeRows('moved');
  // The thread may end a run at another row.
  const { ends, ...found } = await all(threaded, path);
  const { ends: expectedEnds, ...expected } = await all(alone, path);
  expect(found).toEqual(expected);
  expect(ends.at(-1)).toEqual(expectedEnds.at(-1));
});

test('the thread finds the same in runs of many rows, after a resume and after an input that was left', async () => {
  const [threaded, alone] = formats(hosts);
  const first = await writeRows('first');
  const second = await writeRows('second', ", repeat('x', (i % 40)::INTEGER) AS note, i % 3 = 0 AS flag");
  expect(await all(threaded, first)).toEqual(await all(alone, first));
  const handle = await open(second);
  for await (const run of threaded.points(fileOf(await readFile(second), handle.fd), new AbortController().signal)) {
    expect(run.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    break;
  }
  await handle.close();
  const found = await all(threaded, second);
  expect(found).toEqual(await all(alone, second));
  expect([found.points.length, found.rejects.length]).toEqual([4994, 6]);
  const resumed = found.ends[0]!;
  const start = { byteOffset: resumed.end, line: resumed.line, ordinal: 0, digits: 0 };
  expect(await all(threaded, second, { start })).toEqual(await all(alone, second, { start }));
});

test('rows longer than --max-point-bytes arrive in the same parts', async () => {
  const [threaded, alone] = formats({ ...hosts, maxPointBytes: 512 });
  const path = await writeRows('long', ", repeat('y', CASE WHEN i % 2999 = 7 THEN 3000 ELSE 2 END) AS note");
  // The thread may end a run at another row.
  const { ends, ...found } = await all(threaded, path);
  const { ends: expectedEnds, ...expected } = await all(alone, path);
  expect(found).toEqual(expected);
  expect(ends.at(-1)).toEqual(expectedEnds.at(-1));
  expect(found.rejects.filter(({ part }) => part === 'middle').length).toBeGreaterThan(3);
});

test('points whose memory is held remain unchanged, and the thread always has memory for further points', async () => {
  const [threaded] = formats(hosts);
  const path = await writeRows('held', '', 20_000);
  const handle = await open(path);
  const held: { readonly text: string; readonly now: () => string; readonly release: () => void }[] = [];
  let copied = 0;
  for await (const run of threaded.points(fileOf(await readFile(path), handle.fd), new AbortController().signal)) {
    const now = (): string => Buffer.from(run.bytes.subarray(run.index[START], run.index[START]! + 1000)).toString();
    if (run.hold === undefined) copied += 1;
    else held.push({ text: now(), now, release: run.hold() });
  }
  await handle.close();
  expect(held.length).toBeGreaterThan(0);
  expect(copied).toBeGreaterThan(0);
  for (const { text, now, release } of held) {
    expect(now()).toBe(text);
    release();
  }
  // All memory is free again.
  expect((await all(threaded, path)).points.length).toBeGreaterThan(19_000);
});

test('a damaged file, too little memory and a wrong option end the input with the same errors', async () => {
  const path = await writeRows('damaged');
  const bytes = await readFile(path);
  bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 4000);
  await writeFile(path, bytes);
  const [threaded, alone] = formats(hosts);
  const found = await all(threaded, path);
  expect(found).toEqual(await all(alone, path));
  expect(found.error).toBeInstanceOf(InputError);
  const budget = { bytes: 13 * 1_048_576, limitFor: () => '1GiB' };
  const many = join(fixtures, 'many-pages.parquet');
  const [small, smallAlone] = formats({}, budget);
  const refused = await all(small, many);
  expect(refused).toEqual(await all(smallAlone, many));
  expect(String(refused.error)).toContain('--memory-limit 1GiB');
  const [wrong] = formats({ fields: [field('absent', 'float')] });
  expect((await all(wrong, many)).error).toBeInstanceOf(UsageError);
});

test('the thread summarizes each run of points as the main thread would', async () => {
  const [threaded] = formats(hosts);
  const path = await writeRows('summarized', ', CASE WHEN i > 4500 THEN i END AS late');
  const handle = await open(path);
  const shapes: (number | null)[] = [];
  for await (const run of threaded.points(fileOf(await readFile(path), handle.fd), new AbortController().signal)) {
    expect(run.summary).toEqual(summarizeRun(run.bytes, run.index, run.count));
    shapes.push(run.summary!.shape);
  }
  await handle.close();
  // The last points have a further column.
  expect([shapes[0], shapes.includes(null)]).toEqual([0, true]);
});

test('an abort ends a read on the thread with its reason', async () => {
  const stop = new AbortController();
  const [threaded] = formats(hosts);
  const path = await writeRows('stopped');
  const handle = await open(path);
  const runs = threaded.points(fileOf(await readFile(path), handle.fd), stop.signal);
  expect((await runs.next()).value?.count).toBeGreaterThan(0);
  stop.abort(new Error('stopped here'));
  await expect(runs.next()).rejects.toThrow('stopped here');
  await handle.close();
  expect(await all(threaded, join(fixtures, 'plain.parquet'))).toHaveProperty('error', null);
});
