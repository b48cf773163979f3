import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src/reporting/figures.js';
import { pace, remember } from '../../../src/reporting/progress/pace.js';
import { answers, limitedBy, snapshotAt } from '../samples.js';

const MiB = 1_048_576;
const calm = { limitedBy: null, trouble: null, openCircuits: 0 };
const remembered = (samples: readonly Snapshot[]): Snapshot[] =>
  samples.reduce<Snapshot[]>((all, each) => remember(all, each), []);

test('the pace of a single snapshot is the average since the start', () => {
  expect(pace(remembered([snapshotAt(10)]))).toEqual({
    pointsPerSecond: 10_000,
    bytesPerSecond: 2 * MiB,
    etaSeconds: 190,
    ...calm,
  });
});

test('the pace covers the last 15 seconds, not the whole run', () => {
  const early = Array.from({ length: 100 }, (_, i) => snapshotAt(i));
  const { points, bytes, percent } = snapshotAt(99);
  const stalled = Array.from({ length: 20 }, (_, i) => snapshotAt(100 + i, { points, bytes, percent }));
  expect(pace(remembered([...early, ...stalled]))).toEqual({
    pointsPerSecond: 0,
    bytesPerSecond: 0,
    etaSeconds: null,
    ...calm,
  });
});

test('snapshots a minute apart still give a pace', () => {
  const samples = remembered([snapshotAt(60), snapshotAt(120), snapshotAt(180)]);
  expect(samples.length).toBe(2);
  expect(pace(samples).pointsPerSecond).toBe(10_000);
});

test('at most the snapshots of 15 seconds are remembered', () => {
  const samples = remembered(Array.from({ length: 1000 }, (_, i) => snapshotAt(i / 4)));
  expect(samples.length).toBeLessThan(64);
});

test.each([
  ['no snapshot', []],
  ['a snapshot at the start', [snapshotAt(0)]],
])('the pace is zero with %s', (_, samples) => {
  expect(pace(samples)).toEqual({ pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null, ...calm });
});

test('there is no ETA while the total is unknown', () => {
  expect(pace([snapshotAt(10, { percent: null })]).etaSeconds).toBeNull();
});

test('a limiting factor is named from a fifth of the last seconds on', () => {
  const seen = (target: number, input: number) =>
    pace([
      snapshotAt(100, { heldBack: limitedBy({ target: 50 }) }),
      snapshotAt(110, { heldBack: limitedBy({ target: 50 + target, input }) }),
    ]);
  expect(seen(1.9, 1.9).limitedBy).toBeNull();
  expect(seen(2, 1.9).limitedBy).toBe('target');
  expect(seen(3, 5).limitedBy).toBe('input');
});

test('earlier answers and circuits that closed again do not count', () => {
  const endpoint = (openSeconds: number, overloaded: number) => ({
    endpoints: [{ url: 'http://a', loaded: 1, openSeconds, answers: answers({ overloaded, accepted: 9 }), p99Ms: 1 }],
  });
  const samples = [snapshotAt(100, endpoint(2, 5)), snapshotAt(105, endpoint(4, 5)), snapshotAt(110, endpoint(4, 5))];
  expect(pace(samples)).toMatchObject({ trouble: null, openCircuits: 0 });
  expect(pace(samples.slice(0, 2))).toMatchObject({ trouble: null, openCircuits: 1 });
  expect(pace([...samples, snapshotAt(111, endpoint(4, 6))])).toMatchObject({ trouble: 'overloaded', openCircuits: 0 });
});
