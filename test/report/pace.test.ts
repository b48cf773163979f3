import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/model.js';
import { pace, remember } from '../../src/report/pace.js';
import { snapshotAt } from './samples.js';

const MiB = 1_048_576;
const after = (looks: readonly Snapshot[]): Snapshot[] =>
  looks.reduce<Snapshot[]>((all, look) => remember(all, look), []);

test('a single look gives the average since the start', () => {
  expect(pace(after([snapshotAt(10)]))).toEqual({
    pointsPerSecond: 10_000,
    bytesPerSecond: 2 * MiB,
    etaSeconds: 190,
  });
});

test('the pace is that of the last seconds, not of the whole run', () => {
  const early = Array.from({ length: 100 }, (_, i) => snapshotAt(i));
  const { points, bytes } = snapshotAt(99);
  const stalled = Array.from({ length: 20 }, (_, i) => snapshotAt(100 + i, { points, bytes }));
  expect(pace(after([...early, ...stalled]))).toEqual({ pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null });
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
  expect(pace(looks)).toEqual({ pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null });
});

test('without a total there is no time of arrival', () => {
  const bytes = { read: MiB, total: null, decoded: MiB, sent: MiB };
  expect(pace([snapshotAt(10, { bytes })]).etaSeconds).toBeNull();
});
