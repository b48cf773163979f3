// Finds points that the target would not store unchanged, because of their time or length.

import type { Points } from '../../core/types/index.js';
import { LENGTH, NO_TIMESTAMP, POINT_WORDS, SHAPE, START, TIME_HIGH, TIME_LOW } from '../../core/types/index.js';

export interface BoundsRefusal {
  readonly reason: string;
  readonly message: string;
}

/** Bounds of time and length. Times are in the time unit of the input. */
export interface Bounds {
  /** Times from `from` up to, but not including, `to` are expected; null for any time. */
  readonly expected: {
    readonly from: number;
    readonly to: number;
    /** Returns the message about an unexpected time. */
    readonly message: (timestamp: bigint) => string;
  } | null;
  /** Tests whether a timestamp that no server can store would be an expected time if its unit were another one. */
  readonly isMisread: (timestamp: bigint) => boolean;
  /** Oldest time that the target stores; -Infinity for no bound. */
  readonly oldest: number;
  /** Newest time that the target stores; Infinity for no bound. */
  readonly newest: number;
  /** Input time units per time unit of the target: 1000 for µs into ms; 1 if the target stores every time exactly. */
  readonly grain: number;
  /** Length above which `long` examines a point, bytes; Infinity if `long` is never called. */
  readonly longBytes: number;
  readonly long: (point: Uint8Array) => BoundsRefusal | null;
}

export const unbounded: Bounds = {
  expected: null,
  isMisread: () => false,
  oldest: Number.NEGATIVE_INFINITY,
  newest: Number.POSITIVE_INFINITY,
  grain: 1,
  longBytes: Number.POSITIVE_INFINITY,
  long: () => null,
};

const wordRange = 2 ** 32;

export const unexpectedTimeReason = 'unexpected-time';
const expired: BoundsRefusal = {
  reason: 'expired',
  message: "the timestamp is older than the database's TTL, so the target would refuse the point",
};
const ahead: BoundsRefusal = {
  reason: 'ahead',
  message: 'the timestamp is too far in the future, so the target would drop the point',
};

/** A range of high words of timestamps. The high word is the upper 32 bits. Both bounds are exclusive. */
export interface HighWords {
  readonly above: number;
  readonly below: number;
}

/**
 * Returns the range of high words for which every timestamp is within the bounds. The range is empty if the bounds also
 * limit the length or the grain, because a high word does not determine these.
 */
export function safeHighWords(bounds: Bounds): HighWords {
  if (bounds.grain !== 1 || bounds.longBytes !== Number.POSITIVE_INFINITY) return { above: 0, below: 0 };
  const { expected, oldest, newest } = bounds;
  const from = Math.max(oldest, expected?.from ?? Number.NEGATIVE_INFINITY);
  const to = Math.min(newest, expected === null ? Number.POSITIVE_INFINITY : expected.to - 1);
  return { above: Math.floor(from / wordRange), below: Math.floor(to / wordRange) };
}

/** Tests whether a point of this time and length is within the bounds. */
export function isWithin(high: number, low: number, bytes: number, bounds: Bounds): boolean {
  const { expected, oldest, newest, grain, longBytes } = bounds;
  const time = high * wordRange + low;
  if (expected !== null && (time < expected.from || time > expected.to - 1)) return false;
  return time >= oldest && time <= newest && bytes <= longBytes && (grain === 1 || isMultiple(high, low, grain));
}

/**
 * Returns why the target would not store point `i` of a run of points unchanged; null if the target would store it
 * unchanged.
 */
export function refusal(run: Points, i: number, bounds: Bounds): BoundsRefusal | null {
  const { index } = run;
  const word = i * POINT_WORDS;
  const [high, low, start, length] = [
    index[word + TIME_HIGH]! | 0,
    index[word + TIME_LOW]!,
    index[word + START]!,
    index[word + LENGTH]!,
  ];
  if (index[word + SHAPE]! < NO_TIMESTAMP) {
    const time = high * wordRange + low;
    const { expected } = bounds;
    if (expected !== null && (time < expected.from || time > expected.to - 1))
      return { reason: unexpectedTimeReason, message: expected.message(timestampOf(run, i)) };
    if (time < bounds.oldest) return expired;
    if (time > bounds.newest) return ahead;
    if (bounds.grain !== 1 && !isMultiple(high, low, bounds.grain)) return finer(bounds.grain);
  }
  return length > bounds.longBytes ? bounds.long(run.bytes.subarray(start, start + length)) : null;
}

export function timestampOf({ index }: Points, i: number): bigint {
  const word = i * POINT_WORDS;
  return (BigInt(index[word + TIME_HIGH]! | 0) << 32n) | BigInt(index[word + TIME_LOW]!);
}

/**
 * Tests whether a signed 64-bit integer in two words is a multiple of `of`. The test is exact, because intermediate
 * results stay far below 2^53.
 */
function isMultiple(high: number, low: number, of: number): boolean {
  return ((high % of) * (wordRange % of) + low) % of === 0;
}

function finer(grain: number): BoundsRefusal {
  return {
    reason: 'finer-than-target',
    message: `the target would truncate the timestamp: the unit of the target is ${grain} times the unit of --precision; round the timestamps before loading`,
  };
}
