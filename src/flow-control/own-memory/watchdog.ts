// Reads resident memory, forces garbage collections, reports levels, and computes how many writers memory allows. In
// mode `observe`, the watchdog makes the same decisions, but only reports them.

import type { MemoryLimitError } from '../../core/errors.js';
import type { Clock, Level, Notice } from '../../core/types/index.js';
import { levelNotice, limitExceeded, type MemoryFigures, observedNotice, retainedNotice } from './memory-messages.js';
import { calm, collected, criticalMark, highMark, type Watermarks, watch } from './watermarks.js';

const sampleEveryMs = 250;

export interface WatchdogOptions {
  readonly limitBytes: number;
  /** `observe` only reports what `on` would do; `off` does not read memory. */
  readonly mode: 'on' | 'observe' | 'off';
  readonly clock: Clock;
  /** Returns the resident bytes of this process. */
  readonly probe: () => number;
  /** Returns the peak of the resident bytes since the run began, including the time between samples; 0 if unknown. */
  readonly peak: () => number;
  /** Returns true while no batch is in flight, so that all batch memory is free. */
  readonly drained: () => boolean;
  /** Collects all garbage before it returns. */
  readonly collect: () => void;
  /** Receives the error, once, if the process cannot stay within the memory limit. */
  readonly stop: (error: MemoryLimitError) => void;
  readonly notify: (notice: Notice) => void;
}

/** Reads resident memory and its peak every 250 ms until `close`. `sample` reads only the resident memory. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #stopTimer: () => void;
  /** Called after each sample. */
  #onSample = (): void => {};
  #memory: Watermarks = calm;
  #rss = 0;
  #peak = 0;
  #gcs = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    const samplePeak = (): void => {
      if (options.mode !== 'off') this.#peak = Math.max(this.#peak, options.peak());
      this.sample();
    };
    samplePeak();
    this.#stopTimer = options.clock.every(sampleEveryMs, samplePeak);
  }

  onSample(listener: () => void): void {
    this.#onSample = listener;
  }

  get level(): Level {
    return this.#memory.level;
  }

  /**
   * Returns how many writers our memory allows. The level `normal` allows all writers, and `critical` allows one
   * writer. At the level `high`, the number falls linearly as memory grows.
   */
  writers(workers: number): number {
    const { limitBytes, mode } = this.#options;
    if (this.level === 'normal' || mode !== 'on') return workers;
    if (this.level !== 'high') return 1;
    const share = (criticalMark - (this.#rss * 100) / limitBytes) / (criticalMark - highMark);
    return Math.floor(1 + (workers - 1) * Math.min(1, Math.max(0, share)));
  }

  /** True if batches may be prepared before a writer asks for them. False while memory limits the load. */
  get readAhead(): boolean {
    return this.level === 'normal' || this.#options.mode === 'observe';
  }

  get account(): { peakRssBytes: number; highSeconds: number; criticalSeconds: number; forcedGcs: number } {
    const { highSeconds, criticalSeconds } = this.#memory;
    const peakRssBytes = Math.max(this.#peak, this.#options.peak());
    return { peakRssBytes, highSeconds, criticalSeconds, forcedGcs: this.#gcs };
  }

  /**
   * Returns the error of a run whose memory ever exceeded the limit. Null for other runs, and in the modes `observe`
   * and `off`.
   */
  get excess(): MemoryLimitError | null {
    const { limitBytes: limit, mode } = this.#options;
    const { peakRssBytes: peak } = this.account;
    return mode === 'on' && peak > limit ? limitExceeded({ rss: this.#rss, peak, limit }) : null;
  }

  sample(): void {
    if (this.#options.mode !== 'off') {
      const before = this.#memory;
      this.#read();
      if (this.#memory.collect) this.#collect();
      this.#report(before);
    }
    this.#onSample();
  }

  close(): void {
    this.#stopTimer();
  }

  get #figures(): MemoryFigures {
    return { rss: this.#rss, limit: this.#options.limitBytes, peak: this.#peak };
  }

  #read(): void {
    const { probe, limitBytes, clock, drained } = this.#options;
    this.#rss = probe();
    this.#peak = Math.max(this.#peak, this.#rss);
    const sample = { rss: this.#rss, peak: this.#peak, limit: limitBytes, now: clock.monotonic(), drained: drained() };
    this.#memory = watch(this.#memory, sample);
  }

  #collect(): void {
    const { clock, collect, mode } = this.#options;
    const [before, started] = [this.#rss, clock.monotonic()];
    if (mode === 'on') {
      collect();
      this.#gcs++;
    }
    const now = clock.monotonic();
    this.#memory = collected(this.#memory, { before, tookMs: now - started, now });
    this.#read();
  }

  /**
   * Reports each change of level. At the critical level, reports once that a garbage collection did not free enough
   * memory.
   */
  #report(before: Watermarks): void {
    const { notify, stop, mode } = this.#options;
    const { level, retained } = this.#memory;
    const memory = this.#figures;
    if (level !== before.level) {
      if (mode === 'observe') notify(observedNotice(level, memory));
      else if (level === 'stop') stop(limitExceeded(memory));
      else notify(levelNotice(level, memory));
    }
    // In mode `observe`, the watchdog forces no collection, so it cannot know how much memory a collection would free.
    if (retained !== null && before.retained === null && mode === 'on') notify(retainedNotice(memory));
  }
}
