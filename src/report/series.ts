// The run over time, for a picture: a bounded number of samples at even distances. When it is full every second one
// is merged into the next and the distance doubles, so the memory of a day is that of ten minutes.

import type { Level, Snapshot } from '../model.js';

/** One stretch of time, ended by `seconds` since the start of the run. */
export interface Sample {
  readonly seconds: number;
  /** The most within the stretch, bytes. */
  readonly rssBytes: number;
  readonly limitBytes: number;
  /** Acknowledged within the stretch, per second of it. */
  readonly pointsPerSecond: number;
  /** Writers allowed at its end. */
  readonly writers: number;
  /** The worst within it. */
  readonly level: Level;
}

interface Kept extends Omit<Sample, 'pointsPerSecond'> {
  readonly loaded: number;
}

/** Shortest distance, s. */
const firstEvery = 1;
const mostSamples = 600;
const levels: readonly Level[] = ['normal', 'high', 'critical', 'stop'];

export class Series {
  #every = firstEvery;
  #kept: Kept[] = [];
  #origin: { readonly seconds: number; readonly loaded: number } | null = null;

  /** Looks within one stretch are merged into one sample. */
  add({ seconds, points, memory, writers }: Snapshot): void {
    const { rssBytes, limitBytes, level } = memory;
    const now = { seconds, rssBytes, limitBytes, writers: writers.limit, level, loaded: points.loaded };
    this.#origin ??= now;
    this.#keep(now);
    if (this.#kept.length > mostSamples) this.#thin();
  }

  samples(): Sample[] {
    return this.#kept.map(({ loaded, ...sample }, i) => {
      const before = this.#kept[i - 1] ?? this.#origin!;
      const elapsed = sample.seconds - before.seconds;
      return { ...sample, pointsPerSecond: elapsed > 0 ? (loaded - before.loaded) / elapsed : 0 };
    });
  }

  #keep(sample: Kept): void {
    const last = this.#kept.at(-1);
    const same = last !== undefined && this.#stretch(last) === this.#stretch(sample);
    if (same) this.#kept[this.#kept.length - 1] = merged(last, sample);
    else this.#kept.push(sample);
  }

  #stretch({ seconds }: Kept): number {
    return Math.floor(seconds / this.#every);
  }

  #thin(): void {
    const before = this.#kept;
    this.#every *= 2;
    this.#kept = [];
    for (const sample of before) this.#keep(sample);
  }
}

function merged(first: Kept, second: Kept): Kept {
  const worst = levels.indexOf(first.level) > levels.indexOf(second.level) ? first.level : second.level;
  return { ...second, rssBytes: Math.max(first.rssBytes, second.rssBytes), level: worst };
}
