// Finds points that the target would not store as they are, by time and length.

import type { Points } from '../core/types/index.js';
import { LENGTH, NO_TIMESTAMP, POINT_WORDS, SHAPE, START, TIME_HIGH, TIME_LOW } from '../core/types/index.js';

export interface BoundsRefusal {
  readonly reason: string;
  readonly message: string;
}

/** Bounds of time and length. Times are in units of the input. */
export interface Bounds {
  /** Oldest time; -Infinity for no bound. */
  readonly oldest: number;
  /** Newest time; Infinity for no bound. */
  readonly newest: number;
  /** Units of the input in one unit of the target; 1 if the target keeps every timestamp. */
  readonly grain: number;
  /** `long` examines points with more bytes; Infinity for no point. */
  readonly longBytes: number;
  readonly long: (point: Uint8Array) => BoundsRefusal | null;
}

export const unbounded: Bounds = {
  oldest: Number.NEGATIVE_INFINITY,
  newest: Number.POSITIVE_INFINITY,
  grain: 1,
  longBytes: Number.POSITIVE_INFINITY,
  long: () => null,
};

const wordRange = 2 ** 32;

const expired: BoundsRefusal = {
  reason: 'expired',
  message: "the timestamp is older than the database's TTL, so the target would refuse the point",
};
const ahead: BoundsRefusal = {
  reason: 'ahead',
  message: 'the timestamp is further in the future than the target accepts, so the point would be dropped',
};

/** Tests whether every point is within the bounds. */
export function isUnbounded({ oldest, newest, grain, longBytes }: Bounds): boolean {
  const anyTime = oldest === Number.NEGATIVE_INFINITY && newest === Number.POSITIVE_INFINITY;
  return anyTime && grain === 1 && longBytes === Number.POSITIVE_INFINITY;
}

/** Tests whether a point of this time and length is within the bounds. */
export function isWithin(
  high: number,
  low: number,
  bytes: number,
  { oldest, newest, grain, longBytes }: Bounds,
): boolean {
  const time = high * wordRange + low;
  return time >= oldest && time <= newest && bytes <= longBytes && (grain === 1 || isMultiple(high, low, grain));
}

/** Returns why the target would not store point `i` of a run as it is; null if it would. */
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
    if (time < bounds.oldest) return expired;
    if (time > bounds.newest) return ahead;
    if (bounds.grain !== 1 && !isMultiple(high, low, bounds.grain)) return finer(bounds.grain);
  }
  return length > bounds.longBytes ? bounds.long(run.bytes.subarray(start, start + length)) : null;
}

/** Tests a signed 64-bit integer in two words exactly: every intermediate result is far below 2^53. */
function isMultiple(high: number, low: number, of: number): boolean {
  return ((high % of) * (wordRange % of) + low) % of === 0;
}

function finer(grain: number): BoundsRefusal {
  return {
    reason: 'finer-than-target',
    message: `the target would cut the timestamp: its unit is ${grain} times that of --precision; round the timestamps before loading`,
  };
}
