// Decides the number of writers: the smaller of the number that the target allows and the number that our memory
// allows. The caller starts and stops the writers.

import { count, plural } from '../core/text.js';
import type { Attempt, Level } from '../core/types/index.js';
import { type Concurrency, observe, startConcurrency } from './concurrency.js';
import type { Governor, GovernorOptions, PressureAccount } from './types.js';

export type { Governor, GovernorOptions } from './types.js';

/**
 * Creates a governor. Until `close`, the governor decides after each response and after each sample of the watchdog.
 */
export function govern(options: GovernorOptions): Governor {
  return new WriterGovernor(options);
}

class WriterGovernor implements Governor {
  readonly #options: GovernorOptions;
  #concurrency: Concurrency;
  #writers = 1;
  #inFlight = 0;
  /** Smallest number of writers after slow start. */
  #min: number | null = null;
  #countedTo: number;
  /**
   * What has delayed batches since the last decision: the target's limit of writers or our own memory; null for
   * neither.
   */
  #factor: 'target' | 'ownMemory' | null = null;
  readonly #heldBack = { target: 0, ownMemory: 0 };

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#concurrency = startConcurrency(options.workers);
    this.#countedTo = options.clock.monotonic();
    options.watchdog.onSample(() => {
      this.#count();
      this.#decide();
    });
    this.sample();
  }

  get writers(): number {
    return this.#writers;
  }

  get readAhead(): boolean {
    return this.#options.watchdog.readAhead;
  }

  get level(): Level {
    return this.#options.watchdog.level;
  }

  get heldBackBy(): 'target' | 'ownMemory' | null {
    if (this.#inFlight < this.#writers || this.#writers >= this.#options.workers) return null;
    if (this.#allowed < this.#concurrency.limit) return 'ownMemory';
    return this.#concurrency.slowStart ? null : 'target';
  }

  observe({ latencyMs, verdict }: Attempt, bodyBytes: number, inFlight: number): void {
    this.#count();
    this.#inFlight = inFlight;
    const now = this.#options.clock.monotonic();
    const before = this.#concurrency.limit;
    const seen = { verdict: verdict.kind, latencyMs, bytes: bodyBytes, inFlight, now };
    this.#concurrency = observe(this.#concurrency, seen);
    this.#explain(before);
    this.#decide();
  }

  sample(): void {
    this.#options.watchdog.sample();
  }

  account(): PressureAccount {
    this.#count();
    return {
      limitMin: this.#min ?? this.#writers,
      limitFinal: this.#writers,
      throttledSeconds: this.#heldBack.target + this.#heldBack.ownMemory,
      heldBack: { ...this.#heldBack },
    };
  }

  close(): void {
    this.#options.watchdog.onSample(() => {});
    this.#count();
  }

  /** Number of writers that our own memory allows. */
  get #allowed(): number {
    return this.#options.watchdog.writers(this.#options.workers);
  }

  #decide(): void {
    const writers = Math.min(this.#concurrency.limit, this.#allowed);
    if (!this.#concurrency.slowStart || writers < this.#concurrency.limit)
      this.#min = Math.min(this.#min ?? writers, writers);
    const changed = writers !== this.#writers;
    this.#writers = writers;
    this.#factor = this.heldBackBy;
    if (changed) this.#options.changed(writers);
  }

  #explain(before: number): void {
    const { limit, reason } = this.#concurrency;
    if (limit === before) return;
    const message = `the load may use ${plural(limit, 'writer')} instead of ${count(before)}: ${reason}`;
    this.#options.notify({ level: 'debug', kind: 'concurrency', message });
  }

  /** Adds the time since the last call to the entry of `#heldBack` for the factor that delayed batches in this time. */
  #count(): void {
    const now = this.#options.clock.monotonic();
    if (this.#factor !== null) this.#heldBack[this.#factor] += (now - this.#countedTo) / 1000;
    this.#countedTo = now;
  }
}
