// Holds back the first batch of a new time bucket until the target has flushed the earlier buckets, if the rows of the
// new bucket would make a flush due. A vnode that receives points after a flush takes more memory (node-base.ts), so a
// flush between two buckets is cheaper than a flush within a bucket.

import { InFlightBatches } from '../../../core/in-flight-batches.js';

export interface BucketBarrierOptions {
  /** Returns true if the rows of one more time bucket would make a flush due. */
  readonly isDue: () => boolean;
  /** Asks the target to flush. The promise never rejects. */
  readonly flush: () => Promise<unknown>;
}

export class BucketBarrier {
  readonly #options: BucketBarrierOptions;
  readonly #inFlight = new InFlightBatches();
  /** The wait for responses and for the flush; null if batches need not wait. */
  #crossing: Promise<void> | null = null;

  constructor(options: BucketBarrierOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a batch may be sent. `settled` must be called after the delivery of the batch.
   * @param isNew true if the batch is the first batch of a time bucket
   */
  async admit(isNew: boolean): Promise<void> {
    while (this.#crossing !== null) await this.#crossing;
    if (isNew && this.#options.isDue()) {
      this.#crossing = this.#cross().finally(() => {
        this.#crossing = null;
      });
      await this.#crossing;
    }
    this.#inFlight.begin();
  }

  settled(): void {
    // The count may not include the batch: `settled` is also called for a batch that was refused before `admit`.
    if (this.#inFlight.count > 0) this.#inFlight.end();
  }

  async #cross(): Promise<void> {
    // Points of the earlier buckets that arrive after the flush would make their vnodes take more memory.
    await this.#inFlight.idle();
    if (this.#options.isDue()) await this.#options.flush();
  }
}
