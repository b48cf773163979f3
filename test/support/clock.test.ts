import { expect, test } from 'vitest';
import { realClock, VirtualClock } from './clock.js';

test('nothing elapses until it is advanced, and sleeps end in the order they are due', async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  for (const ms of [30, 10, 20]) void clock.sleep(ms).then(() => seen.push(ms));
  await clock.advance(9);
  expect(seen).toEqual([]);
  await clock.advance(11);
  expect(seen).toEqual([10, 20]);
  expect([clock.monotonic(), clock.waiting]).toEqual([20, 1]);
});

test('a sleep started by another one ends within the same advance', async () => {
  const clock = new VirtualClock();
  let at = 0;
  void clock.sleep(10).then(async () => {
    await clock.sleep(10);
    at = clock.monotonic();
  });
  await clock.advance(100);
  expect(at).toBe(20);
});

test('an aborted sleep rejects with the reason at once', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const sleep = clock.sleep(1000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  expect(clock.waiting).toBe(0);
});

test('an interval repeats until it is stopped', async () => {
  const clock = new VirtualClock();
  let count = 0;
  const stop = clock.every(10, () => count++);
  await clock.advance(35);
  stop();
  await clock.advance(100);
  expect(count).toBe(3);
});

test.each([
  ['the virtual clock', new VirtualClock()],
  ['the real clock', realClock],
])('many sleeps on one signal of %s cause no warning', async (_, clock) => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', note);
  const stop = new AbortController();
  const sleeps = Array.from({ length: 50 }, () => clock.sleep(60_000, stop.signal).catch(() => 'woken'));
  stop.abort();
  expect(new Set(await Promise.all(sleeps))).toEqual(new Set(['woken']));
  await new Promise(setImmediate);
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
