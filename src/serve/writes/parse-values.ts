// Parsers of single values that accept exactly what CnosDB 2.4.3 accepts, oddities included.

import { BACKSLASH, QUOTE } from '../../core/ascii.js';
import { unreadable } from '../request-refusal.js';

/** Types of fields, named as in the server's errors. */
export type StoredFieldType = 'F64' | 'I64' | 'U64' | 'BOOL' | 'STRING';
export type StoredFieldValue = number | bigint | boolean | string;

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const nonFinite = /^([+-]?)(?:inf|infinity|nan)$/i;
const booleans = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE']);
const MAX_I64 = 2n ** 63n - 1n;
const MIN_I64 = -(2n ** 63n);
const MAX_U64 = 2n ** 64n - 1n;

function invalid(bytes: Buffer, from: number, to: number): Error {
  return unreadable(`invalid field value: '${bytes.toString('utf8', from, to)}'`);
}

/** Returns the type of a non-empty value, from its first and last byte. */
export function fieldType(bytes: Buffer, from: number, to: number): StoredFieldType {
  const first = bytes[from];
  if (first === QUOTE) return 'STRING';
  if (first === 116 || first === 84 || first === 102 || first === 70) return 'BOOL';
  if (first !== 43 && first !== 45 && (first < 48 || first > 57)) throw invalid(bytes, from, to);
  const last = bytes[to - 1];
  return last === 105 ? 'I64' : last === 117 ? 'U64' : 'F64';
}

/**
 * Parses a number without a suffix. A number of up to 15 characters without an exponent is computed as an integer
 * divided by a power of ten: `1.25` is 125 / 100. The result of this division is rounded correctly.
 */
export function readFloat(bytes: Buffer, from: number, to: number): number {
  const first = bytes[from];
  let at = first === 45 || first === 43 ? from + 1 : from;
  const digits = at;
  let mantissa = 0;
  let point = -1;
  for (; at < to; at++) {
    const byte = bytes[at];
    if (byte >= 48 && byte <= 57) mantissa = mantissa * 10 + (byte - 48);
    else if (byte === 46 && point < 0 && at > digits) point = at;
    else return readOtherFloat(bytes, from, to);
  }
  if (at === digits || at - digits > 15) return readOtherFloat(bytes, from, to);
  const value = point < 0 ? mantissa : mantissa / 10 ** (to - point - 1);
  return first === 45 ? -value : value;
}

function readOtherFloat(bytes: Buffer, from: number, to: number): number {
  const text = bytes.toString('latin1', from, to);
  if (decimal.test(text)) return Number(text);
  const match = nonFinite.exec(text);
  if (match === null) throw invalid(bytes, from, to);
  if (/nan$/i.test(text)) return Number.NaN;
  return match[1] === '-' ? -Infinity : Infinity;
}

/** Parses `12i` or `12u`; the range includes the suffix. */
export function readInteger(bytes: Buffer, from: number, to: number, unsigned: boolean): bigint {
  const text = bytes.toString('latin1', from, to - 1);
  if (!(unsigned ? /^0*\d{1,20}$/ : /^-?0*\d{1,20}$/).test(text)) throw invalid(bytes, from, to);
  const value = BigInt(text);
  if (unsigned ? value > MAX_U64 : value > MAX_I64 || value < MIN_I64) throw invalid(bytes, from, to);
  return value;
}

/** Parses a boolean: `t`, `T`, `true`, `True` or `TRUE`, and the same forms of `false`. */
export function readBoolean(bytes: Buffer, from: number, to: number): boolean {
  if (to - from > 1 && !booleans.has(bytes.toString('latin1', from, to))) throw invalid(bytes, from, to);
  return bytes[from] === 116 || bytes[from] === 84;
}

/**
 * Parses a quoted string: `"a\"b"` is the text `a"b`. Drops a backslash before `"` or `\`, unless the byte before the
 * backslash was dropped, too.
 */
export function readString(bytes: Buffer, from: number, to: number, escaped: boolean): string {
  if (to - from < 2 || bytes[to - 1] !== QUOTE) throw invalid(bytes, from, to);
  if (!escaped) return bytes.toString('utf8', from + 1, to - 1);
  const unescaped = Buffer.allocUnsafe(to - from);
  let size = 0;
  let dropped = false;
  for (let at = from + 1; at < to - 1; at++) {
    const next = at + 1 < to - 1 ? bytes[at + 1] : 0;
    const escapes = bytes[at] === BACKSLASH && (next === QUOTE || next === BACKSLASH);
    if (escapes && dropped && next === QUOTE) throw invalid(bytes, from + 1, to - 1);
    if (escapes && !dropped) dropped = true;
    else {
      unescaped[size++] = bytes[at];
      dropped = false;
    }
  }
  return unescaped.toString('utf8', 0, size);
}

/** Parses a name or tag value: `a\,b` is the text `a,b`. Throws for a comma, space or `=` without a backslash. */
export function readName(bytes: Buffer, from: number, to: number, escaped: boolean): string {
  if (!escaped) return bytes.toString('utf8', from, to);
  const unescaped = Buffer.allocUnsafe(to - from);
  let size = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (at > from && (byte === 44 || byte === 32 || byte === 61)) {
      if (bytes[at - 1] !== BACKSLASH) throw unreadable('invalid line protocol syntax');
      size--;
    }
    unescaped[size++] = byte;
  }
  return unescaped.toString('utf8', 0, size);
}

const BILLION = 1_000_000_000n;

/** Parses a timestamp. At the end of a body (`lenient`), ignores text after the digits. */
export function readTime(bytes: Buffer, from: number, to: number, lenient: boolean): bigint | null {
  let at = bytes[from] === 45 ? from + 1 : from;
  const digits = at;
  let high = 0;
  let low = 0;
  for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) {
    if (at - digits < 10) high = high * 10 + (bytes[at] - 48);
    else low = low * 10 + (bytes[at] - 48);
  }
  if (at === digits || (at < to && !lenient)) return null;
  if (at - digits === 19 && high < 9_000_000_000)
    return bytes[from] === 45 ? -(BigInt(high) * BILLION + BigInt(low)) : BigInt(high) * BILLION + BigInt(low);
  const text = bytes.toString('latin1', from, at);
  if (!/^-?0*\d{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  return value > MAX_I64 || value < MIN_I64 ? null : value;
}
