// Counts batches in flight. A batch that must be sent alone waits until no other batch is in flight. So does a flush
// between two time buckets.

/** Counts the batches that a writer has received, but whose points are not yet loaded, rejected or undelivered. */
export class InFlightBatches {
  #count = 0;
  #idle: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Resolves once no batch is in flight. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
