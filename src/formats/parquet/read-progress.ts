// Prevents a long read from blocking the program: lets the event loop run regularly, and fails if the read produces no
// row for too long.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../../core/errors.js';

/** Time after which a read lets the event loop handle signals and timers, ms. */
const turnMs = 20;
/** Largest CPU time without a new row, ms. Afterwards the read fails. */
const maxIdleMs = 60_000;

interface ProgressClock {
  /** Returns the CPU time of this process, ms. */
  cpuMs(): number;
  /** Returns the time of a clock that never goes back, ms. */
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
   * Lets the event loop run if its last turn was at least 20 ms ago. If the signal has aborted,
   * throws the reason. Throws InputError after 60 s of CPU time without a new row.
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
        fix: 'the file may be damaged: fetch or create it again',
      });
  }
}
