// Reads resident memory, forces collections, reports levels, and derives how many writers memory allows.
// An observing watchdog runs the same state machine, so its notices report what it would have done.

import type { Level } from '../../core/types/index.js';
import type { GovernorOptions } from '../types.js';
import { levelNotice, limitExceeded, observedNotice, retainedNotice } from './memory-messages.js';
import { calm, collected, criticalMark, highMark, type Watermarks, watch } from './watermarks.js';

export class Watchdog {
  readonly #options: GovernorOptions;
  #memory: Watermarks = calm;
  #rss = 0;
  #peak = 0;
  #gcs = 0;

  constructor(options: GovernorOptions) {
    this.#options = options;
  }

  get level(): Level {
    return this.#memory.level;
  }

  /** Writers that memory allows: falls linearly from all at the high mark to one at the critical mark. */
  get writers(): number {
    const { workers, limitBytes, watchdog } = this.#options;
    if (this.level === 'normal' || watchdog !== 'on') return workers;
    if (this.level !== 'high') return 1;
    const share = (criticalMark - (this.#rss * 100) / limitBytes) / (criticalMark - highMark);
    return Math.floor(1 + (workers - 1) * Math.min(1, Math.max(0, share)));
  }

  get account(): { peakRssBytes: number; highSeconds: number; criticalSeconds: number; forcedGcs: number } {
    const { highSeconds, criticalSeconds } = this.#memory;
    return { peakRssBytes: this.#peak, highSeconds, criticalSeconds, forcedGcs: this.#gcs };
  }

  sample(): void {
    if (this.#options.watchdog === 'off') return;
    const before = this.#memory;
    this.#read();
    if (this.#memory.collect) this.#collect();
    this.#report(before);
  }

  #read(): void {
    const { probe, limitBytes, clock, drained } = this.#options;
    this.#rss = probe();
    this.#peak = Math.max(this.#peak, this.#rss);
    const sample = { rss: this.#rss, limit: limitBytes, now: clock.monotonic(), drained: drained() };
    this.#memory = watch(this.#memory, sample);
  }

  #collect(): void {
    const { clock, collect, watchdog } = this.#options;
    const [before, started] = [this.#rss, clock.monotonic()];
    let freed = 0;
    if (watchdog === 'on') {
      freed = collect();
      this.#gcs++;
    }
    const now = clock.monotonic();
    this.#memory = collected(this.#memory, { before, freed, tookMs: now - started, now });
    this.#read();
  }

  /** Reports each change of level, and the memory that the allocator retains, once. */
  #report(before: Watermarks): void {
    const { limitBytes, notify, stop, watchdog } = this.#options;
    const { level, retained } = this.#memory;
    const memory = { rss: this.#rss, limit: limitBytes };
    if (level !== before.level) {
      if (watchdog === 'observe') notify(observedNotice(level, memory));
      else if (level === 'stop') stop(limitExceeded(memory));
      else notify(levelNotice(level, memory));
    }
    // An observing watchdog collects nothing, so the retained amount is unknown.
    if (retained !== null && before.retained === null && watchdog === 'on') notify(retainedNotice(memory));
  }
}
