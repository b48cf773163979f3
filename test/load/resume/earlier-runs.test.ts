import { expect, test } from 'vitest';
import type { Input } from '../../../src/core/types/index.js';
import type { EarlierTotals, Ledger } from '../../../src/load/ledger/ledger.js';
import { EarlierRuns } from '../../../src/load/resume/earlier-runs.js';
import type { Checkpoint, CheckpointInput } from '../../../src/state/checkpoint.js';
import type { LoadStore } from '../../../src/state/load-store.js';

const at = (byteOffset: number, ordinal: number) => ({ byteOffset, line: 1, ordinal, digits: 0 });
const never = () => Promise.reject(new Error('not opened here'));
const inputs: Input[] = ['/a', '/b', '/c'].map((path) => ({ name: path, path, size: 1000, open: never }));

function entry(path: string, to: number, ordinal: number, more: Partial<CheckpointInput> = {}): CheckpointInput {
  const hash = { to: 0, hash: '' };
  return {
    ...{ path, fingerprint: { size: 1000, head: hash, tail: { from: 0, ...hash, to: to / 10 } } },
    ...{ place: at(to, ordinal), beyond: [], loaded: ordinal, rejected: 1, values: 2 * ordinal, reasons: { x: 1 } },
    ...more,
  };
}

const checkpoint = (...entries: CheckpointInput[]): Checkpoint => ({
  ...{ startedMs: 0, deadLetters: null, finishedBytes: 0, completing: null, inputs: entries },
});

/** Earlier runs whose log of finished inputs has these entries. */
function earlier(log: readonly CheckpointInput[] = [], all = inputs) {
  const booked: [number, EarlierTotals, number][] = [];
  const ledger = {
    resume: (i: number, totals: EarlierTotals, sign = 1) => booked.push([i, totals, sign]),
  } as unknown as Ledger;
  const store = {
    async *finished() {
      for (const [at, input] of log.entries()) yield { input, at };
    },
    finishedAt: async (at: number) => log[at]!,
  } as unknown as LoadStore;
  return { runs: new EarlierRuns(store, all, ledger), booked };
}

test('a load without earlier runs begins at its first point', async () => {
  const { runs, booked } = earlier();
  await runs.resume(checkpoint());
  expect([runs.reached, booked]).toEqual([0, []]);
});

test('totals of finished and of unfinished inputs are taken over', async () => {
  const { runs, booked } = earlier([entry('/a', 1000, 50)]);
  await runs.resume(checkpoint(entry('/b', 400, 20, { beyond: [{ from: 500, to: at(600, 70) }] })));
  expect(booked).toEqual([
    [0, { loaded: 50, rejected: 1, values: 100, reasons: { x: 1 }, bytes: 1000 }, 1],
    [1, { loaded: 20, rejected: 1, values: 40, reasons: { x: 1 }, bytes: 400 }, 1],
  ]);
  expect([0, 1, 2].map((i) => runs.isFinished(i))).toEqual([true, false, false]);
  expect([0, 1, 2].map((i) => runs.resumedFrom(i))).toEqual([1000, 400, 0]);
  // Points beyond a gap count for the ordinals of later inputs.
  expect(runs.reached).toBe(70);
  expect(await runs.find(0)).toMatchObject({ finished: true, input: { path: '/a' } });
  expect(await runs.find(1)).toMatchObject({ finished: false, input: { path: '/b' } });
  expect(await runs.find(2)).toBeNull();
});

test('of several entries of an input the last counts: it has grown since it was finished', async () => {
  const { runs, booked } = earlier([entry('/a', 500, 10), entry('/a', 1000, 30)]);
  await runs.resume(checkpoint());
  expect(booked.map(([i, { loaded }, sign]) => [i, loaded, sign])).toEqual([
    [0, 10, 1],
    [0, 10, -1],
    [0, 30, 1],
  ]);
  expect((await runs.find(0))?.input.place.byteOffset).toBe(1000);
  const again = earlier([entry('/a', 500, 10)]);
  await again.runs.resume(checkpoint(entry('/a', 700, 15)));
  expect(again.booked.map(([, { loaded }, sign]) => [loaded, sign])).toEqual([
    [10, 1],
    [10, -1],
    [15, 1],
  ]);
  expect(again.runs.isFinished(0)).toBe(false);
});

test('entries of inputs that this run has not begun, or does not load, stay in the checkpoint', async () => {
  const { runs, booked } = earlier([entry('/gone', 10, 1)]);
  await runs.resume(checkpoint(entry('/x', 10, 1), entry('/b', 20, 2), entry('/y', 30, 3)));
  expect([...runs.unfinished].map(({ path }) => path)).toEqual(['/x', '/b', '/y']);
  expect(booked.map(([i]) => i)).toEqual([1]);
  runs.begun(1);
  expect([...runs.unfinished].map(({ path }) => path)).toEqual(['/x', '/y']);
  expect(runs.reached).toBe(2);
});

test('the bytes that earlier runs have settled are those of the file, until this run begins the input', async () => {
  const { runs } = earlier([entry('/a', 4000, 5)]);
  await runs.resume(checkpoint(entry('/b', 400, 20)));
  // A finished input counts whole, an unfinished one up to the last block that was identified.
  expect([0, 1, 2].map((i) => runs.settledBefore(i))).toEqual([1000, 40, 0]);
  runs.begun(1);
  expect(runs.settledBefore(1)).toBe(0);
  const unknown = earlier([entry('/a', 0, 0)], [{ ...inputs[0]!, size: null }]);
  await unknown.runs.resume(checkpoint());
  expect([unknown.runs.isFinished(0), unknown.runs.settledBefore(0)]).toEqual([true, 0]);
});

test('bytes of a piece count from its start', async () => {
  const piece = { ...inputs[1]!, piece: { from: at(300, 0), to: null } };
  const { runs, booked } = earlier([], [inputs[0]!, piece]);
  await runs.resume(checkpoint(entry('/b', 4000, 20)));
  expect([booked[0]![1].bytes, runs.settledBefore(1)]).toEqual([3700, 100]);
});

test('an unchanged input keeps its totals, and a changed one is dropped from them', async () => {
  const { runs, booked } = earlier([entry('/a', 1000, 50)]);
  await runs.resume(checkpoint(entry('/b', 400, 20)));
  runs.unchanged(0, entry('/a', 900, 80));
  expect([runs.resumedFrom(0), runs.reached]).toEqual([900, 80]);
  runs.unchanged(0, entry('/a', 900, 10));
  expect(runs.reached).toBe(80);
  runs.drop(1, entry('/b', 400, 20));
  expect(booked.at(-1)).toMatchObject([1, { loaded: 20, bytes: 400 }, -1]);
  expect([runs.resumedFrom(1), [...runs.unfinished]]).toEqual([0, []]);
});

test('a load resumes only where the points of its finished and unfinished inputs are', async () => {
  const target = { cluster: { endpoints: ['h:1'], id: null }, isCreated: false, tables: new Set(['m']) };
  const check = async (log: CheckpointInput[], ...open: CheckpointInput[]): Promise<void> =>
    await earlier(log).runs.assertResumable(checkpoint(...open), target, false);
  await check([entry('/a', 1, 1, { tables: ['m'] })], entry('/b', 1, 1, { tables: ['m'] }));
  await expect(check([entry('/a', 1, 1, { tables: ['n'] })])).rejects.toThrow('the table "n"');
  await expect(check([], entry('/b', 1, 1, { tables: ['o'] }))).rejects.toThrow('the table "o"');
});
