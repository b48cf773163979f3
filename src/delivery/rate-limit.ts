// Limits points and bytes per second. Each batch reserves the time that its size takes at the limit, and the next batch
// waits until that time has passed. Unused time is not saved, so no burst follows a pause.

import { WaitStats } from '../core/time/wait-stats.js';
import type { Clock } from '../core/types/index.js';

export interface RateOptions {
  /** Largest number of points per second; null for no limit. */
  readonly pointsPerSecond: number | null;
  /** Largest number of bytes of request bodies per second, before compression; null for no limit. */
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

  /** Total time during which at least one batch waited, in seconds. */
  get waitedSeconds(): number {
    return this.#waits.seconds;
  }

  /** True while a batch waits. */
  get waiting(): boolean {
    return this.#waits.going;
  }

  /** Resolves when a batch of this size may be sent. Calls are served in order. Rejects with the signal's reason. */
  async admit(points: number, bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const from = Math.max(now, this.#freeAt);
    this.#freeAt = from + this.#worthMs(points, bytes);
    await this.wait(from - now, signal);
  }

  /** Waits `ms` milliseconds, for example because of the rate limit of the fleet. Rejects with the signal's reason. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms > 0) await this.#waits.during(this.#clock.sleep(ms, signal));
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
