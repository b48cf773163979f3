// Units of sizes, durations and timestamps. Parsing is strict: a duration needs a unit, and a size without a unit must
// be a whole number of bytes.

import type { InputPrecision } from './types/input.js';

/** For each precision, the number of nanoseconds in one unit. */
export const unitNanoseconds: Readonly<Record<InputPrecision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
};

/** For each precision, the number of units in one millisecond; 0.001 for seconds. */
export const unitsPerMs: Readonly<Record<InputPrecision, number>> = { ns: 1_000_000, us: 1_000, ms: 1, s: 0.001 };

/** For each precision, the number of decimal places of a second. */
export const unitDecimals: Readonly<Record<InputPrecision, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

export const KIB = 1024;
export const MIB = 1024 * KIB;
/** `M` is decimal as in Kubernetes and SI, so that a limit never exceeds the user's intent; `Mi` is binary. */
const sizeUnits: Record<string, number> = {
  '': 1,
  b: 1,
  ...Object.fromEntries(
    ['k', 'm', 'g', 't'].flatMap((letter, i) => {
      const [decimal, binary] = [1000 ** (i + 1), KIB ** (i + 1)];
      return [
        [letter, decimal],
        [`${letter}b`, decimal],
        [`${letter}i`, binary],
        [`${letter}ib`, binary],
      ];
    }),
  ),
};
const durationUnits: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

function quantity(text: string, units: Record<string, number>): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text.trim());
  const unit = match && units[match[2].toLowerCase()];
  return match && unit ? Math.round(Number(match[1]) * unit) : null;
}

/** Parses `64KiB`, `1.5GiB`, `10MB`, `512M`, `512Mi`, or whole bytes; null for other text and above 2^53 − 1 bytes. */
export function parseSize(text: string): number | null {
  if (/^\d+\.\d+$/.test(text.trim())) return null;
  const bytes = quantity(text, sizeUnits);
  return bytes !== null && Number.isSafeInteger(bytes) ? bytes : null;
}

/** Parses `250ms`, `30s`, `5m`, `2h`, `1d` or `0` into ms; null for other text, such as a number without a unit. */
export function parseDuration(text: string): number | null {
  if (text.trim() === '0') return 0;
  const ms = quantity(text, durationUnits);
  return ms !== null && Number.isSafeInteger(ms) ? ms : null;
}

/** Formats ms for people, rounded to at most two units: `250ms`, `12.5s`, `3m 20s`, `3d 4h`. Infinity is `forever`. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'forever';
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${trimmed(ms / 1e3)}s`;
  const seconds = Math.round(ms / 1e3);
  if (seconds < 3600) return pair(seconds, 60, 'm', 's');
  const minutes = Math.round(seconds / 60);
  return minutes < 1440 ? pair(minutes, 60, 'h', 'm') : pair(Math.round(minutes / 60), 24, 'd', 'h');
}

function pair(amount: number, per: number, large: string, small: string): string {
  const rest = amount % per;
  return `${Math.floor(amount / per)}${large}${rest === 0 ? '' : ` ${rest}${small}`}`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
