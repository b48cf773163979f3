// A batch that introduces a table or column is sent while no other request is in flight. Otherwise CnosDB 2.4.3.4
// stores values under wrong columns, although it answers 200 (measured: 1,449 of 24,000 points).

import type { Batch } from '../core/types/index.js';

/** Counts batches that were yielded to a consumer and are not settled yet. */
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

/**
 * Yields the batches unchanged. The consumer calls `inFlight.end()` once a batch is settled. A batch that introduces
 * columns waits until no batch is in flight. The next batch waits until the introducing batch is settled. A generator
 * runs concurrent `next()` calls one after the other, so no lock is needed.
 * @param required false for a target that orders first writes by itself
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
