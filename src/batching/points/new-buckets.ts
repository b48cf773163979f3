// Finds the points at which a load enters a time bucket of the target for the first time. A batch ends before such a
// point, so that a flush between the two batches writes a finished bucket to disk.

import { POINT_WORDS, type Points } from '../../core/types/index.js';
import { areAllBetween, timeAt } from './bucket-parts.js';

export class NewBuckets {
  readonly #units: number;
  readonly #seen = new Set<number>();
  /** Times from `#from` up to, but not including, `#to` belong to a bucket in `#seen`. */
  #from = 0;
  #to = 0;

  /** @param units length of a bucket, in the time unit of the input; Infinity for a single bucket */
  constructor(units: number) {
    this.#units = units;
    if (units === Number.POSITIVE_INFINITY) [this.#from, this.#to] = [Number.NEGATIVE_INFINITY, units];
  }

  /** Records the bucket of a time. */
  enter(time: number): void {
    if (!this.#isSeen(time)) this.#seen.add(this.#bucketOf(time));
  }

  isNew(time: number): boolean {
    return !this.#isSeen(time);
  }

  /** Returns the index of the first point in [from, to) whose bucket is new; `to` without such a point. */
  endOf({ index, summary }: Pick<Points, 'index' | 'summary'>, from: number, to: number): number {
    if (this.#units === Number.POSITIVE_INFINITY || from >= to) return to;
    const isSeen = this.#isSeen(timeAt(index, from * POINT_WORDS));
    if (isSeen && summary != null && areAllBetween(summary, this.#from, this.#to)) return to;
    for (let i = from, word = from * POINT_WORDS; i < to; i += 1, word += POINT_WORDS) {
      const time = timeAt(index, word);
      if ((time < this.#from || time >= this.#to) && !this.#isSeen(time)) return i;
    }
    return to;
  }

  #bucketOf(time: number): number {
    return Math.floor(time / this.#units);
  }

  #isSeen(time: number): boolean {
    if (time >= this.#from && time < this.#to) return true;
    const bucket = this.#bucketOf(time);
    if (!this.#seen.has(bucket)) return false;
    this.#from = bucket * this.#units;
    this.#to = this.#from + this.#units;
    return true;
  }
}
