import { expect, test } from 'vitest';
import { parseIntervals } from '../../../src/cli/load-cnosdb/insert-intervals.js';
import { pacedTarget } from '../../../src/cli/load-cnosdb/paced-target.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { VirtualClock } from '../../support/clock.js';

const never = new AbortController().signal;
const body = { bytes: new Uint8Array(1), encoding: null };
const seconds = (text: string, workers: number): number[] | undefined =>
  parseIntervals(text, workers)?.map((interval) => interval(() => 0.99));

test('the last interval repeats for further workers, as in the Go tool', () => {
  expect(seconds('1,2', 4)).toEqual([1, 2, 2, 2]);
  expect(seconds('0-1,2-4', 2)).toEqual([0, 3]);
  expect(seconds('5', 1)).toEqual([5]);
  expect(seconds('3,x', 1)).toEqual([3]);
});

test.each(['a', '2-1', '1-1', '1,', '1-2-3', ''])('%j is refused as an interval', (text) => {
  expect(parseIntervals(text, 2)).toBeNull();
});

test('each worker keeps its own interval between the starts of two inserts', async () => {
  const clock = new VirtualClock();
  const starts: number[] = [];
  const target = createCustomTarget({
    write: () => {
      starts.push(clock.monotonic());
      return Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'nowhere', latencyMs: 0, sentBytes: 0 });
    },
  });
  const pace = { workers: 2, backoffMs: 0, intervals: parseIntervals('1,3', 2), random: () => 0, backedOff: () => {} };
  const { target: front } = pacedTarget(target, pace, clock);
  const all = (async () => {
    for (let i = 0; i < 6; i++) await front.write(body, 1, 1000, never);
  })();
  for (let i = 0; i < 40; i++) await clock.advance(250);
  await all;
  // Worker 0 at 0, 1, 2, 3 s; worker 1 at 0 and 3 s.
  expect(starts.sort((a, b) => a - b)).toEqual([0, 0, 1000, 2000, 3000, 3000]);
});

test('every other method of the target keeps its arguments, such as the one of close', async () => {
  const closed: (boolean | undefined)[] = [];
  const target = wrapObject(createCustomTarget({ write: () => Promise.reject(new Error('unused')) }), {
    close: (whole?: boolean) => {
      closed.push(whole);
      return Promise.resolve();
    },
  });
  const pace = { workers: 1, backoffMs: 0, intervals: null, random: () => 0, backedOff: () => {} };
  const { target: front } = pacedTarget(target, pace, new VirtualClock());
  await front.close(true);
  await front.close(false);
  expect(closed).toEqual([true, false]);
  expect(front.traits).toBe(target.traits);
});
