import { expect, test } from 'vitest';
import { RateLimit } from '../../src/delivery/rate-limit.js';
import { VirtualClock } from '../support/clock.js';

const never = new AbortController().signal;

async function times(
  rate: RateLimit,
  clock: VirtualClock,
  batches: readonly (readonly [number, number])[],
): Promise<number[]> {
  const seen: number[] = [];
  for (const [points, bytes] of batches) void rate.admit(points, bytes, never).then(() => seen.push(clock.monotonic()));
  await clock.advance(60_000);
  return seen;
}

test('batches keep to the rates of points and bytes, whichever is stricter', async () => {
  const clock = new VirtualClock();
  const rate = new RateLimit({ pointsPerSecond: 100, bytesPerSecond: 1000 }, clock);
  expect(
    await times(rate, clock, [
      [100, 0],
      [50, 3000],
      [1, 1],
      [1, 1],
    ]),
  ).toEqual([0, 1000, 4000, 4010]);
  expect(rate.waitedSeconds).toBeCloseTo(4.01);
});

test('no batch waits without a limit', async () => {
  const clock = new VirtualClock();
  const rate = new RateLimit({ pointsPerSecond: null, bytesPerSecond: null }, clock);
  expect(
    await times(rate, clock, [
      [1e9, 1e12],
      [1e9, 1e12],
    ]),
  ).toEqual([0, 0]);
  expect(rate.waitedSeconds).toBe(0);
});

test('a pause saves up no burst', async () => {
  const clock = new VirtualClock();
  const rate = new RateLimit({ pointsPerSecond: 100, bytesPerSecond: null }, clock);
  await clock.advance(100_000);
  expect(
    await times(rate, clock, [
      [100, 0],
      [100, 0],
      [100, 0],
    ]),
  ).toEqual([100_000, 101_000, 102_000]);
});

test('a stop ends the wait for the rate', async () => {
  const clock = new VirtualClock();
  const rate = new RateLimit({ pointsPerSecond: 1, bytesPerSecond: null }, clock);
  await rate.admit(100, 0, never);
  const stop = new AbortController();
  expect(rate.waiting).toBe(false);
  const waiting = rate.admit(1, 0, stop.signal);
  expect(rate.waiting).toBe(true);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
