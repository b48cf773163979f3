// Compares timestamps with --expect-time. With a wrong --precision, a timestamp means a time in 1970 or far in the
// future, and servers accept this wrong time.

import type { Problem } from '../../core/problem.js';
import type { InputPrecision } from '../../core/types/index.js';
import { unitNanoseconds } from '../../core/units.js';

/** A range of times in ms since 1970, including `fromMs` and excluding `toMs`. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The default of --expect-time. */
export const usualTimes: TimeRange = { fromMs: Date.UTC(1980), toMs: Date.UTC(2100) };

/** Describes why a timestamp is outside the range; null for a timestamp in the range. */
export function unexpectedTime(
  timestamp: bigint,
  precision: InputPrecision,
  range: TimeRange,
): Omit<Problem, 'tried'> | null {
  if (isWithin(timestamp, precision, range)) return null;
  const fitting = fittingPrecision(timestamp, range);
  const bounds = [range.fromMs, range.toMs].map((ms) => day(BigInt(ms) * 1_000_000n));
  return {
    expected: `timestamps between ${bounds.join(' and ')} (--expect-time)`,
    found: `${timestamp}, which in ${precision} is ${dayIn(timestamp, precision)}`,
    fix:
      fitting === null
        ? 'widen --expect-time, or switch off this check with --expect-time off'
        : `use --precision ${fitting}: then this timestamp is ${dayIn(timestamp, fitting)}`,
  };
}

/** Returns the rejection message for a timestamp outside the range. */
export function unexpectedTimeMessage(timestamp: bigint, precision: InputPrecision, range: TimeRange): string {
  const fitting = fittingPrecision(timestamp, range);
  const found = `found ${timestamp}, which in ${precision} is ${dayIn(timestamp, precision)}, outside --expect-time`;
  return fitting === null
    ? `${found}; if the time is right, widen --expect-time`
    : `${found}; with --precision ${fitting}, the timestamp is ${dayIn(timestamp, fitting)}`;
}

/** Returns a precision in which the timestamp would be in the range; null if there is no such precision. */
export function fittingPrecision(timestamp: bigint, range: TimeRange): InputPrecision | null {
  const units = Object.keys(unitNanoseconds) as InputPrecision[];
  return units.find((unit) => isWithin(timestamp, unit, range)) ?? null;
}

function isWithin(timestamp: bigint, unit: InputPrecision, { fromMs, toMs }: TimeRange): boolean {
  const ns = timestamp * unitNanoseconds[unit];
  return ns >= BigInt(fromMs) * 1_000_000n && ns < BigInt(toMs) * 1_000_000n;
}

function dayIn(timestamp: bigint, unit: InputPrecision): string {
  return day(timestamp * unitNanoseconds[unit]);
}

function day(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? 'beyond the calendar' : date.toISOString().split('T')[0]!;
}
