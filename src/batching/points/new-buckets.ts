// Finds the points at which a load enters a time bucket of the target for the first time. A batch ends before such a
// point, so that a flush between the two batches writes a finished bucket to disk.

import { POINT_WORDS, type Points } from '../../core/types/index.js';
import type { FillCursor } from '../fill-position.js';
import { PointBucket, timeAt } from './point-bucket.js';

export class NewBuckets {
  readonly #isSingle: boolean;
  readonly #seen = new Set<number>();
  /** The bucket in `#seen` that was found last. */
  readonly #last: PointBucket;

  /** @param units length of a bucket, in the time unit of the input; Infinity for a single bucket */
  constructor(units: number) {
    this.#isSingle = units === Number.POSITIVE_INFINITY;
    this.#last = new PointBucket(units);
  }

  /** Records the bucket of a time. */
  enter(time: number): void {
    if (this.isNew(time)) this.#seen.add(this.#last.numberOf(time));
  }

  /** Returns true if no earlier point has the bucket of this time. Always false for a database with one bucket. */
  isNew(time: number): boolean {
    return !this.#isSingle && !this.#isSeen(time);
  }

  /**
   * Returns the index of the first point from `cursor.point` on, and before `to`, whose bucket is new. Returns `to` if
   * there is no such point. Small batches need many calls for one run of points. So `cursor` stores which points earlier
   * calls have checked, and no point is checked twice.
   */
  endOf({ index, summary }: Pick<Points, 'index' | 'summary'>, cursor: FillCursor, to: number): number {
    if (this.#isSingle || cursor.point >= to) return to;
    if (summary != null && this.#isSeen(timeAt(index, cursor.point * POINT_WORDS)) && this.#last.hasAll(summary))
      return to;
    let i = Math.max(cursor.point, cursor.seenTo);
    for (let word = i * POINT_WORDS; i < to && this.#isSeen(timeAt(index, word)); i += 1) word += POINT_WORDS;
    cursor.seenTo = i;
    return Math.min(i, to);
  }

  #isSeen(time: number): boolean {
    if (this.#last.has(time)) return true;
    if (!this.#seen.has(this.#last.numberOf(time))) return false;
    this.#last.moveTo(time);
    return true;
  }
}
