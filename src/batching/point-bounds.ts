// Which points the target keeps as they are, by time and length.

import type { Points } from '../core/types/index.js';
import { LENGTH, NO_TIMESTAMP, POINT_WORDS, SHAPE, START, TIME_HIGH, TIME_LOW } from '../core/types/index.js';

export interface BoundsRefusal {
  readonly reason: string;
  readonly message: string;
}

/** Times in units of the input. */
export interface Bounds {
  /** -Infinity for none. */
  readonly oldest: number;
  /** Infinity for none. */
  readonly newest: number;
  /** Units that make one of the target's; 1: it keeps every timestamp. */
  readonly grain: number;
  /** Longer points are looked into by `long`; Infinity: none. */
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
  message: "older than the database's TTL keeps: the target would refuse it",
};
const ahead: BoundsRefusal = {
  reason: 'ahead',
  message: 'further in the future than the target takes: it would be dropped',
};

/** Whether no point has to be looked at. */
export function isUnbounded({ oldest, newest, grain, longBytes }: Bounds): boolean {
  const anyTime = oldest === Number.NEGATIVE_INFINITY && newest === Number.POSITIVE_INFINITY;
  return anyTime && grain === 1 && longBytes === Number.POSITIVE_INFINITY;
}

/** Whether a point of so many bytes and that time needs no further look. */
export function isWithin(
  high: number,
  low: number,
  bytes: number,
  { oldest, newest, grain, longBytes }: Bounds,
): boolean {
  const time = high * wordRange + low;
  return time >= oldest && time <= newest && bytes <= longBytes && (grain === 1 || isMultiple(high, low, grain));
}

/** Why point `i` of a run would not be kept as it is; null: it is. */
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

/** Of a signed 64-bit integer in two words, exactly: every intermediate result is far below 2^53. */
function isMultiple(high: number, low: number, of: number): boolean {
  return ((high % of) * (wordRange % of) + low) % of === 0;
}

function finer(grain: number): BoundsRefusal {
  return {
    reason: 'finer-than-target',
    message: `the target would cut its timestamp, since ${grain} units of --precision are one of the target's; round the timestamps before loading`,
  };
}
