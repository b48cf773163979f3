// Reads RFC 3339 times such as `2024-01-31T12:34:56.789Z`. Also reads variants that databases write: a space instead of
// `T`, no offset, an offset without minutes, or only a date.

import { COLON, MINUS, PLUS } from '../../core/ascii.js';
import { days, type Instant } from './instant.js';

/** Reads the time in [from, to) into `instant`. Returns false if the text has another form. */
export function readRfc3339(bytes: Uint8Array, from: number, to: number, instant: Instant): boolean {
  const year = number(bytes, from, 4);
  const month = number(bytes, from + 5, 2);
  const day = number(bytes, from + 8, 2);
  if (to - from < 10 || year < 0 || month < 0 || day < 0) return false;
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return false;
  const date = days(year, month, day);
  if (date === null) return false;
  instant.nanos = 0;
  instant.inexact = false;
  instant.offset = null;
  instant.seconds = date * 86_400;
  return to === from + 10 || readTime(bytes, from + 10, to, instant);
}

function readTime(bytes: Uint8Array, from: number, to: number, instant: Instant): boolean {
  const separator = bytes[from]! | 0x20;
  const hour = number(bytes, from + 1, 2);
  const minute = number(bytes, from + 4, 2);
  const second = number(bytes, from + 7, 2);
  if (to < from + 9 || (separator !== 0x74 && separator !== 0x20)) return false;
  if (bytes[from + 3] !== COLON || bytes[from + 6] !== COLON) return false;
  if (hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 59) return false;
  instant.seconds += hour * 3600 + minute * 60 + second;
  const at = readFraction(bytes, from + 9, to, instant);
  return at >= 0 && readOffset(bytes, at, to, instant);
}

/**
 * Reads the decimal places of the seconds, if there are any.
 * @returns the offset after the digits; -1 if no digit follows the dot or comma
 */
function readFraction(bytes: Uint8Array, from: number, to: number, instant: Instant): number {
  if (from === to || (bytes[from] !== 0x2e && bytes[from] !== 0x2c)) return from;
  let p = from + 1;
  let nanos = 0;
  let unit = 100_000_000;
  for (; p < to; p++) {
    const digit = bytes[p]! - 0x30;
    if (digit < 0 || digit > 9) break;
    if (unit === 0) {
      instant.inexact ||= digit !== 0;
      continue;
    }
    nanos += digit * unit;
    unit = unit === 1 ? 0 : unit / 10;
  }
  instant.nanos = nanos;
  return p === from + 1 ? -1 : p;
}

/** Reads the UTC offset: `Z`, `+01:00`, `+0100`, `+01` or nothing. Returns false for other text. */
export function readOffset(bytes: Uint8Array, from: number, to: number, instant: Instant): boolean {
  if (from === to) return true;
  const sign = bytes[from];
  if ((sign! | 0x20) === 0x7a) {
    instant.offset = 0;
    return to === from + 1;
  }
  if (sign !== PLUS && sign !== MINUS) return false;
  const hours = to < from + 3 ? -1 : number(bytes, from + 1, 2);
  const colon = bytes[from + 3] === COLON ? 1 : 0;
  const minutes = to === from + 3 ? 0 : to === from + 5 + colon ? number(bytes, from + 3 + colon, 2) : -1;
  if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59) return false;
  instant.offset = (sign === MINUS ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

/** Reads a number with exactly `length` digits. Returns -1 if one of the bytes is not a digit. */
export function number(bytes: Uint8Array, from: number, length: number): number {
  let value = 0;
  for (let p = from; p < from + length; p++) {
    const digit = bytes[p]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
