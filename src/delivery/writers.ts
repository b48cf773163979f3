// N writers over one shared iterator. Permit, then pull: a batch is only made when someone may send it, so there is no
// queue whose length would have to be watched. p-limit is the gate; assigning its concurrency raises or drains.

import type { LimitFunction } from 'p-limit';
import type { Batch } from '../core/types/index.js';

/**
 * Runs until the batches end or a writer fails; the first failure is rethrown once all writers have come to rest.
 * `work` settles the batch, whatever happens to it; its slot goes back afterwards.
 */
export async function runWriters(
  writers: number,
  gate: LimitFunction,
  batches: AsyncGenerator<Batch, void>,
  work: (batch: Batch) => Promise<void>,
): Promise<void> {
  let over = false;
  const writer = async (): Promise<void> => {
    while (!over) {
      await gate(async () => {
        if (over) return;
        const next = await batches.next();
        if (next.done) over = true;
        else await settled(next.value, work);
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: writers }, writer));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;

  async function settled(batch: Batch, settle: (batch: Batch) => Promise<void>): Promise<void> {
    try {
      await settle(batch);
    } catch (error) {
      over = true;
      throw error;
    } finally {
      batch.release();
    }
  }
}
