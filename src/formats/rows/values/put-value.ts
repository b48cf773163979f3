// Values from the bytes of a cell to the bytes of a field or a tag, in the form that every server reads alike. Each
// function writes at `out` and returns the offset behind what it wrote, or a negative code that `reasonOf` translates.

import { sequenceEnd } from '../../line-protocol/exact/utf8.js';
import { type Reason, reasonNames } from '../../reasons.js';

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const INTEGER_LIMITS = ['9223372036854775807', '9223372036854775808'] as const;
const UNSIGNED_LIMIT = '18446744073709551615';
/** More digits than these may reach beyond the largest float, or beyond what one holds exactly. */
const shortFloat = 300;
const exactDigits = 15;

/** The code of a reason. */
export function code(reason: Reason): number {
  return -2 - reasonNames.indexOf(reason);
}

/** The reason of a negative result. */
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
 * A decimal number as a float; `.5` and `+5` get the form that servers read.
 * @param exact refuse whole numbers that a float cannot hold
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
    if (exact && p - first > exactDigits && !isExact(text(bytes, first, to))) return inexact;
    return p - first <= shortFloat || isNumberFinite(bytes, from, to) ? o : nonFinite;
  }
  if (p === first) {
    if (bytes[p] !== DOT || p === to) return isNonFinite(text(bytes, first, to)) ? nonFinite : badNumber;
    bytes[o++] = 0x30;
  }
  return putRest(bytes, p, to, o, from, p > first);
}

/** Fraction and exponent. */
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

/** Whether the nearest float is this number, or at least is written so: then nobody meant other digits. */
function isExact(whole: string): boolean {
  const nearest = Number(whole);
  return BigInt(nearest) === BigInt(whole) || String(nearest) === whole;
}

function isNonFinite(word: string): boolean {
  return word.length <= 9 && /^(inf(inity)?|nan)$/i.test(word);
}

/** A whole number of 64 bits with its suffix. */
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

// What a byte asks for inside a string, and inside a tag value; 0 for nothing.
const ESCAPE = 1;
const HIGH = 2;
const REFUSE = 3;
const stringClasses = new Uint8Array(256).fill(HIGH, 0x80);
stringClasses[0] = REFUSE;
stringClasses[QUOTE] = ESCAPE;
stringClasses[BACKSLASH] = ESCAPE;
const tagClasses = new Uint8Array(256).fill(REFUSE, 0, 0x20).fill(HIGH, 0x80);
tagClasses[0x7f] = REFUSE;
tagClasses[BACKSLASH] = REFUSE;
tagClasses[0x20] = ESCAPE;
tagClasses[COMMA] = ESCAPE;
tagClasses[EQUALS] = ESCAPE;

/** A string with its quotes. */
export function putString(bytes: Uint8Array, from: number, to: number, out: number): number {
  let o = out;
  bytes[o++] = QUOTE;
  for (let p = from; p < to; ) {
    const byte = bytes[p]!;
    const asks = stringClasses[byte];
    if (asks === HIGH) {
      const next = sequenceEnd(bytes, p);
      if (next < 0 || next > to) return badUtf8;
      while (p < next) bytes[o++] = bytes[p++]!;
      continue;
    }
    if (asks === REFUSE) return control;
    if (asks === ESCAPE) {
      if (byte === BACKSLASH && bytes[p + 1] === QUOTE && p + 1 < to) return badString;
      bytes[o++] = BACKSLASH;
    }
    bytes[o++] = byte;
    p++;
  }
  bytes[o++] = QUOTE;
  return o;
}

/** A tag value, a tag key or a field key; not empty. */
export function putName(bytes: Uint8Array, from: number, to: number, out: number): number {
  let o = out;
  for (let p = from; p < to; ) {
    const byte = bytes[p]!;
    const asks = tagClasses[byte];
    if (asks === HIGH) {
      const next = sequenceEnd(bytes, p);
      if (next < 0 || next > to) return badUtf8;
      while (p < next) bytes[o++] = bytes[p++]!;
      continue;
    }
    if (asks === REFUSE) return byte === BACKSLASH ? backslash : byte === 0x0a || byte === 0x0d ? newline : control;
    if (asks === ESCAPE) bytes[o++] = BACKSLASH;
    bytes[o++] = byte;
    p++;
  }
  return o;
}

/** Of a name at the head of its part of a point: the first byte must need no escape. */
export function putFirstName(bytes: Uint8Array, from: number, to: number, out: number): number {
  return tagClasses[bytes[from]!] === ESCAPE ? badEscape : putName(bytes, from, to, out);
}

/** A measurement; not empty. An equals sign in one needs no escape, and goes together with none. */
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
