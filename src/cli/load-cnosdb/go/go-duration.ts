// Durations as Go's time.ParseDuration reads them: `1h2m`, `.5s`, `-3ms`, and `0` without a unit.

import { GoError, quoted } from './go-scalars.js';

/** Nanoseconds. */
const units: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds. */
export function parseDuration(text: string): bigint {
  const negative = text.startsWith('-');
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return 0n;
  if (body === '') throw new GoError(`time: invalid duration ${quoted(text)}`);
  const parts = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  let total = 0;
  while (parts.lastIndex < body.length) {
    const found = parts.exec(body);
    if (found === null) throw new GoError(`time: invalid duration ${quoted(text)}`);
    const [, number, unit] = found;
    if (unit === '') throw new GoError(`time: missing unit in duration ${quoted(text)}`);
    if (!Object.hasOwn(units, unit!))
      throw new GoError(`time: unknown unit ${quoted(unit!)} in duration ${quoted(text)}`);
    total += Number(number) * units[unit!]!;
  }
  if (total > 2 ** 63) throw new GoError(`time: invalid duration ${quoted(text)}`);
  return BigInt(Math.round(negative ? -total : total));
}
