import fc from 'fast-check';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { InFlightBatches } from '../../src/core/in-flight-batches.js';
import type { Batch, Shape } from '../../src/core/types/index.js';
import { exclusiveBatches } from '../../src/delivery/exclusive-batches.js';
import { runWriters } from '../../src/delivery/writers.js';
import { VirtualClock } from '../support/clock.js';
import { batchOf } from './support.js';

const shapes: Shape[] = [{ table: 'm', columns: [] }];

async function* generated(batches: readonly Batch[]): AsyncGenerator<Batch, void> {
  yield* batches;
}

test('no other batch is in flight beside an introducing one, and all others still overlap', async () => {
  const kinds = fc.array(fc.record({ introduces: fc.boolean(), ms: fc.nat(50) }), { minLength: 1, maxLength: 25 });
  let together = 0;
  await fc.assert(
    fc.asyncProperty(kinds, fc.integer({ min: 1, max: 6 }), async (plans, writers) => {
      const clock = new VirtualClock();
      const inFlight = new InFlightBatches();
      const batches = plans.map(({ introduces }, ordinal) => ({
        ...batchOf(['p'], introduces ? shapes : null),
        ordinal,
      }));
      const inside = new Set<Batch>();
      const order: number[] = [];
      let over = false;
      const done = runWriters(
        writers,
        pLimit(writers),
        exclusiveBatches(generated(batches), inFlight),
        async (batch) => {
          inside.add(batch);
          order.push(batch.ordinal);
          together = Math.max(together, inside.size);
          if ([...inside].some(({ introduces }) => introduces !== null)) expect(inside.size).toBe(1);
          expect(inFlight.count).toBe(inside.size);
          await clock.sleep(plans[batch.ordinal]!.ms);
          inside.delete(batch);
          inFlight.end();
        },
      ).then(() => {
        over = true;
      });
      for (let i = 0; i < 100 && !over; i += 1) await clock.advance(50);
      await done;
      expect(order).toEqual(batches.map(({ ordinal }) => ordinal));
      expect(inFlight.count).toBe(0);
    }),
    { numRuns: 40 },
  );
  expect(together).toBeGreaterThan(1);
});

test('the batch after an introducing one is made once that one is settled', async () => {
  const made: number[] = [];
  async function* making(): AsyncGenerator<Batch, void> {
    for (const [i, introduces] of [shapes, null].entries()) {
      made.push(i);
      yield batchOf(['p'], introduces);
    }
  }
  const inFlight = new InFlightBatches();
  const batches = exclusiveBatches(making(), inFlight);
  await batches.next();
  const second = batches.next();
  await new VirtualClock().advance(1);
  expect(made).toEqual([0]);
  inFlight.end();
  expect((await second).value?.introduces).toBe(null);
  expect(made).toEqual([0, 1]);
});

test('an early end ends the source of batches', async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<Batch, void> {
    try {
      for (;;) yield batchOf(['p']);
    } finally {
      ended = true;
    }
  }
  const batches = exclusiveBatches(endless(), new InFlightBatches());
  await batches.next();
  await batches.return();
  expect(ended).toBe(true);
});

test('a target that orders first writes by itself gets introducing batches beside others', async () => {
  const inFlight = new InFlightBatches();
  const batches = exclusiveBatches(generated([batchOf(['p']), batchOf(['p'], shapes)]), inFlight, false);
  await batches.next();
  expect((await batches.next()).value?.introduces).toEqual(shapes);
  expect(inFlight.count).toBe(2);
});
