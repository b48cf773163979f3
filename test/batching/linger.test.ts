import { expect, test } from 'vitest';
import { LingerTimer } from '../../src/batching/linger.js';
import { collectAll } from '../../src/core/v8.js';
import { VirtualClock } from '../support/clock.js';

test('a wait that ended in time leaves nothing in memory until the linger time is over', async () => {
  const timer = new LingerTimer(new VirtualClock(), 5000);
  const batches: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i += 1) {
    const batch = { bytes: new Uint8Array(1024) };
    batches.push(new WeakRef(batch));
    await timer.race(Promise.resolve(batch));
  }
  await new Promise((resolve) => setImmediate(resolve));
  collectAll();
  expect(batches.filter((batch) => batch.deref() !== undefined).length).toBeLessThan(3);
  timer.end();
});

test('one timer serves successive waits, each with the whole linger time', async () => {
  const clock = new VirtualClock();
  const timer = new LingerTimer(clock, 5000);
  await timer.race(Promise.resolve(1));
  await clock.advance(4000);
  const idle = timer.race(new Promise(() => {}));
  let ended = false;
  void idle.then(() => (ended = true));
  await clock.advance(4999);
  expect(ended).toBe(false);
  await clock.advance(1);
  expect(await idle).toBe('idle');
  timer.end();
});

test('a failed wait throws its error', async () => {
  const timer = new LingerTimer(new VirtualClock(), 5000);
  await expect(timer.race(Promise.reject(new Error('read failed')))).rejects.toThrow('read failed');
  timer.end();
});
