import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import type { Batch } from '../../src/core/types/index.js';
import { runWriters } from '../../src/delivery/writers.js';
import { VirtualClock } from '../support/clock.js';
import { batchOf } from './support.js';

/** Makes batches and counts how often each one was released. */
function source(count: number) {
  const released: number[] = [];
  let made = 0;
  let failure: Error | null = null;
  async function* batches(): AsyncGenerator<Batch, void> {
    for (let i = 0; i < count; i += 1) {
      if (failure !== null) throw failure;
      made += 1;
      released.push(0);
      const release = (): void => {
        released[i]! += 1;
      };
      yield { ...batchOf(['p']), ordinal: i, release };
    }
  }
  const fail = (error: Error): void => {
    failure = error;
  };
  return { batches: batches(), released, made: () => made, fail };
}

test('every batch is settled once, and released once afterwards', async () => {
  const { batches, released } = source(20);
  const seen: number[] = [];
  await runWriters(4, pLimit(4), batches, async ({ ordinal }) => {
    await Promise.resolve();
    expect(released[ordinal]).toBe(0);
    seen.push(ordinal);
  });
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(released).toEqual(Array.from({ length: 20 }, () => 1));
});

test('no batch is made before a writer has a permit, and the number of permits may change', async () => {
  const clock = new VirtualClock();
  const { batches, made } = source(100);
  const gate = pLimit(1);
  let inside = 0;
  const done = runWriters(8, gate, batches, async () => {
    inside += 1;
    await clock.sleep(100);
    inside -= 1;
  });
  await clock.advance(50);
  expect([inside, made()]).toEqual([1, 1]);
  gate.concurrency = 8;
  await clock.advance(10);
  expect([inside, made()]).toEqual([8, 8]);
  gate.concurrency = 2;
  await clock.advance(100);
  expect(inside).toBe(2);
  const before = made();
  await clock.advance(1000);
  expect(inside).toBe(2);
  expect(made() - before).toBeLessThanOrEqual(20);
  gate.concurrency = 8;
  await clock.advance(10_000);
  await done;
  expect([inside, made()]).toEqual([0, 100]);
});

test('a writer that fails stops the others after their batch, and its error is rethrown', async () => {
  const clock = new VirtualClock();
  const { batches, released, made } = source(100);
  const finished: number[] = [];
  const done = runWriters(3, pLimit(3), batches, async ({ ordinal }) => {
    await clock.sleep(ordinal === 1 ? 10 : 100);
    if (ordinal === 1) throw new Error('no');
    finished.push(ordinal);
  }).catch((error: unknown) => error);
  await clock.advance(1000);
  expect(await done).toMatchObject({ message: 'no' });
  expect(finished).toEqual([0, 2]);
  expect(made()).toBe(3);
  expect(released).toEqual([1, 1, 1]);
});

test('batches in flight finish before the error of the source is rethrown', async () => {
  const clock = new VirtualClock();
  const { batches, released, fail } = source(100);
  let rethrown = false;
  const done = runWriters(2, pLimit(2), batches, async ({ ordinal }) => {
    await clock.sleep(ordinal === 0 ? 500 : 10);
    if (ordinal === 1) fail(new Error('broken'));
  })
    .catch((error: unknown) => error)
    .finally(() => {
      rethrown = true;
    });
  await clock.advance(499);
  expect(rethrown).toBe(false);
  await clock.advance(1);
  expect(await done).toMatchObject({ message: 'broken' });
  expect(released).toEqual([1, 1]);
});

test('writers end at once without batches', async () => {
  let worked = false;
  await runWriters(3, pLimit(1), source(0).batches, async () => {
    worked = true;
  });
  expect(worked).toBe(false);
});
