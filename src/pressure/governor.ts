// One governor, one number: how many writers may be busy just now, the lesser of what the target and our own memory allow.
// It decides and tells; narrowing, reading and stopping are done by whoever it tells.

import type { Attempt, Level } from '../model.js';
import { type Congestion, observe, uncongested } from './congestion.js';
import type { Governor, GovernorOptions, PressureAccount } from './contract.js';
import { calm, collected, criticalMark, highMark, type Watermarks, watch } from './watermarks.js';
import { levelNotice, limitExceeded, retainedNotice } from './words.js';

export type { Governor, GovernorOptions } from './contract.js';

const sampleEveryMs = 250;

/** Looks at memory every 250 ms by itself until `close`. */
export function govern(options: GovernorOptions): Governor {
  return new OneGovernor(options);
}

class OneGovernor implements Governor {
  readonly #options: GovernorOptions;
  readonly #stopTimer: () => void;
  #memory: Watermarks = calm;
  #congestion: Congestion;
  #writers = 1;
  #inFlight = 0;
  #rss = 0;
  #peak = 0;
  #gcs = 0;
  #least: number | null = null;
  #countedTo: number;
  readonly #heldBack = { target: 0, ownMemory: 0 };

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#congestion = uncongested(options.workers);
    this.#countedTo = options.clock.monotonic();
    this.sample();
    this.#stopTimer = options.clock.every(sampleEveryMs, () => this.sample());
  }

  get writers(): number {
    return this.#writers;
  }

  get readAhead(): boolean {
    return this.#memory.level === 'normal';
  }

  get level(): Level {
    return this.#memory.level;
  }

  get heldBackBy(): 'target' | 'ownMemory' | null {
    if (this.#inFlight < this.#writers || this.#writers >= this.#options.workers) return null;
    if (this.#memoryWriters() < this.#congestion.limit) return 'ownMemory';
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
    const before = this.#memory;
    this.#look();
    if (this.#memory.collect) this.#collect();
    this.#tell(before);
    this.#decide();
  }

  account(): PressureAccount {
    this.#count();
    return {
      peakRssBytes: this.#peak,
      highSeconds: this.#memory.highSeconds,
      criticalSeconds: this.#memory.criticalSeconds,
      forcedGcs: this.#gcs,
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

  #look(): void {
    const { probe, limitBytes, clock, drained } = this.#options;
    this.#rss = probe();
    this.#peak = Math.max(this.#peak, this.#rss);
    const sample = { rss: this.#rss, limit: limitBytes, now: clock.monotonic(), drained: drained() };
    this.#memory = watch(this.#memory, sample);
  }

  #collect(): void {
    const { clock, collect } = this.#options;
    const [before, started] = [this.#rss, clock.monotonic()];
    collect();
    this.#gcs++;
    const now = clock.monotonic();
    this.#memory = collected(this.#memory, { before, tookMs: now - started, now });
    this.#look();
  }

  /** Each change of level once, and once what the allocator keeps. */
  #tell(before: Watermarks): void {
    const { limitBytes, notify, stop } = this.#options;
    const { level, retained } = this.#memory;
    const figures = { rss: this.#rss, limit: limitBytes };
    if (level !== before.level) {
      if (level === 'stop') stop(limitExceeded(figures));
      else notify(levelNotice(level, figures));
    }
    if (retained !== null && before.retained === null) notify(retainedNotice(figures));
  }

  /** Down in a straight line from all writers at the high mark to one at the critical mark. */
  #memoryWriters(): number {
    const { workers, limitBytes } = this.#options;
    const { level } = this.#memory;
    if (level === 'normal') return workers;
    if (level !== 'high') return 1;
    const share = (criticalMark - (this.#rss * 100) / limitBytes) / (criticalMark - highMark);
    return Math.floor(1 + (workers - 1) * Math.min(1, Math.max(0, share)));
  }

  #decide(): void {
    const writers = Math.min(this.#congestion.limit, this.#memoryWriters());
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
