// Looks at resident memory, has garbage collected, tells people, and says how many writers memory allows.
// When it only observes it goes through all of that in its own state, so that its words tell what it would have done.

import type { Level } from '../../core/types/index.js';
import type { GovernorOptions } from '../types.js';
import { levelNotice, limitExceeded, observed, retainedNotice } from './memory-messages.js';
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

  /** Down in a straight line from all writers at the high mark to one at the critical mark. */
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
    this.#look();
    if (this.#memory.collect) this.#collect();
    this.#tell(before);
  }

  #look(): void {
    const { probe, limitBytes, clock, drained } = this.#options;
    this.#rss = probe();
    this.#peak = Math.max(this.#peak, this.#rss);
    const sample = { rss: this.#rss, limit: limitBytes, now: clock.monotonic(), drained: drained() };
    this.#memory = watch(this.#memory, sample);
  }

  #collect(): void {
    const { clock, collect, watchdog } = this.#options;
    const [before, started] = [this.#rss, clock.monotonic()];
    if (watchdog === 'on') {
      collect();
      this.#gcs++;
    }
    const now = clock.monotonic();
    this.#memory = collected(this.#memory, { before, tookMs: now - started, now });
    this.#look();
  }

  /** Each change of level once, and once what the allocator keeps. */
  #tell(before: Watermarks): void {
    const { limitBytes, notify, stop, watchdog } = this.#options;
    const { level, retained } = this.#memory;
    const figures = { rss: this.#rss, limit: limitBytes };
    if (level !== before.level) {
      if (watchdog === 'observe') notify(observed(level, figures));
      else if (level === 'stop') stop(limitExceeded(figures));
      else notify(levelNotice(level, figures));
    }
    // Unless everything was really collected nobody knows what is kept.
    if (retained !== null && before.retained === null && watchdog === 'on') notify(retainedNotice(figures));
  }
}
