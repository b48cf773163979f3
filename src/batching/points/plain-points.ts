// Finds plain points, which need no further check. A plain point has known columns and a timestamp within the bounds,
// and follows the point before it directly. Plain points of line protocol are sent unchanged. Plain points of formats
// with rows, such as CSV, have been rewritten as line protocol.

import { LF } from '../../core/ascii.js';
import type { Points, RunSummary } from '../../core/types/index.js';
import {
  LENGTH,
  LINE,
  POINT_WORDS,
  SHAPE,
  SOURCE_LENGTH,
  SOURCE_START,
  START,
  TIME_HIGH,
  TIME_LOW,
} from '../../core/types/index.js';
import { sideBytes } from '../batch-entries.js';
import { type Bounds, type HighWords, isWithin } from './point-bounds.js';

/** Rules that decide whether a point is plain. */
export interface PlainRules {
  /** Number of values of a point, by shape number; -1 for a shape that is not known. */
  readonly plain: Int32Array;
  /** Number of field slots of a row, by shape number. A row has one field slot for each field of its table. */
  readonly slots: Uint32Array;
  readonly bounds: Bounds;
  /** A timestamp is certainly within the bounds if its high word is in this range. */
  readonly safe: HighWords;
}

/** Where the next points may go in a batch: the place after which the first point must start, and the free space. */
export interface PlainRoom {
  /** Offset of the line end before the first point. */
  readonly last: number;
  /** Line before the first point, as its distance from `Points.firstLine`; -1 if the first point is on that line. */
  readonly line: number;
  /** Space for points with their line ends, bytes. */
  readonly bytes: number;
  /** Space for the original input of rewritten points, bytes. */
  readonly sourceBytes: number;
}

export interface PlainPoints {
  readonly count: number;
  /** True if the points differ from their original input, because the format has rewritten them. */
  readonly isRewritten: boolean;
  /** Offset of the line end after the last point. */
  readonly last: number;
  readonly line: number;
  /** Bytes of all points with their line ends. */
  readonly bytes: number;
  readonly sourceEnd: number;
  readonly values: number;
  readonly slots: number;
}

/** Finds the consecutive plain points that begin at index `from` of a run of points and end before index `to`. */
export function plainPoints(
  run: Points,
  from: number,
  to: number,
  room: PlainRoom,
  { plain, slots: widths, bounds, safe }: PlainRules,
): PlainPoints {
  const { index, summary } = run;
  const first = from * POINT_WORDS;
  if (summary != null && summary.minHigh > safe.above && summary.maxHigh < safe.below)
    return plainInSummary(run, summary, from, to, room, { plain, slots: widths });
  const isRewritten = sideBytes(index, first) > 0;
  const source = index[first + SOURCE_START]!;
  const sourceLimit = source + room.sourceBytes;
  let { last, line } = room;
  let [bytes, values, slots, sourceEnd, i] = [0, 0, 0, source, from];
  for (let word = first; i < to; i += 1, word += POINT_WORDS) {
    const start = index[word + START]!;
    const length = index[word + LENGTH]!;
    const shape = index[word + SHAPE]!;
    const sourceStart = index[word + SOURCE_START]!;
    const sourceLength = index[word + SOURCE_LENGTH]!;
    // `shape` is at least `plain.length` if the point has no timestamp or no shape number.
    const amount = shape < plain.length ? plain[shape]! : -1;
    if (amount < 0 || start !== last + 1 || bytes + length + 1 > room.bytes) break;
    if (isRewritten) {
      const isEnded = run.bytes[start + length] === LF;
      if (!isEnded || sourceStart < sourceEnd || sourceStart + sourceLength > sourceLimit) break;
      // An unchanged point begins one line after the point before it. Only an LF separates the two points.
    } else if (start !== sourceStart || length !== sourceLength || index[word + LINE] !== line + 1) break;
    const high = index[word + TIME_HIGH]! | 0;
    const isSafe = high > safe.above && high < safe.below;
    if (!isSafe && !isWithin(high, index[word + TIME_LOW]!, length, bounds)) break;
    last = start + length;
    sourceEnd = sourceStart + sourceLength;
    line = index[word + LINE]!;
    bytes += length + 1;
    values += amount;
    slots += widths[shape]!;
  }
  return { count: i - from, isRewritten, last, line, bytes, sourceEnd, values, slots };
}

/** Finds plain points with the summary of all points. The caller has checked that all timestamps are within bounds. */
function plainInSummary(
  { index }: Points,
  { isRewritten, shape }: RunSummary,
  from: number,
  to: number,
  room: PlainRoom,
  rules: Pick<PlainRules, 'plain' | 'slots'>,
): PlainPoints {
  const first = from * POINT_WORDS;
  const start = index[first + START]!;
  const source = index[first + SOURCE_START]!;
  const isNext = start === room.last + 1 && (isRewritten || index[first + LINE] === room.line + 1);
  const fits = (i: number): boolean => {
    const word = i * POINT_WORDS;
    const sourceBytes = index[word + SOURCE_START]! + index[word + SOURCE_LENGTH]! - source;
    const isRoom = index[word + START]! + index[word + LENGTH]! + 1 - start <= room.bytes;
    return isRoom && (!isRewritten || sourceBytes <= room.sourceBytes);
  };
  const end = isNext ? firstWithout(from, to, fits) : from;
  const { count, values, slots } =
    shape === null ? sumOfShapes(index, from, end, rules) : sumOfShape(shape, end - from, rules);
  if (count === 0)
    return { count, isRewritten, last: room.last, line: room.line, bytes: 0, sourceEnd: source, values, slots };
  const word = (from + count - 1) * POINT_WORDS;
  const last = index[word + START]! + index[word + LENGTH]!;
  const sourceEnd = index[word + SOURCE_START]! + index[word + SOURCE_LENGTH]!;
  return { count, isRewritten, last, line: index[word + LINE]!, bytes: last + 1 - start, sourceEnd, values, slots };
}

/** Returns the first number of [from, to) that fails the test, by binary search; `to` if all numbers pass. */
function firstWithout(from: number, to: number, passes: (i: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface ShapeSum {
  readonly count: number;
  readonly values: number;
  readonly slots: number;
}

function sumOfShape(shape: number, count: number, { plain, slots }: Pick<PlainRules, 'plain' | 'slots'>): ShapeSum {
  const amount = shape < plain.length ? plain[shape]! : -1;
  return amount < 0
    ? { count: 0, values: 0, slots: 0 }
    : { count, values: count * amount, slots: count * slots[shape]! };
}

/** Counts the points in [from, to), their values and their slots. Stops at the first point with an unknown shape. */
function sumOfShapes(
  index: Uint32Array,
  from: number,
  to: number,
  { plain, slots: widths }: Pick<PlainRules, 'plain' | 'slots'>,
): ShapeSum {
  let [values, slots, i] = [0, 0, from];
  for (let word = from * POINT_WORDS + SHAPE; i < to; i += 1, word += POINT_WORDS) {
    const shape = index[word]!;
    const amount = shape < plain.length ? plain[shape]! : -1;
    if (amount < 0) break;
    values += amount;
    slots += widths[shape]!;
  }
  return { count: i - from, values, slots };
}
