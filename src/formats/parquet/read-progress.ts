// Limits how long a read runs without a result: lets other events run regularly, and fails if no row appears for too
// long.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../../core/errors.js';

/** Interval at which the event loop handles signals and timers, ms. */
const turnMs = 20;
/** Largest CPU time without a new row, ms. Afterwards the read fails. */
const maxIdleMs = 60_000;

interface ProgressClock {
  /** Returns the CPU time of this process, ms. */
  cpuMs(): number;
  /** Returns a time that never goes back, ms. */
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

  /** @param name name of the input, for messages */
  constructor(name: string, signal: AbortSignal, clock: ProgressClock = systemClock) {
    this.#name = name;
    this.#signal = signal;
    this.#clock = clock;
    this.#lastTurn = clock.monotonic();
    this.#idleSince = clock.cpuMs();
  }

  /** Records that new rows were produced. */
  advance(): void {
    this.#lastTurn = this.#clock.monotonic();
    this.#idleSince = this.#clock.cpuMs();
  }

  /**
   * Lets the event loop run every 20 ms. Throws the abort reason of the signal, and InputError after 60 s of CPU time
   * without a new row.
   */
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
