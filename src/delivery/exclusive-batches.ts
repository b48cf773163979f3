// A batch that introduces a table or column is sent while no other request is in flight. Otherwise CnosDB 2.4.3.4
// stores values under wrong columns, although it answers 200 (measured: 1,449 of 24,000 points).

import type { InFlightBatches } from '../core/in-flight-batches.js';
import type { Batch } from '../core/types/index.js';

/**
 * Yields the batches unchanged. The consumer calls `inFlight.end()` once all points of a batch are loaded, rejected or
 * undelivered. A batch that introduces columns waits until no batch is in flight. The next batch waits until this batch
 * is no longer in flight. A generator runs concurrent `next()` calls one after the other, so no lock is needed.
 * @param required false for a target that accepts new columns in concurrent requests
 */
export async function* exclusiveBatches(
  batches: AsyncGenerator<Batch, void>,
  inFlight: InFlightBatches,
  required = true,
): AsyncGenerator<Batch, void> {
  for await (const batch of batches) {
    const exclusive = required && batch.introduces !== null;
    if (exclusive) await inFlight.idle();
    inFlight.begin();
    yield batch;
    if (exclusive) await inFlight.idle();
  }
}
