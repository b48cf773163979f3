// Measures the age of the last renewal of a lease. A suspended machine stops the monotonic clock, and setting the time moves
// the wall clock, so the larger age counts.

import type { Clock } from '../../core/types/index.js';

/** A moment by both clocks, ms. */
export interface ClockReading {
  readonly monotonic: number;
  readonly wall: number;
}

export class LeaseAge {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #renewed: ClockReading | null = null;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  read(): ClockReading {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  /** Records a renewal. @param sent reading of the clocks before the request was sent */
  renew(sent: ClockReading): void {
    this.#renewed = sent;
  }

  /** ms since the last renewal; Infinity before the first. */
  get ms(): number {
    if (this.#renewed === null) return Number.POSITIVE_INFINITY;
    const { monotonic, wall } = this.read();
    return Math.max(monotonic - this.#renewed.monotonic, wall - this.#renewed.wall);
  }
}
