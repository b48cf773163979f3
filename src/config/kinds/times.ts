// Kinds of option values: time ranges, time zones and time formats.

import { z } from 'zod';
import { unitDecimals } from '../../core/units.js';
import { parsed, scalar } from './parsed.js';

/** A range FROM..TO in ms since 1970, including `fromMs` and excluding `toMs`. */
export function timeRange() {
  const expected = 'FROM..TO, where FROM and TO are years, or dates such as 2024-01-31, and FROM is before TO';
  return parsed(scalar, expected, (text) => {
    const [fromMs, toMs, ...more] = text.split('..').map((end) => instant(end.trim()));
    return more.length === 0 && fromMs < toMs ? { fromMs, toMs } : null;
  });
}

/** A time format is a name such as `rfc3339`, or a pattern such as `%d.%m.%Y`. The pattern is checked later. */
export function timeFormat() {
  const names = ['auto', 'rfc3339', ...Object.keys(unitDecimals)];
  const expected = `one of ${names.join(', ')}, or a pattern such as %d.%m.%Y %H:%M:%S`;
  return parsed(z.string(), expected, (text) => (names.includes(text) || text.includes('%') ? text : null));
}

export function timezone() {
  return parsed(z.string(), 'a time zone such as Europe/Berlin, UTC or +01:00', (text) => (isZone(text) ? text : null));
}

/**
 * Parses a year, a date or a time into ms since 1970. A year or date means its first instant in UTC. Returns NaN for
 * other text.
 */
function instant(text: string): number {
  const shape = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?)?)?$/;
  return shape.test(text) ? Date.parse(text) : Number.NaN;
}

function isZone(text: string): boolean {
  // UTC and offsets are checked without Intl, which takes 80 ms to load all zones.
  if (text === 'UTC' || /^[+-]\d\d:\d\d$/.test(text)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format();
    return true;
  } catch {
    return false;
  }
}
