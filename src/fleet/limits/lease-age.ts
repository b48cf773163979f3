// Measures the time since the last renewal of a lease by two clocks, and uses the larger time, because each clock may
// show too little. The monotonic clock stops while the machine is suspended. The wall clock may be set back.

import type { Clock } from '../../core/types/index.js';

/** The time by the wall clock and by the monotonic clock, ms. */
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

  /**
   * Records a renewal.
   * @param sent time just before the request for the renewal was sent
   */
  renew(sent: ClockReading): void {
    this.#renewed = sent;
  }

  /** Time since the last renewal, ms; Infinity before the first renewal. */
  get ms(): number {
    if (this.#renewed === null) return Number.POSITIVE_INFINITY;
    const { monotonic, wall } = this.read();
    return Math.max(monotonic - this.#renewed.monotonic, wall - this.#renewed.wall);
  }
}
