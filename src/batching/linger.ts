// Limits the time that an incomplete batch waits for more input. One timer serves many waits: most end within a millisecond,
// and a timer for each would cost more than reading.

import type { Clock } from '../core/types/index.js';

export class LingerTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  #fired: Promise<void> | null = null;
  #cancel: () => void = () => {};

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Returns the value of the promise, or `idle` if the promise takes longer than the linger time. */
  async race<T>(promise: Promise<T>): Promise<T | 'idle'> {
    const until = this.#clock.monotonic() + this.#ms;
    for (;;) {
      const left = until - this.#clock.monotonic();
      if (left <= 0) return 'idle';
      this.#fired ??= this.#timer(left);
      const first = await Promise.race([promise.then((value) => ({ value })), this.#fired]);
      if (first !== undefined) return first.value;
    }
  }

  /** Cancels the timer. */
  end(): void {
    this.#cancel();
  }

  #timer(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cancel = this.#clock.after(ms, () => {
        this.#fired = null;
        resolve();
      });
    });
  }
}
