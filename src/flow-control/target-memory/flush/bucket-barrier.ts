// Holds back the first batch of a new time bucket until the target has flushed the earlier buckets, if the rows of the
// new bucket would make a flush due. A vnode that receives points after a flush takes more memory (node-base.ts), so a
// flush between two buckets is cheaper than a flush within a bucket.

export interface BucketBarrierOptions {
  /** Returns true if the rows of one more time bucket would make a flush due. */
  readonly isDue: () => boolean;
  /** Asks the target to flush. The promise never rejects. */
  readonly flush: () => Promise<unknown>;
}

export class BucketBarrier {
  readonly #options: BucketBarrierOptions;
  /** Batches that were admitted and are not settled. */
  #inFlight = 0;
  #idle: (() => void)[] = [];
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
    this.#inFlight += 1;
  }

  settled(): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    if (this.#inFlight > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #cross(): Promise<void> {
    // Points of the earlier buckets that arrive after the flush would make their vnodes take more memory.
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#options.isDue()) await this.#options.flush();
  }
}
