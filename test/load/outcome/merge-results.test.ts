import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import type { RunDetails, Summary, VerifyReport } from '../../../src/core/types/index.js';
import { continues, mergeResults } from '../../../src/load/outcome/merge-results.js';
import type { LoadResult } from '../../../src/load/types.js';
import { input, limitedBy, summaryOf } from '../../reporting/samples.js';

function result(change: Partial<Summary> = {}, more: Partial<LoadResult> = {}): LoadResult {
  return { summary: summaryOf(change), examples: new Map(), error: null, details: null, ...more };
}

function merged(...changes: Partial<Summary>[]): Summary {
  return mergeResults(changes.map((change, i) => ({ db: `db${i}`, result: result(change) }))).summary;
}

test('the next database is loaded unless the load before was stopped', () => {
  const outcomes = ['complete', 'complete-with-rejects', 'input', 'verify-failed'] as const;
  expect(outcomes.map((outcome) => continues(result({ outcome })))).toEqual([true, true, true, true]);
  const stopped = ['memory', 'refused', 'interrupted', 'usage'] as const;
  expect(stopped.map((outcome) => continues(result({ outcome })))).toEqual([false, false, false, false]);
});

test('the outcome of several databases is the worst one, with its database in the reason', () => {
  const bad = { outcome: 'input', exitCode: 7, reason: 'bad a.lp' } as const;
  const odd = { outcome: 'complete-with-rejects', exitCode: 8 } as const;
  expect(merged(odd, bad, {})).toMatchObject({ ...bad, reason: 'database db1: bad a.lp' });
  expect(merged({}, odd)).toMatchObject({ ...odd, reason: null });
  expect(merged(bad, { ...bad, reason: 'bad b.lp' }).reason).toBe('database db0: bad a.lp');
});

test('a load that stopped the command decides its outcome', () => {
  const refused = { outcome: 'refused', exitCode: 4, reason: 'no' } as const;
  expect(merged({ outcome: 'verify-failed', exitCode: 9 }, refused)).toMatchObject({
    ...refused,
    reason: 'database db1: no',
  });
});

test('the error, the first example of each reason, and the details of all databases are kept', () => {
  const error = new InputError('bad');
  const details = (name: string): RunDetails => ({
    rejects: { shown: [{ reason: name } as never], more: 1 },
    tables: { shown: [], more: 2 },
    sampled: name === 'b',
    introduced: { shown: [], more: 3 },
    abandoned: { shown: [], more: 4 },
  });
  const parts = [
    result({ outcome: 'input' }, { error, examples: new Map([['x', 'first']]), details: details('a') }),
    result(
      {},
      {
        examples: new Map([
          ['x', 'second'],
          ['y', 'only'],
        ]),
        details: details('b'),
      },
    ),
    result(),
  ];
  const all = mergeResults(parts.map((each, i) => ({ db: `${i}`, result: each })));
  expect(all.error).toBe(error);
  expect(Object.fromEntries(all.examples)).toEqual({ x: 'first', y: 'only' });
  expect(all.details).toMatchObject({
    ...{ rejects: { shown: [{ reason: 'a' }, { reason: 'b' }], more: 2 }, sampled: true },
    ...{ tables: { more: 4 }, introduced: { more: 6 }, abandoned: { more: 8 } },
  });
  expect(mergeResults([{ db: 'a', result: result() }]).details).toBeNull();
  expect(mergeResults([{ db: 'a', result: result({}, { details: details('a') }) }]).details?.sampled).toBe(false);
});

test('counts and times of several databases are added, and rates are computed from the sums', () => {
  const base = summaryOf();
  const one: Partial<Summary> = {
    ...{ startedAt: '2022-01-01T00:00:00.000Z', endedAt: '2022-01-01T00:00:10.000Z', seconds: 10 },
    phases: { startSeconds: 1, sendSeconds: 8, verifySeconds: 1 },
    points: { read: 100, loaded: 90, rejected: 10, undelivered: 0 },
    thisRun: { ...base.thisRun, loaded: 80 },
    values: { loaded: 7 },
    bytes: { ...base.bytes, decoded: 4000 },
    rejects: { byReason: { 'no-fields': 3, 'bad-number': 1 }, deadLetters: ['a.lp'], reasons: null },
  };
  const other: Partial<Summary> = {
    ...{ startedAt: '2022-01-01T00:00:11.000Z', endedAt: '2022-01-01T00:00:20.000Z', seconds: 9 },
    phases: { startSeconds: 2, sendSeconds: 12, verifySeconds: 0 },
    points: { read: 50, loaded: 40, rejected: 5, undelivered: 5 },
    thisRun: { ...base.thisRun, loaded: 40 },
    values: { loaded: 5 },
    bytes: { ...base.bytes, decoded: 2000 },
    rejects: { byReason: { 'no-fields': 4, text: 2 }, deadLetters: ['b.lp'], reasons: 'r.ndjson' },
  };
  expect(merged(one, other)).toMatchObject({
    ...{ startedAt: one.startedAt, endedAt: other.endedAt, seconds: 19 },
    phases: { startSeconds: 3, sendSeconds: 20, verifySeconds: 1 },
    points: { read: 150, loaded: 130, rejected: 15, undelivered: 5 },
    values: { loaded: 12 },
    rate: { pointsPerSecond: 6, decodedBytesPerSecond: 300 },
    rejects: {
      byReason: { 'no-fields': 7, 'bad-number': 1, text: 2 },
      ...{ deadLetters: ['a.lp', 'b.lp'], reasons: 'r.ndjson' },
    },
  });
  const idle = { phases: { startSeconds: 1, sendSeconds: 0, verifySeconds: 0 } };
  expect(merged(idle, idle).rate).toEqual({ pointsPerSecond: 0, decodedBytesPerSecond: 0 });
  const clean = { rejects: { byReason: {}, deadLetters: null, reasons: null } };
  expect(merged(clean, clean).rejects).toEqual(clean.rejects);
});

test('of measurements the worst counts: latency, memory, writers, body size, forecast', () => {
  const base = summaryOf();
  const one: Partial<Summary> = {
    latencyMs: { p50: 1, p95: 20, p99: 3, max: 40 },
    memory: { ...base.memory, peakRssBytes: 200, highSeconds: 1, criticalSeconds: 2, forcedGcs: 3 },
    pressure: {
      ...base.pressure,
      ...{ limitMin: 2, bodyBytesMin: 100, throttledSeconds: 1, heldBackBy: limitedBy({ target: 2 }) },
    },
    target: { ...base.target, estimatedPeakBytesPerNode: 500, flushes: 1, newTables: 2, newColumns: 3, rinses: 4 },
    endpoints: [{ url: 'a', loaded: 1, failures: 2, openSeconds: 3 }],
  };
  const other: Partial<Summary> = {
    latencyMs: { p50: 10, p95: 2, p99: 30, max: 4 },
    memory: { ...base.memory, peakRssBytes: 100, highSeconds: 10, criticalSeconds: 20, forcedGcs: 30 },
    pressure: {
      ...base.pressure,
      ...{ limitMin: 5, bodyBytesMin: 50, throttledSeconds: 10, heldBackBy: limitedBy({ target: 3, input: 4 }) },
    },
    target: { ...base.target, estimatedPeakBytesPerNode: null, flushes: 10, newTables: 20, newColumns: 30, rinses: 40 },
    endpoints: [
      { url: 'a', loaded: 10, failures: 20, openSeconds: 30 },
      { url: 'b', loaded: 5, failures: 6, openSeconds: 7 },
    ],
  };
  expect(merged(one, other)).toMatchObject({
    latencyMs: { p50: 10, p95: 20, p99: 30, max: 40 },
    memory: { peakRssBytes: 200, highSeconds: 11, criticalSeconds: 22, forcedGcs: 33 },
    pressure: { limitMin: 2, bodyBytesMin: 50, throttledSeconds: 11, heldBackBy: limitedBy({ target: 5, input: 4 }) },
    target: { estimatedPeakBytesPerNode: 500, flushes: 11, newTables: 22, newColumns: 33, rinses: 44 },
    endpoints: [
      { url: 'a', loaded: 11, failures: 22, openSeconds: 33 },
      { url: 'b', loaded: 5, failures: 6, openSeconds: 7 },
    ],
  });
  const unknown = { target: { ...base.target, estimatedPeakBytesPerNode: null } };
  expect(merged(unknown, unknown).target.estimatedPeakBytesPerNode).toBeNull();
});

test('each input has the counts of all databases and its first error', () => {
  const counts = { read: 10, loaded: 7, rejected: 2, undelivered: 1, bytes: 500 };
  const { inputs } = merged(
    { inputs: [input('a', counts), input('b', counts)] },
    { inputs: [input('a', { ...counts, error: 'first' }), input('b', counts)] },
    { inputs: [input('a', { ...counts, error: 'second' }), input('b', counts)] },
  );
  expect(
    inputs.map(({ name, read, loaded, rejected, undelivered, bytes, error }) => [
      ...[name, read, loaded, rejected, undelivered, bytes, error],
    ]),
  ).toEqual([
    ['a', 30, 21, 6, 3, 1500, 'first'],
    ['b', 30, 21, 6, 3, 1500, null],
  ]);
});

test('batches of several databases are added, and so are the reasons for their end', () => {
  const batches = { loaded: 10, alone: 1, cut: { points: 1, bytes: 2, inputEnd: 3, idle: 4, split: 5 } };
  expect(merged({ batches }, { batches }).batches).toEqual({
    ...{ loaded: 20, alone: 2, cut: { points: 2, bytes: 4, inputEnd: 6, idle: 8, split: 10 } },
  });
});

test('verifications are added, and their tables are named with the database', () => {
  const report = (table: string, differs: boolean): VerifyReport => ({
    ...{ sampled: 10, found: 9, equal: 8 },
    differences: differs ? [{ table, time: '1', tags: {}, field: null, expected: 'a point', got: null }] : [],
    tables: [{ table, countBefore: 0, countAfter: 5 }],
  });
  const { verify } = merged({ verify: report('m', true) }, { verify: null }, { verify: report('n', false) });
  expect(verify).toMatchObject({
    ...{ sampled: 20, found: 18, equal: 16, differences: [{ table: 'db0.m' }] },
    tables: [{ table: 'db0.m', countAfter: 5 }, { table: 'db2.n' }],
  });
  expect(verify!.differences).toHaveLength(1);
  expect(merged({ verify: null }, { verify: null }).verify).toBeNull();
});

test('the rate of several databases is that of the time in which they were sent, and 0 without such a time', () => {
  const { phases, thisRun } = summaryOf({});
  const loaded = (points: number, sendSeconds: number) => {
    const each = { phases: { ...phases, sendSeconds }, thisRun: { ...thisRun, loaded: points } };
    return merged(each, each).rate.pointsPerSecond;
  };
  expect([loaded(10, 0.25), loaded(0, 0), loaded(10, 0)]).toEqual([40, 0, 0]);
});
