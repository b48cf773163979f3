import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { MemoryLimitError } from '../../../src/core/errors.js';
import type { Input } from '../../../src/core/types/index.js';
import type { MemoryPlan } from '../../../src/flow-control/own-memory/memory-plan.js';
import { formatMemoryBytes, readMode } from '../../../src/formats/format-set.js';
import type { ReadMode } from '../../../src/formats/line-protocol/lines-layout.js';
import {
  answerBytes,
  assertColumnsFit,
  compressionThreads,
  memoryBudget,
  parserThreads,
  planMemory,
} from '../../../src/load/memory/plan-memory.js';
import { options as optionTable } from '../../../src/load/option-table.js';

const MiB = 1_048_576;

test('large inputs and pipes are parsed on worker threads', () => {
  const threads = (...sizes: (number | null)[]): number =>
    parserThreads(
      sizes.map((size) => ({ size })),
      3,
    );
  expect(threads(100 * MiB)).toBe(3);
  expect(threads(null)).toBe(3);
  expect(threads(0, null)).toBe(3);
  expect(threads(15 * MiB)).toBe(0);
  expect(threads(16 * MiB - 1)).toBe(0);
  expect(threads(16 * MiB)).toBe(3);
  expect(threads(...new Array<number>(16).fill(MiB))).toBe(3);
  expect(threads(...new Array<number>(1000).fill(MiB / 2))).toBe(0);
});

test('there are as many parser threads as processors, up to four, and none on a single one', () => {
  const planned = [1, 2, 3, 4, 64].map((processors) => parserThreads([{ size: 100 * MiB }], processors));
  expect(planned).toEqual([0, 2, 3, 4, 4]);
});

const settingsOf = async (flags: Record<string, unknown>) =>
  (await resolve(optionTable, { flags: { db: 'db', ...flags }, env: {} })).settings;

const inputOf = (path: string | null): Input => ({
  ...{ name: path ?? '-', path, size: 1 },
  open: () => Promise.reject(new Error('not opened here')),
});

test('a remote input takes memory for its cache, once for all of them', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  const planned = (...paths: (string | null)[]) => planMemory(settings, ['lp'], paths.map(inputOf), 0).remoteBytes;
  expect(planned('/data/a.lp', null)).toBe(0);
  expect(planned('/data/a.lp', 'https://host/a.lp')).toBe(Math.ceil(1.3 * MiB));
  expect(planned('s3://bucket/a.lp', 'https://host/a.lp')).toBe(Math.ceil(1.3 * MiB));
});

test('the names of inputs count in the plan', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  const bytes = (inputs: Input[]): number => planMemory(settings, ['lp'], inputs, 0).inputBytes;
  const one = bytes([inputOf('/data/a.lp')]);
  expect(bytes([inputOf('/data/a.lp'), inputOf('/data/b.lp')])).toBe(2 * one);
  expect(bytes([inputOf('/data/longer.lp')]) - one).toBe(2 * 'longe'.length);
  expect(one - bytes([inputOf(null)])).toBe(2 * '/data/a.lp'.length - '-'.length);
});

test('a plan without a worker thread keeps its memory for the batches', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  const threads = (names: ('csv' | 'lp' | 'parquet')[], wanted: number): number =>
    planMemory(settings, names, [inputOf('/a')], wanted).threads;
  expect([threads(['lp'], 0), threads(['csv'], 0)]).toEqual([0, 0]);
  expect([threads(['lp'], 2), threads(['csv'], 2), threads(['csv', 'lp'], 2)]).toEqual([1, 2, 2]);
  expect(threads(['parquet'], 2)).toBe(1);
  // Only planned threads start, also where the content of a pipe is of another format.
  expect(readMode(['lp'], true, 1)).toMatchObject({ workerThread: true, rowThreads: 0 });
  expect(readMode(['csv'], true, 2)).toMatchObject({ workerThread: false, rowThreads: 2 });
});

test('each further parser takes at most 40 MiB, and as many are planned as fit', async () => {
  const planned = async (limit: string, wanted: number) =>
    planMemory(await settingsOf({ memoryLimit: limit }), ['csv'], [inputOf('/a.csv')], wanted);
  const [none, one, two] = [await planned('512MiB', 0), await planned('512MiB', 1), await planned('512MiB', 2)];
  expect(two.formatBytes - one.formatBytes).toBe(one.formatBytes - none.formatBytes);
  expect(two.formatBytes - one.formatBytes).toBeLessThanOrEqual(40 * MiB);
  const least = [256, 288, 320, 352, 384, 416, 448].map((limit) => `${limit}MiB`);
  const threads = await Promise.all(least.map(async (limit) => (await planned(limit, 4)).threads));
  expect([...threads].sort((a, b) => a - b)).toEqual(threads);
  expect([threads[0], threads.at(-1)]).toEqual([1, 4]);
  // Threads give way to the window that a zstd input may need.
  const zstd = planMemory(await settingsOf({ memoryLimit: '256MiB' }), ['csv'], [inputOf('/a.csv.zst')], 4);
  expect([zstd.threads, zstd.windowBytes > 64 * MiB]).toEqual([0, true]);
});

test('a window that needs more memory names the limit that suffices', async () => {
  const settings = await settingsOf({ memoryLimit: '200MiB' });
  const memory = planMemory(settings, ['lp'], [inputOf('/a.lp')], 0);
  const budget = memoryBudget(settings, ['lp'], memory);
  expect(budget.bytes).toBe(memory.windowBytes);
  expect(budget.limitFor(memory.windowBytes + 64 * MiB)).toMatch(/^\d+MiB$/);
  const enough = Number.parseInt(budget.limitFor(memory.windowBytes + 64 * MiB)!, 10);
  expect(enough).toBeGreaterThan(200);
  expect(budget.limitFor(5000 * MiB)).toBeNull();
});

test('the formats take the memory of their way to read', async () => {
  const settings = await settingsOf({});
  const bytesOf = (mode: ReadMode): number => formatMemoryBytes(settings, ['lp'], mode);
  const planned = (limit: string, threads: number) =>
    settingsOf({ memoryLimit: limit }).then((each) => planMemory(each, ['lp'], [inputOf('/a.lp')], threads));
  const narrow = bytesOf({ wideChunks: false, workerThread: false });
  const wide = bytesOf({ wideChunks: true, workerThread: false });
  const thread = bytesOf({ wideChunks: true, workerThread: true });
  expect(new Set([narrow, wide, thread]).size).toBe(3);
  expect((await planned('140MiB', 0)).formatBytes).toBe(narrow);
  expect((await planned('1GiB', 0)).formatBytes).toBe(wide);
  expect((await planned('1GiB', 1)).formatBytes).toBe(thread);
});

test('a response may take a thirty-second of the memory limit, and 64 MiB at most', async () => {
  expect(answerBytes(320 * MiB)).toBe(10 * MiB);
  expect(answerBytes(1000 * 1024 * MiB)).toBe(64 * MiB);
  expect(answerBytes(320 * MiB + 31)).toBe(10 * MiB);
});

test('columns that exceed their half of the window are an error that names the missing memory', () => {
  const memory = { windowBytes: 200_000, limitBytes: 512 * MiB } as MemoryPlan;
  expect(() => assertColumnsFit(1000, memory)).not.toThrow();
  expect(() => assertColumnsFit(1001, memory)).toThrow(MemoryLimitError);
  expect(() => assertColumnsFit(1001, memory)).toThrow(
    /expected at most 1,000 columns .*, found 1,001\. .* at least 1MiB/,
  );
  expect(() => assertColumnsFit(101_000, memory)).toThrow(/at least 20MiB/);
  // 1 column too many; 20 MiB would be that of all.
  expect(() => assertColumnsFit(100_001, { ...memory, windowBytes: 20_000_000 })).toThrow(/at least 1MiB/);
  expect(() => assertColumnsFit(1001, { ...memory, windowBytes: 200_199 })).toThrow(MemoryLimitError);
});

test('threads compress request bodies from a memory limit of 384 MiB on', () => {
  expect(compressionThreads(384 * MiB - 1)).toBe(0);
  expect([1, 2, 64].map((processors) => compressionThreads(384 * MiB, processors))).toEqual([1, 2, 2]);
});

test('a small memory limit allows a thread that parses rows, but no thread for line protocol', async () => {
  const settings = await settingsOf({ memoryLimit: '160MiB' });
  const threads = (format: 'csv' | 'lp'): number => planMemory(settings, [format], [inputOf('/a')], 1).threads;
  expect([threads('csv'), threads('lp')]).toEqual([1, 0]);
});
