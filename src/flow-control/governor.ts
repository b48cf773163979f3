// One governor, one number: how many writers may be busy just now, the lesser of what the target and our own memory allow.
// It decides and tells; narrowing, reading and stopping are done by whoever it tells.

import type { Attempt, Level } from '../core/types/index.js';
import { type Congestion, observe, uncongested } from './concurrency.js';
import { Watchdog } from './own-memory/watchdog.js';
import type { Governor, GovernorOptions, PressureAccount } from './types.js';

export type { Governor, GovernorOptions } from './types.js';

const sampleEveryMs = 250;

/** Looks at memory every 250 ms by itself until `close`, unless the watchdog is off. */
export function govern(options: GovernorOptions): Governor {
  return new OneGovernor(options);
}

class OneGovernor implements Governor {
  readonly #options: GovernorOptions;
  readonly #stopTimer: () => void;
  readonly #watchdog: Watchdog;
  #congestion: Congestion;
  #writers = 1;
  #inFlight = 0;
  #least: number | null = null;
  #countedTo: number;
  readonly #heldBack = { target: 0, ownMemory: 0 };

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options);
    this.#congestion = uncongested(options.workers);
    this.#countedTo = options.clock.monotonic();
    this.sample();
    this.#stopTimer = options.clock.every(sampleEveryMs, () => this.sample());
  }

  get writers(): number {
    return this.#writers;
  }

  get readAhead(): boolean {
    return this.#watchdog.level === 'normal' || this.#options.watchdog === 'observe';
  }

  get level(): Level {
    return this.#watchdog.level;
  }

  get heldBackBy(): 'target' | 'ownMemory' | null {
    if (this.#inFlight < this.#writers || this.#writers >= this.#options.workers) return null;
    if (this.#watchdog.writers < this.#congestion.limit) return 'ownMemory';
    return this.#congestion.slowStart ? null : 'target';
  }

  observe(attempt: Attempt, bodyBytes: number, inFlight: number): void {
    this.#count();
    this.#inFlight = inFlight;
    const { latencyMs, verdict } = attempt;
    const now = this.#options.clock.monotonic();
    this.#congestion = observe(this.#congestion, { verdict: verdict.kind, latencyMs, bytes: bodyBytes, inFlight, now });
    this.#decide();
  }

  sample(): void {
    this.#count();
    this.#watchdog.sample();
    this.#decide();
  }

  account(): PressureAccount {
    this.#count();
    return {
      ...this.#watchdog.account,
      limitMin: this.#least ?? this.#writers,
      limitFinal: this.#writers,
      throttledSeconds: this.#heldBack.target + this.#heldBack.ownMemory,
      heldBack: { ...this.#heldBack },
    };
  }

  close(): void {
    this.#stopTimer();
    this.#count();
  }

  #decide(): void {
    const writers = Math.min(this.#congestion.limit, this.#watchdog.writers);
    if (!this.#congestion.slowStart || writers < this.#congestion.limit)
      this.#least = Math.min(this.#least ?? writers, writers);
    if (writers === this.#writers) return;
    this.#writers = writers;
    this.#options.changed(writers);
  }

  /** Time since the last look goes to what held the writers back then. */
  #count(): void {
    const now = this.#options.clock.monotonic();
    const cause = this.heldBackBy;
    if (cause !== null) this.#heldBack[cause] += (now - this.#countedTo) / 1000;
    this.#countedTo = now;
  }
}
