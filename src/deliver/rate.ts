// At most so many points and bytes a second. Each batch books the time that it is worth; the next waits until then. No
// burst is saved up: a pause of the input must not be made good at the target's cost.

import type { Clock } from '../model.js';

export interface RateOptions {
  /** Null for no limit. */
  readonly pointsPerSecond: number | null;
  /** Of request bodies, before compression; null for no limit. */
  readonly bytesPerSecond: number | null;
}

export class Rate {
  readonly #options: RateOptions;
  readonly #clock: Clock;
  #freeAt = Number.NEGATIVE_INFINITY;
  #waiting = 0;
  #since = 0;
  #heldMs = 0;

  constructor(options: RateOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Seconds in which at least one batch waited. */
  get heldSeconds(): number {
    const now = this.#waiting > 0 ? this.#clock.monotonic() - this.#since : 0;
    return (this.#heldMs + now) / 1000;
  }

  /** Resolves when a batch of this size may be sent; rejects with the signal's reason. Asks are served in their order. */
  async admit(points: number, bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const from = Math.max(now, this.#freeAt);
    this.#freeAt = from + this.#worthMs(points, bytes);
    if (from <= now) return;
    if (this.#waiting++ === 0) this.#since = now;
    try {
      await this.#clock.sleep(from - now, signal);
    } finally {
      if (--this.#waiting === 0) this.#heldMs += this.#clock.monotonic() - this.#since;
    }
  }

  #worthMs(points: number, bytes: number): number {
    const { pointsPerSecond, bytesPerSecond } = this.#options;
    const seconds = Math.max(
      pointsPerSecond === null ? 0 : points / pointsPerSecond,
      bytesPerSecond === null ? 0 : bytes / bytesPerSecond,
    );
    return seconds * 1000;
  }
}
