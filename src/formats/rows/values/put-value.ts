// Writes a cell as a field value or tag, in a form that all servers read in the same way. Each function writes at `out`
// and returns the offset after the last byte. A negative result is a code that `reasonOf` translates.

import { BACKSLASH, COMMA, DOT, EQUALS, MINUS, PLUS, QUOTE, SLASH } from '../../../core/ascii.js';
import { sequenceEnd } from '../../line-protocol/exact/byte-classes.js';
import { type Reason, reasonNames } from '../../reasons.js';

const INTEGER_LIMITS = ['9223372036854775807', '9223372036854775808'] as const;
const UNSIGNED_LIMIT = '18446744073709551615';
/**
 * A number with more characters than `shortFloat` may exceed the largest float. A whole number with more than
 * `exactDigits` digits may lose digits as a float.
 */
const shortFloat = 300;
const exactDigits = 15;

/** Returns the negative code that stands for a reason. */
export function code(reason: Reason): number {
  return -2 - reasonNames.indexOf(reason);
}

/** Returns the reason that a negative code stands for. */
export function reasonOf(result: number): Reason {
  return reasonNames[-2 - result]!;
}

const badNumber = code('bad-number');
const nonFinite = code('non-finite');
const inexact = code('inexact-integer');
const integerRange = code('integer-range');
const control = code('control-character');
const newline = code('newline-in-name');
const backslash = code('backslash-in-name');
const slash = code('slash-in-measurement');
const badEscape = code('bad-escape');
const badString = code('bad-string-escape');
const badUtf8 = code('invalid-utf8');

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

function digits(bytes: Uint8Array, from: number, to: number): number {
  let p = from;
  while (p < to && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
  return p;
}

/**
 * Writes a decimal number as a float. Rewrites `.5` as `0.5` and `+5` as `5`, because not all servers read the original
 * form.
 * @param exact true to reject a whole number that a float cannot store exactly
 */
export function putFloat(bytes: Uint8Array, from: number, to: number, out: number, exact: boolean): number {
  let p = from;
  let o = out;
  const sign = bytes[p];
  if (sign === MINUS) bytes[o++] = MINUS;
  if (sign === MINUS || sign === PLUS) p++;
  const first = p;
  for (; p < to; p++, o++) {
    const byte = bytes[p]!;
    if (byte < 0x30 || byte > 0x39) break;
    bytes[o] = byte;
  }
  if (p === to && p > first) {
    if (p - first > shortFloat && !isNumberFinite(bytes, from, to)) return nonFinite;
    return exact && p - first > exactDigits && !isExact(text(bytes, first, to)) ? inexact : o;
  }
  if (p === first) {
    if (bytes[p] !== DOT || p === to) return isNonFinite(text(bytes, first, to)) ? nonFinite : badNumber;
    bytes[o++] = 0x30;
  }
  return putRest(bytes, p, to, o, from, p > first);
}

/** Writes the rest of a float after the digits of its whole part: the decimal places and the exponent. */
function putRest(bytes: Uint8Array, from: number, to: number, out: number, start: number, hasDigits: boolean): number {
  let p = from;
  let o = out;
  let some = hasDigits;
  if (bytes[p] === DOT) {
    bytes[o++] = DOT;
    for (p++; p < to; p++, o++) {
      const byte = bytes[p]!;
      if (byte < 0x30 || byte > 0x39) break;
      bytes[o] = byte;
      some = true;
    }
  }
  if (!some) return badNumber;
  if (p === to) return to - start <= shortFloat || isNumberFinite(bytes, start, to) ? o : nonFinite;
  if ((bytes[p]! | 0x20) !== 0x65) return badNumber;
  let q = p + 1;
  if (bytes[q] === PLUS || bytes[q] === MINUS) q++;
  if (q >= to || digits(bytes, q, to) !== to) return badNumber;
  if (!isNumberFinite(bytes, start, to)) return nonFinite;
  while (p < to) bytes[o++] = bytes[p++]!;
  return o;
}

function isNumberFinite(bytes: Uint8Array, from: number, to: number): boolean {
  return Number.isFinite(Number(text(bytes, from, to)));
}

/** Tests whether a float stores this number without loss: the float has the same value, or prints the same digits. */
function isExact(whole: string): boolean {
  const nearest = Number(whole);
  return BigInt(nearest) === BigInt(whole) || String(nearest) === whole;
}

function isNonFinite(word: string): boolean {
  return word.length <= 9 && /^(inf(inity)?|nan)$/i.test(word);
}

/** Writes a 64-bit whole number with its suffix `i` or `u`. */
export function putInteger(bytes: Uint8Array, from: number, to: number, out: number, unsigned: boolean): number {
  const negative = bytes[from] === MINUS;
  const start = negative || bytes[from] === PLUS ? from + 1 : from;
  if (start === to || digits(bytes, start, to) !== to) return badNumber;
  let p = start;
  while (p < to - 1 && bytes[p] === 0x30) p++;
  if (negative && unsigned && bytes[p] !== 0x30) return integerRange;
  const limit = unsigned ? UNSIGNED_LIMIT : INTEGER_LIMITS[negative ? 1 : 0];
  if (to - p > limit.length || (to - p === limit.length && text(bytes, p, to) > limit)) return integerRange;
  let o = out;
  if (negative && !unsigned) bytes[o++] = MINUS;
  while (p < to) bytes[o++] = bytes[p++]!;
  bytes[o++] = unsigned ? 0x75 : 0x69;
  return o;
}

// Classes of bytes. `putString` and `putName` copy a byte of class 0, write a backslash before it (ESCAPE), check the
// UTF-8 sequence that begins with it (HIGH), or reject the text (REJECT).
const ESCAPE = 1;
const HIGH = 2;
const REJECT = 3;
const stringClasses = new Uint8Array(256).fill(HIGH, 0x80);
stringClasses[0] = REJECT;
stringClasses[QUOTE] = ESCAPE;
stringClasses[BACKSLASH] = ESCAPE;
const tagClasses = new Uint8Array(256).fill(REJECT, 0, 0x20).fill(HIGH, 0x80);
tagClasses[0x7f] = REJECT;
tagClasses[BACKSLASH] = REJECT;
tagClasses[0x20] = ESCAPE;
tagClasses[COMMA] = ESCAPE;
tagClasses[EQUALS] = ESCAPE;

/** Writes a string in quotes. */
export function putString(bytes: Uint8Array, from: number, to: number, out: number): number {
  let o = out;
  bytes[o++] = QUOTE;
  for (let p = from; p < to; ) {
    const byte = bytes[p]!;
    const action = stringClasses[byte];
    if (action === HIGH) {
      const next = sequenceEnd(bytes, p);
      if (next < 0 || next > to) return badUtf8;
      while (p < next) bytes[o++] = bytes[p++]!;
      continue;
    }
    if (action === REJECT) return control;
    if (action === ESCAPE) {
      if (byte === BACKSLASH && bytes[p + 1] === QUOTE && p + 1 < to) return badString;
      bytes[o++] = BACKSLASH;
    }
    bytes[o++] = byte;
    p++;
  }
  bytes[o++] = QUOTE;
  return o;
}

/** Writes a tag value, a tag key or a field key. The text must not be empty. */
export function putName(bytes: Uint8Array, from: number, to: number, out: number): number {
  let o = out;
  for (let p = from; p < to; ) {
    const byte = bytes[p]!;
    const action = tagClasses[byte];
    if (action === HIGH) {
      const next = sequenceEnd(bytes, p);
      if (next < 0 || next > to) return badUtf8;
      while (p < next) bytes[o++] = bytes[p++]!;
      continue;
    }
    if (action === REJECT) return byte === BACKSLASH ? backslash : byte === 0x0a || byte === 0x0d ? newline : control;
    if (action === ESCAPE) bytes[o++] = BACKSLASH;
    bytes[o++] = byte;
    p++;
  }
  return o;
}

/** Writes a measurement or field key. Rejects a name whose first byte would need an escape. */
export function putFirstName(bytes: Uint8Array, from: number, to: number, out: number): number {
  return tagClasses[bytes[from]!] === ESCAPE ? badEscape : putName(bytes, from, to, out);
}

/** Writes a measurement, which must not be empty. Rejects a name with an equals sign that also has a space or comma. */
export function putMeasurement(bytes: Uint8Array, from: number, to: number, out: number, slashes: boolean): number {
  const end = putFirstName(bytes, from, to, out);
  if (end < 0) return end;
  const equals = bytes.subarray(from, to).includes(EQUALS);
  if (!slashes && bytes.subarray(from, to).includes(SLASH)) return slash;
  if (!equals) return end;
  if (text(bytes, from, to).match(/[ ,]/)) return badEscape;
  bytes.copyWithin(out, from, to);
  return out + to - from;
}
