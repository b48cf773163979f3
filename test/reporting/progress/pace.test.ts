import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src/core/types/index.js';
import { pace, remember } from '../../../src/reporting/progress/pace.js';
import { answers, snapshotAt } from '../samples.js';

const MiB = 1_048_576;
const calm = { heldBackBy: null, trouble: null, leftAlone: 0 };
const after = (looks: readonly Snapshot[]): Snapshot[] =>
  looks.reduce<Snapshot[]>((all, look) => remember(all, look), []);

test('a single look gives the average since the start', () => {
  expect(pace(after([snapshotAt(10)]))).toEqual({
    pointsPerSecond: 10_000,
    bytesPerSecond: 2 * MiB,
    etaSeconds: 190,
    ...calm,
  });
});

test('the pace is that of the last seconds, not of the whole run', () => {
  const early = Array.from({ length: 100 }, (_, i) => snapshotAt(i));
  const { points, bytes } = snapshotAt(99);
  const stalled = Array.from({ length: 20 }, (_, i) => snapshotAt(100 + i, { points, bytes }));
  expect(pace(after([...early, ...stalled]))).toEqual({
    pointsPerSecond: 0,
    bytesPerSecond: 0,
    etaSeconds: null,
    ...calm,
  });
});

test('looks that are far apart are compared all the same', () => {
  const looks = after([snapshotAt(60), snapshotAt(120), snapshotAt(180)]);
  expect(looks.length).toBe(2);
  expect(pace(looks).pointsPerSecond).toBe(10_000);
});

test('few snapshots are kept', () => {
  const looks = after(Array.from({ length: 1000 }, (_, i) => snapshotAt(i / 4)));
  expect(looks.length).toBeLessThan(64);
});

test.each([
  ['nothing seen', []],
  ['no time passed', [snapshotAt(0)]],
])('with %s there is no pace and no division by zero', (_, looks) => {
  expect(pace(looks)).toEqual({ pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null, ...calm });
});

test('without a total there is no time of arrival', () => {
  const bytes = { read: MiB, total: null, decoded: MiB, sent: MiB };
  expect(pace([snapshotAt(10, { bytes })]).etaSeconds).toBeNull();
});

test('what holds it back is that of the last seconds, and worth a fifth of them', () => {
  const heldBack = { target: 0, targetMemory: 0, ownMemory: 0, input: 0, rateLimit: 0 };
  const seen = (target: number, input: number) =>
    pace([
      snapshotAt(100, { heldBack: { ...heldBack, target: 50 } }),
      snapshotAt(110, { heldBack: { ...heldBack, target: 50 + target, input } }),
    ]);
  expect(seen(1.9, 1.9).heldBackBy).toBeNull();
  expect(seen(2, 1.9).heldBackBy).toBe('target');
  expect(seen(3, 5).heldBackBy).toBe('input');
});

test('what the target answered before that time is forgotten, and so is an endpoint that is back', () => {
  const endpoint = (openSeconds: number, overloaded: number) => ({
    endpoints: [{ url: 'http://a', loaded: 1, openSeconds, answers: answers({ overloaded, accepted: 9 }), p99Ms: 1 }],
  });
  const looks = [snapshotAt(100, endpoint(2, 5)), snapshotAt(105, endpoint(4, 5)), snapshotAt(110, endpoint(4, 5))];
  expect(pace(looks)).toMatchObject({ trouble: null, leftAlone: 0 });
  expect(pace(looks.slice(0, 2))).toMatchObject({ trouble: null, leftAlone: 1 });
  expect(pace([...looks, snapshotAt(111, endpoint(4, 6))])).toMatchObject({ trouble: 'overloaded', leftAlone: 0 });
});
