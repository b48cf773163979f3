import { expect, test } from 'vitest';
import { byteTicks, countTicks, linear, shortCount, shortTime, timeTicks } from '../../../src/reporting/html/scale.js';

const MiB = 1_048_576;

test('a scale maps its ends and clamps values outside', () => {
  const y = linear(200, 100, 10);
  expect([0, 100, 200, 300, -5].map(y)).toEqual([100, 55, 10, 10, 100]);
  expect(linear(0, 5, 90)(3)).toBe(5);
});

test.each([
  [1, 4, [0, 0.5, 1]],
  [9, 4, [0, 5, 10]],
  [196_000, 4, [0, 50_000, 100_000, 150_000, 200_000]],
  [0.3, 3, [0, 0.5]],
  [1_000_001, 2, [0, 500_000, 1_000_000, 1_500_000]],
])('counts up to %d have round ticks, the last one at or above', (most, count, ticks) => {
  expect(countTicks(most, count)).toEqual(ticks);
});

test.each([
  [512 * MiB, [0, 128, 256, 384, 512]],
  [446 * MiB, [0, 128, 256, 384, 512]],
  [100 * MiB, [0, 32, 64, 96, 128]],
])('bytes up to %d have ticks at powers of two', (most, ticks) => {
  expect(byteTicks(most, 4).map((tick) => tick / MiB)).toEqual(ticks);
});

test.each([
  [0.7, ['0', '0.1s', '0.2s', '0.3s', '0.4s', '0.5s', '0.6s', '0.7s']],
  [47 * 60, ['0', '5m', '10m', '15m', '20m', '25m', '30m', '35m', '40m', '45m']],
  [5400, ['0', '10m', '20m', '30m', '40m', '50m', '1h', '1h 10m', '1h 20m', '1h 30m']],
  [36 * 3600, ['0', '6h', '12h', '18h', '1d', '1d 6h', '1d 12h']],
  [30 * 86_400, ['0', '3d', '6d', '9d', '12d', '15d', '18d', '21d', '24d', '27d', '30d']],
])('the time axis of a run of %d s has round times up to its end', (seconds, labels) => {
  expect(timeTicks(seconds, 10).map(shortTime)).toEqual(labels);
});

test('the time axis of any run has at most the requested number of ticks', () => {
  for (let seconds = 0.5; seconds < 1e8; seconds *= 1.37)
    expect(timeTicks(seconds, 5).length, `${seconds}`).toBeLessThanOrEqual(6);
});

test('counts on an axis are short', () => {
  expect([0, 250, 999, 1500, 200_000, 1e6, 2.5e9].map(shortCount)).toEqual([
    '0',
    '250',
    '999',
    '1.5k',
    '200k',
    '1M',
    '2.5G',
  ]);
});
