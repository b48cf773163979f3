// Several writers share one iterator of batches. A writer waits for a permit of `gate` (p-limit) before it pulls a
// batch, so no queue can grow. The concurrency of `gate` is the number of permits.

import type { LimitFunction } from 'p-limit';
import type { Batch } from '../core/types/index.js';

/**
 * Runs writers until the batches end or a writer fails. Rethrows the first failure once all writers have stopped.
 * `settle` delivers a batch and counts the results of its points. Its promise must not settle earlier, because the
 * memory of the batch is released afterwards.
 */
export async function runWriters(
  writers: number,
  gate: LimitFunction,
  batches: AsyncGenerator<Batch, void>,
  settle: (batch: Batch) => Promise<void>,
): Promise<void> {
  let ended = false;
  const settleAndRelease = async (batch: Batch): Promise<void> => {
    try {
      await settle(batch);
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      batch.release();
    }
  };
  const writer = async (): Promise<void> => {
    while (!ended) {
      await gate(async () => {
        if (ended) return;
        const next = await batches.next();
        if (next.done) ended = true;
        else await settleAndRelease(next.value);
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: writers }, writer));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
