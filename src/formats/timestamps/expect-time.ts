// Compares timestamps with --expect-time. Timestamps in a wrong unit are accepted by servers, but lie in 1970 or far ahead.

import type { Problem } from '../../core/problem.js';
import type { InputPrecision } from '../../core/types/index.js';
import { unitNanoseconds } from '../../core/units.js';

/** ms since 1970: `fromMs` is included, `toMs` is not. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Returns what is wrong with a timestamp; null when it lies in the range. */
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
    found: `${timestamp}, which in ${precision} is ${day(timestamp * unitNanoseconds[precision])}`,
    fix:
      fitting === null
        ? 'widen --expect-time or turn it off with --expect-time off'
        : `add --precision ${fitting}: then it is ${day(timestamp * unitNanoseconds[fitting])}`,
  };
}

/** Returns the precision in which a timestamp lies in the range; null when none fits. */
export function fittingPrecision(timestamp: bigint, range: TimeRange): InputPrecision | null {
  const units = Object.keys(unitNanoseconds) as InputPrecision[];
  return units.find((unit) => isWithin(timestamp, unit, range)) ?? null;
}

function isWithin(timestamp: bigint, unit: InputPrecision, { fromMs, toMs }: TimeRange): boolean {
  const ns = timestamp * unitNanoseconds[unit];
  return ns >= BigInt(fromMs) * 1_000_000n && ns < BigInt(toMs) * 1_000_000n;
}

function day(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? 'beyond the calendar' : date.toISOString().split('T')[0]!;
}
