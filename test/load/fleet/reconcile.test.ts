// One outcome from the summaries of all shards.

import { expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import type { FleetPlan } from '../../../src/fleet/plan-file.js';
import { reconcile } from '../../../src/load/fleet/reconcile.js';
import { summaryOf } from '../../reporting/samples.js';

const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };

function planOf(change: Partial<FleetPlan> = {}): FleetPlan {
  const pieces = [{ from: place, to: null, bytes: 10, points: 300 }];
  const input = { name: 'a.lp', path: '/a.lp', folders: [], size: 10, hash: null, error: null, pieces };
  return {
    ...{ formatVersion: 1, version: '1', id: 'plan', options: {}, identity: '', fieldTypes: {}, inputs: [input] },
    introduced: { tables: 1, columns: 3 },
    limits: { maxRejected: { count: 10 }, acceptRejects: { count: 1 }, minPoints: 1 },
    times: { spans: [], unseen: 0, totalBytes: null },
    ...change,
  };
}

/** The summary of a shard of three that has read 100 points. */
function shardOf(index: number, change: Partial<Summary> = {}, rejected = 0): Summary {
  const points = { read: 100, loaded: 100 - rejected, rejected, undelivered: 0 };
  const input = { name: 'a.lp', format: 'lp', ...points, bytes: 3, resumedFromByte: 0, error: null };
  return summaryOf({ points, inputs: [input], shard: { plan: 'plan', index, of: 3 }, ...change });
}

const outcomeOf = (summaries: readonly Summary[], plan = planOf()) =>
  reconcile(
    plan,
    summaries.map((summary, i) => ({ file: `${i}.json`, text: JSON.stringify(summary) })),
  );

test('three complete shards are one complete load', () => {
  const found = outcomeOf([1, 2, 3].map((index) => shardOf(index)));
  expect(found).toMatchObject({ outcome: 'complete', exitCode: 0, reason: null });
  expect(found.points).toEqual({ read: 300, loaded: 300, rejected: 0, undelivered: 0 });
  expect(found.target).toEqual({ newTables: 1, newColumns: 3 });
  expect(found.inputs).toEqual([{ name: 'a.lp', read: 300, loaded: 300, rejected: 0, undelivered: 0, error: null }]);
});

test.each([
  [1, 'complete', 0],
  [2, 'complete-with-rejects', 8],
  [11, 'too-many-rejects', 3],
] as const)('%i rejects of all shards end as %s', (rejected, outcome, exitCode) => {
  const found = outcomeOf([
    shardOf(1, { outcome: 'complete-with-rejects', exitCode: 8 }, rejected),
    shardOf(2),
    shardOf(3),
  ]);
  expect([found.outcome, found.exitCode]).toEqual([outcome, exitCode]);
});

test('one reject that --accept-rejects does not allow is not accepted', () => {
  const strict = planOf({ limits: { ...planOf().limits, acceptRejects: { count: 0 } } });
  const shards = [shardOf(1, { outcome: 'complete-with-rejects', exitCode: 8 }, 1), shardOf(2), shardOf(3)];
  expect(outcomeOf(shards, strict).outcome).toBe('complete-with-rejects');
});

test.each([
  { shard: { plan: 'plan', index: 1, of: 4_000_000_000 } },
  { shard: { plan: 'plan', index: 4, of: 3 } },
  { points: { read: 100, loaded: 200, rejected: 0, undelivered: 0 } },
  { exitCode: -1 },
  { outcome: 'input', exitCode: 0 },
] as const)('a summary that no shard wrote is refused: %j', (change) => {
  expect(() => outcomeOf([shardOf(1, change)])).toThrow(/found a file with other content/);
});

test('reasons of any name are added up', () => {
  const rejects = { byReason: { constructor: 2 }, deadLetters: null, reasons: null };
  const shards = [1, 2, 3].map((index) => shardOf(index, { rejects }));
  expect(outcomeOf(shards).rejects.byReason).toEqual({ constructor: 6 });
});

test('the worst shard decides, and is named', () => {
  const bad = shardOf(2, { outcome: 'input', exitCode: 7, reason: 'a.lp ends early' });
  const refused = shardOf(3, { outcome: 'refused', exitCode: 4, reason: 'no privilege' });
  expect(outcomeOf([shardOf(1), bad, refused])).toMatchObject({ exitCode: 4, reason: 'shard 3/3: no privilege' });
  expect(outcomeOf([shardOf(1), bad, shardOf(3)])).toMatchObject({ exitCode: 7, reason: 'shard 2/3: a.lp ends early' });
});

test('the exit code of an interruption stays that of its signal', () => {
  const stopped = [1, 2, 3].map((index) => shardOf(index, { outcome: 'interrupted', exitCode: 143 }));
  expect(outcomeOf(stopped).exitCode).toBe(143);
  expect(outcomeOf([stopped[0]!, shardOf(2, { outcome: 'interrupted', exitCode: 130 }), stopped[2]!]).exitCode).toBe(
    143,
  );
  expect(outcomeOf([stopped[0]!, shardOf(2), shardOf(3)]).exitCode).toBe(130);
});

test('of two runs of a shard the complete one counts, whatever came last', () => {
  const complete = shardOf(2, { endedAt: '2026-01-01T00:00:00.000Z' });
  const stopped = shardOf(2, { outcome: 'interrupted', exitCode: 143, endedAt: '2026-01-02T00:00:00.000Z' });
  const found = outcomeOf([shardOf(1), complete, stopped, shardOf(3)]);
  expect([found.exitCode, found.shards.repeated, found.points.read]).toEqual([0, [2], 300]);
});

test('of two complete runs of a shard the later one counts, in any order of the files', () => {
  const runs = ['2026-01-02', '2026-01-01'].map((day, i) =>
    shardOf(2, { endedAt: `${day}T00:00:00.000Z`, bytes: { read: 0, decoded: 0, sent: i + 1 } }),
  );
  const sent = [runs, runs.toReversed()].map((each) => outcomeOf([shardOf(1), ...each, shardOf(3)]).bytes.sent);
  const [others] = [shardOf(1).bytes.sent + shardOf(3).bytes.sent];
  expect(sent).toEqual([others + 1, others + 1]);
});

test('missing shards are named and end with exit code 5', () => {
  const found = outcomeOf([shardOf(2)]);
  expect(found).toMatchObject({ outcome: 'unavailable', exitCode: 5, shards: { missing: [1, 3] } });
  expect(found.reason).toMatch(/no summary of shards 1\/3, 3\/3\. Run each of these shards, such as --shard 1\/3/);
  const one = outcomeOf([shardOf(1), shardOf(3)]);
  expect(one).toMatchObject({ outcome: 'unavailable', shards: { missing: [2] } });
  expect(one.reason).toMatch(/no summary of shard 2\/3\. Run this shard with --shard 2\/3/);
});

test('other totals than those of the plan, and a bad input of the plan, end with exit code 7', () => {
  const all = [1, 2, 3].map((index) => shardOf(index));
  const more = structuredClone(planOf());
  more.inputs[0]!.pieces[0]!.points = 301;
  expect(outcomeOf(all, more)).toMatchObject({ exitCode: 7, reason: expect.stringContaining('301 points') });
  const bad = structuredClone(planOf());
  bad.inputs[0]!.error = 'nothing parses';
  expect(outcomeOf(all, bad)).toMatchObject({ exitCode: 7, reason: 'nothing parses' });
  const few = planOf({ limits: { ...planOf().limits, minPoints: 301 } });
  expect(outcomeOf(all, few)).toMatchObject({ exitCode: 7, reason: expect.stringContaining('--min-points') });
});

test('summaries of other loads, of other plans and of other numbers of shards are refused', () => {
  expect(() => outcomeOf([summaryOf()])).toThrow('other content');
  expect(() => outcomeOf([shardOf(1, { shard: { plan: 'other', index: 1, of: 3 } })])).toThrow('a shard of plan other');
  expect(() => outcomeOf([shardOf(1), shardOf(2, { shard: { plan: 'plan', index: 2, of: 4 } })])).toThrow(
    'with 3 and 4 shards',
  );
});

test('the dead letters of all shards, and the shards with several summaries, are in the order of the shards', () => {
  const rejects = (n: number) => ({ byReason: {}, deadLetters: [`/${n}.lp`], reasons: `/${n}.ndjson` });
  const none = { byReason: {}, deadLetters: null, reasons: null };
  const later = { endedAt: '2026-01-09T00:00:00.000Z' };
  const found = outcomeOf([
    ...[shardOf(3, { rejects: rejects(3) }), shardOf(3), shardOf(2, { rejects: none })],
    ...[shardOf(1), shardOf(1, { rejects: rejects(1), ...later })],
  ]);
  expect(found).toMatchObject({ formatVersion: 1, shards: { of: 3, missing: [], repeated: [1, 3] } });
  expect(found.rejects).toEqual({
    ...{ byReason: {}, deadLetters: ['/1.lp', '/3.lp'], reasons: ['/1.ndjson', '/3.ndjson'] },
  });
});

test('the undelivered points of a stopped shard are in the totals', () => {
  const points = { read: 100, loaded: 80, rejected: 5, undelivered: 15 };
  const [input] = shardOf(1).inputs;
  const inputs = [{ ...input!, ...points, error: null }];
  const stopped = shardOf(1, { outcome: 'interrupted', exitCode: 130, reason: null, points, inputs });
  const found = outcomeOf([stopped, shardOf(2), shardOf(3)]);
  expect(found.points).toEqual({ read: 300, loaded: 280, rejected: 5, undelivered: 15 });
  expect(found.reason).toBe('shard 1/3: Interrupted.');
});

test('a shard that a defect ended comes before shards that are missing, and an unavailable one is named', () => {
  const broken = shardOf(1, { outcome: 'bug', exitCode: 70, reason: 'x is not a function' });
  expect(outcomeOf([broken])).toMatchObject({ outcome: 'bug', reason: 'shard 1/3: x is not a function' });
  const away = shardOf(1, { outcome: 'unavailable', exitCode: 5, reason: 'no answer' });
  expect(outcomeOf([away, shardOf(2), shardOf(3)]).reason).toBe('shard 1/3: no answer');
});

test('points that planning did not count cannot differ, and as many as --min-points are enough', () => {
  const unknown = structuredClone(planOf({ limits: { ...planOf().limits, minPoints: 300 } }));
  const [input] = unknown.inputs;
  input!.pieces = [null, 100].map((points) => ({ ...input!.pieces[0]!, points }));
  expect(
    outcomeOf(
      [1, 2, 3].map((index) => shardOf(index)),
      unknown,
    ),
  ).toMatchObject({ outcome: 'complete' });
});

test('the inputs are those of the plan, with the first error of their pieces', () => {
  const plan = structuredClone(planOf());
  plan.inputs.push({ ...plan.inputs[0]!, name: 'b.lp', pieces: [] });
  const [input] = shardOf(1).inputs;
  const bad = shardOf(2, { outcome: 'input', exitCode: 7, inputs: [{ ...input!, error: 'it ends early' }] });
  expect(outcomeOf([shardOf(1), bad, shardOf(3)], plan).inputs).toEqual([
    { name: 'a.lp', read: 300, loaded: 300, rejected: 0, undelivered: 0, error: 'it ends early' },
    { name: 'b.lp', read: 0, loaded: 0, rejected: 0, undelivered: 0, error: null },
  ]);
});

test('summaries are needed', () => {
  expect(() => outcomeOf([])).toThrow('found no summary');
});
