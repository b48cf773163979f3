// Bounds work without a result: a read yields to the event loop, and ends if it makes no progress.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../../core/errors.js';

/** Interval at which signals and timers are served, ms. */
const turnMs = 20;
/** CPU time without a new row after which the read ends, ms. */
const maxIdleMs = 60_000;

interface ProgressClock {
  /** CPU time of this process in ms. */
  cpuMs(): number;
  /** Monotonic time in ms. */
  monotonic(): number;
}

const systemClock: ProgressClock = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  monotonic: () => performance.now(),
};

export class ReadProgress {
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #clock: ProgressClock;
  #lastTurn: number;
  #idleSince: number;

  /** @param name of the input */
  constructor(name: string, signal: AbortSignal, clock: ProgressClock = systemClock) {
    this.#name = name;
    this.#signal = signal;
    this.#clock = clock;
    this.#lastTurn = clock.monotonic();
    this.#idleSince = clock.cpuMs();
  }

  /** Records a new result. */
  advance(): void {
    this.#lastTurn = this.#clock.monotonic();
    this.#idleSince = this.#clock.cpuMs();
  }

  /** Yields to the event loop every 20 ms. Throws the signal's reason, and InputError after 60 s of CPU without a result. */
  async check(): Promise<void> {
    if (this.#clock.monotonic() - this.#lastTurn < turnMs) return;
    await nextTurn();
    this.#lastTurn = this.#clock.monotonic();
    this.#signal.throwIfAborted();
    if (this.#clock.cpuMs() - this.#idleSince > maxIdleMs)
      throw new InputError({
        tried: `reading ${this.#name}`,
        expected: `a row within ${maxIdleMs / 1000} seconds of CPU time`,
        found: 'none',
        fix: 'fetch or write the file again: it may be damaged',
      });
  }
}
