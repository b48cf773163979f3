// Sums up the bytes of a batch by time bucket of the target. CnosDB stores each bucket in separate vnodes (its units of
// storage). So bulk-load estimates the memory of the target for each bucket separately.

import type { BucketPart, Points } from '../../core/types/index.js';
import { LENGTH, POINT_WORDS, START } from '../../core/types/index.js';
import { PointBucket, timeAt } from './point-bucket.js';

type OpenPart = { -readonly [K in keyof BucketPart]: BucketPart[K] };

export class BucketParts {
  readonly #parts = new Map<number, OpenPart>();
  /** The bucket of `#part`. */
  readonly #bucket: PointBucket;
  #part: OpenPart | null = null;

  /** @param units length of a bucket, in the time unit of the input; Infinity for a single bucket */
  constructor(units: number) {
    this.#bucket = new PointBucket(units);
  }

  get all(): readonly BucketPart[] {
    return [...this.#parts.values()];
  }

  /**
   * Adds one point. `point` is its index in the batch, and `start` its offset in the body.
   * @param time timestamp, in the time unit of the input
   * @param bytes length of the point with its LF
   */
  add(time: number, point: number, start: number, bytes: number): void {
    this.#extend(this.#partOf(time), bytes, point, start, bytes);
  }

  /**
   * Adds `count` points, from point `from` of `index` on. The first added point has index `point` in the batch and
   * begins at offset `start` of the body.
   */
  addRun(
    { index, summary }: Pick<Points, 'index' | 'summary'>,
    from: number,
    count: number,
    point: number,
    start: number,
  ): void {
    let part = this.#partOf(timeAt(index, from * POINT_WORDS));
    if (summary != null && this.#bucket.hasAll(summary)) {
      const final = (from + count - 1) * POINT_WORDS;
      const bytes = index[final + LENGTH]! + 1;
      const end = index[final + START]! + bytes - index[from * POINT_WORDS + START]!;
      this.#extend(part, end, point + count - 1, start + end - bytes, bytes);
      return;
    }
    let begin = start;
    let last = start;
    let end = start;
    for (let i = 0, word = from * POINT_WORDS; i < count; i += 1, word += POINT_WORDS) {
      const time = timeAt(index, word);
      if (!this.#bucket.has(time)) {
        this.#extend(part, end - begin, point + i - 1, last, end - last);
        part = this.#partOf(time);
        begin = end;
      }
      last = end;
      end += index[word + LENGTH]! + 1;
    }
    this.#extend(part, end - begin, point + count - 1, last, end - last);
  }

  #extend(part: OpenPart, bytes: number, lastPoint: number, lastStart: number, lastBytes: number): void {
    part.bytes += bytes;
    part.lastPoint = lastPoint;
    part.lastStart = lastStart;
    part.lastBytes = lastBytes;
  }

  #partOf(time: number): OpenPart {
    if (this.#part !== null && this.#bucket.has(time)) return this.#part;
    this.#bucket.moveTo(time);
    const bucket = this.#bucket.number;
    this.#part = this.#parts.get(bucket) ?? { bucket, bytes: 0, lastPoint: 0, lastStart: 0, lastBytes: 0 };
    this.#parts.set(bucket, this.#part);
    return this.#part;
  }
}
