// One time bucket of the target. Most points of an input belong to the bucket of the point before.

import type { RunSummary } from '../../core/types/index.js';
import { TIME_HIGH, TIME_LOW } from '../../core/types/index.js';

const wordRange = 2 ** 32;

/** The time bucket to which `moveTo` moved last. Contains no time until the first call of `moveTo`. */
export class PointBucket {
  /** Number of the bucket; 0 for a single bucket. */
  number = 0;
  /** Times from `from` up to, but not including, `to` belong to the bucket. */
  from = 0;
  to = 0;
  readonly #units: number;

  /** @param units length of a bucket, in the time unit of the input; Infinity for a single bucket */
  constructor(units: number) {
    this.#units = units;
  }

  has(time: number): boolean {
    return time >= this.from && time < this.to;
  }

  /** Returns true if the summary shows that the times of all points belong to the bucket. */
  hasAll({ minHigh, maxHigh }: RunSummary): boolean {
    return minHigh * wordRange >= this.from && (maxHigh + 1) * wordRange <= this.to;
  }

  numberOf(time: number): number {
    return this.#units === Number.POSITIVE_INFINITY ? 0 : Math.floor(time / this.#units);
  }

  /** Moves to the bucket of a time. */
  moveTo(time: number): void {
    this.number = this.numberOf(time);
    const isSingle = this.#units === Number.POSITIVE_INFINITY;
    this.from = isSingle ? Number.NEGATIVE_INFINITY : this.number * this.#units;
    this.to = isSingle ? Number.POSITIVE_INFINITY : this.from + this.#units;
  }
}

/** Returns the timestamp of the point whose words begin at `word` in `Points.index`, in the time unit of the input. */
export function timeAt(index: Uint32Array, word: number): number {
  return (index[word + TIME_HIGH]! | 0) * wordRange + index[word + TIME_LOW]!;
}
