// Parses values in formats that several servers share.

import type { PointValues } from '../../core/types/index.js';

const dayMs = 86_400_000;

// Durations in the syntax of the Rust crate humantime: a year has 365.25 days, and a month is a twelfth of a year. A
// duration of Go, such as `168h0m0s`, has the same syntax.
const durationUnits: readonly (readonly [RegExp, number])[] = [
  [/^y(ears?|r)?$/i, 365.25 * dayMs],
  [/^(M|months?)$/, (365.25 * dayMs) / 12],
  [/^w(eeks?)?$/i, 7 * dayMs],
  [/^d(ays?)?$/i, dayMs],
  [/^h(ours?|r)?$/i, 3_600_000],
  [/^m(in(utes?)?)?$/, 60_000],
  [/^s(ec(onds?)?)?$/i, 1000],
  [/^ms(ec)?$|^millis$/, 1],
];
const maxDurationText = 100;

/** Parses `1year`, `30days`, `1y 2M` into ms; null for INF. Throws SyntaxError for any other text. */
export function durationMs(text: string): number | null {
  if (/^inf(inite|inity)?$/i.test(text.trim())) return null;
  const parts = text.length > maxDurationText ? [] : [...text.matchAll(/(\d+)\s*([a-z]+)/gi)];
  const known = parts.map(([, count, unit = '']) => {
    const ms = durationUnits.find(([pattern]) => pattern.test(unit) || pattern.test(unit.toLowerCase()))?.[1];
    return Number(count) * (/^(us|ns|micros|nanos)/.test(unit) ? 0 : (ms ?? Number.NaN));
  });
  const sum = known.reduce((total, ms) => total + ms, 0);
  if (parts.length === 0 || Number.isNaN(sum)) throw new SyntaxError(`not a duration: ${text.slice(0, 80)}`);
  return sum;
}

const binaryUnits: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30, T: 2 ** 40 };

/** Parses `128 MiB` or `64K` into bytes; null for any other text. */
export function sizeBytes(text: string): number | null {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?\s*$/i.exec(text.slice(0, 40));
  return found === null ? null : Math.round(Number(found[1]) * (binaryUnits[(found[2] ?? '').toUpperCase()] ?? 1));
}

/** Converts any JSON value to text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/**
 * Tests whether a stored point has the time of the requested point, and exactly its tags. A stored tag with an empty
 * value counts as missing.
 */
export function isSamePoint(wanted: PointValues, stored: PointValues): boolean {
  return (
    wanted.time === stored.time &&
    [...stored.tags].every(([name, value]) => value === (wanted.tags.get(name) ?? '')) &&
    [...wanted.tags].every(([name, value]) => stored.tags.get(name) === value)
  );
}
