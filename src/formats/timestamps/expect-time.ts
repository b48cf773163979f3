// A guard against the wrong unit: seconds sent as nanoseconds are answered 200 and lie in 1970. A look at few timestamps
// is enough, and the unit that would fit can be named.

import type { InputPrecision } from '../../core/types/index.js';

/** ns per unit. */
const factors: Record<InputPrecision, bigint> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

/** ms since 1970; `fromMs` included, `toMs` not. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is wrong with a timestamp of this precision, in words; null when it lies in the range. */
export function unexpectedTime(timestamp: bigint, precision: InputPrecision, range: TimeRange): string | null {
  if (lies(timestamp, precision, range)) return null;
  const units = Object.keys(factors) as InputPrecision[];
  const fitting = units.find((unit) => lies(timestamp, unit, range));
  const advice =
    fitting === undefined
      ? 'widen --expect-time, or switch it off'
      : `it would fit as --precision ${fitting} (${day(timestamp * factors[fitting])})`;
  return (
    `expected timestamps between ${day(BigInt(range.fromMs) * 1_000_000n)} and ${day(BigInt(range.toMs) * 1_000_000n)} ` +
    `(--expect-time) — got ${timestamp}, which as ${precision} is ${day(timestamp * factors[precision])} — ${advice}`
  );
}

function lies(timestamp: bigint, unit: InputPrecision, { fromMs, toMs }: TimeRange): boolean {
  const ns = timestamp * factors[unit];
  return ns >= BigInt(fromMs) * 1_000_000n && ns < BigInt(toMs) * 1_000_000n;
}

function day(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? 'beyond all calendars' : date.toISOString().split('T')[0]!;
}
