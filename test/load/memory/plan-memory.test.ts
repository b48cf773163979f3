import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { MemoryLimitError } from '../../../src/core/errors.js';
import type { Input } from '../../../src/core/types/index.js';
import type { MemoryPlan } from '../../../src/flow-control/own-memory/memory-plan.js';
import { formatMemoryBytes } from '../../../src/formats/format-set.js';
import type { ReadMode } from '../../../src/formats/line-protocol/lines-layout.js';
import {
  answerBytes,
  assertColumnsFit,
  isWorthThread,
  memoryBudget,
  planMemory,
} from '../../../src/load/memory/plan-memory.js';
import { options as optionTable } from '../../../src/load/option-table.js';

const MiB = 1_048_576;

test('large inputs and pipes are parsed on a worker thread', () => {
  expect(isWorthThread([{ size: 100 * MiB }], 8)).toBe(true);
  expect(isWorthThread([{ size: null }], 8)).toBe(true);
  expect(isWorthThread([{ size: 0 }, { size: null }], 8)).toBe(true);
  expect(isWorthThread([{ size: 15 * MiB }], 8)).toBe(false);
  expect(isWorthThread([{ size: 16 * MiB - 1 }], 8)).toBe(false);
  expect(isWorthThread([{ size: 16 * MiB }], 8)).toBe(true);
  expect(
    isWorthThread(
      Array.from({ length: 16 }, () => ({ size: MiB })),
      8,
    ),
  ).toBe(true);
  const many = Array.from({ length: 1000 }, () => ({ size: MiB / 2 }));
  expect(isWorthThread(many, 8)).toBe(false);
});

test('one processor has nothing to share', () => {
  expect(isWorthThread([{ size: 100 * MiB }], 1)).toBe(false);
  expect(isWorthThread([{ size: 100 * MiB }], 2)).toBe(true);
});

const settingsOf = async (flags: Record<string, unknown>) =>
  (await resolve(optionTable, { flags: { db: 'db', ...flags }, env: {} })).settings;

const inputOf = (path: string | null): Input => ({
  ...{ name: path ?? '-', path, size: 1 },
  open: () => Promise.reject(new Error('not opened here')),
});

test('a remote input takes memory for its cache, once for all of them', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  const planned = (...paths: (string | null)[]) => planMemory(settings, ['lp'], paths.map(inputOf), false).remoteBytes;
  expect(planned('/data/a.lp', null)).toBe(0);
  expect(planned('/data/a.lp', 'https://host/a.lp')).toBe(Math.ceil(1.3 * MiB));
  expect(planned('s3://bucket/a.lp', 'https://host/a.lp')).toBe(Math.ceil(1.3 * MiB));
});

test('the names of inputs count in the plan', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  const bytes = (inputs: Input[]): number => planMemory(settings, ['lp'], inputs, false).inputBytes;
  const one = bytes([inputOf('/data/a.lp')]);
  expect(bytes([inputOf('/data/a.lp'), inputOf('/data/b.lp')])).toBe(2 * one);
  expect(bytes([inputOf('/data/longer.lp')]) - one).toBe(2 * 'longe'.length);
  expect(one - bytes([inputOf(null)])).toBe(2 * '/data/a.lp'.length - '-'.length);
});

test('a plan without a worker thread keeps its memory for the batches', async () => {
  const settings = await settingsOf({ memoryLimit: '400MiB' });
  expect(planMemory(settings, ['lp'], [inputOf('/a.lp')], false).workerThread).toBe(false);
  expect(planMemory(settings, ['lp'], [inputOf('/a.lp')], true).workerThread).toBe(true);
});

test('a window that needs more memory names the limit that suffices', async () => {
  const settings = await settingsOf({ memoryLimit: '200MiB' });
  const memory = planMemory(settings, ['lp'], [inputOf('/a.lp')], false);
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
  const planned = (limit: string, workerThread: boolean) =>
    settingsOf({ memoryLimit: limit }).then((each) => planMemory(each, ['lp'], [inputOf('/a.lp')], workerThread));
  const narrow = bytesOf({ wideChunks: false, workerThread: false });
  const wide = bytesOf({ wideChunks: true, workerThread: false });
  const thread = bytesOf({ wideChunks: true, workerThread: true });
  expect(new Set([narrow, wide, thread]).size).toBe(3);
  expect((await planned('140MiB', false)).formatBytes).toBe(narrow);
  expect((await planned('1GiB', false)).formatBytes).toBe(wide);
  expect((await planned('1GiB', true)).formatBytes).toBe(thread);
});

test('a response may take a thirty-second of the memory limit, and 64 MiB at most', async () => {
  expect(answerBytes(await settingsOf({ memoryLimit: '320MiB' }))).toBe(10 * MiB);
  expect(answerBytes(await settingsOf({ memoryLimit: '1000GiB' }))).toBe(64 * MiB);
  expect(answerBytes(await settingsOf({ memoryLimit: `${320 * MiB + 31}` }))).toBe(10 * MiB);
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
