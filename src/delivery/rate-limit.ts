// At most so many points and bytes a second. Each batch books the time that it is worth; the next waits until then. No
// burst is saved up: a pause of the input must not be made good at the target's cost.

import type { Clock } from '../core/types/index.js';
import { WaitStats } from '../core/wait-stats.js';

export interface RateOptions {
  /** Null for no limit. */
  readonly pointsPerSecond: number | null;
  /** Of request bodies, before compression; null for no limit. */
  readonly bytesPerSecond: number | null;
}

export class RateLimit {
  readonly #options: RateOptions;
  readonly #clock: Clock;
  readonly #waits: WaitStats;
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(options: RateOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#waits = new WaitStats(clock);
  }

  /** Seconds in which at least one batch waited. */
  get heldSeconds(): number {
    return this.#waits.seconds;
  }

  /** Whether one waits just now. */
  get holding(): boolean {
    return this.#waits.going;
  }

  /** Resolves when a batch of this size may be sent; rejects with the signal's reason. Asks are served in their order. */
  async admit(points: number, bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const from = Math.max(now, this.#freeAt);
    this.#freeAt = from + this.#worthMs(points, bytes);
    if (from > now) await this.#waits.during(this.#clock.sleep(from - now, signal));
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
