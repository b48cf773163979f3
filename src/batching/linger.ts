// Limits the time that an incomplete batch waits for more input. One timer serves many waits. Most waits end within a
// millisecond, and a timer for each wait would cost more than reading.

import type { Clock } from '../core/types/index.js';

const ignore = (): void => {};

export class LingerTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  #isRunning = false;
  #cancel = ignore;
  /**
   * Ends the current wait if its time is over. `#wake` is a callback, because a promise shared by all waits would keep
   * the values of finished waits in memory.
   */
  #wake = ignore;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /**
   * Returns the value of the promise, or `idle` if the promise takes longer than the linger time. At most one call may
   * be waiting at a time.
   */
  async race<T>(promise: Promise<T>): Promise<T | 'idle'> {
    const until = this.#clock.monotonic() + this.#ms;
    try {
      return await new Promise<T | 'idle'>((resolve, reject) => {
        this.#wake = () => {
          const left = until - this.#clock.monotonic();
          if (left <= 0) resolve('idle');
          else this.#start(left);
        };
        this.#wake();
        promise.then(resolve, reject);
      });
    } finally {
      this.#wake = ignore;
    }
  }

  /** Cancels the timer. */
  end(): void {
    this.#cancel();
  }

  #start(ms: number): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#cancel = this.#clock.after(ms, () => {
      this.#isRunning = false;
      this.#wake();
    });
  }
}
