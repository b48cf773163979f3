// Determines the type ("kind") of an unquoted field value, as all supported servers read it.

import { BOOLEAN, FLOAT, INTEGER, UNSIGNED } from '../../kernel/assembly/lines/line-memory.js';
import type { Reason } from '../../reasons.js';

const booleans = new Set(['t', 'T', 'f', 'F', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE']);
const INTEGER_LIMITS = ['9223372036854775807', '9223372036854775808'] as const;
const UNSIGNED_LIMIT = '18446744073709551615';

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function skipDigits(bytes: Uint8Array, p: number, to: number): number {
  while (p < to && isDigit(bytes[p]!)) p++;
  return p;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/**
 * Returns the kind of the unquoted, non-empty value in [from, to), or the reason why it is invalid.
 * @param leadingPoints true if a number may begin with a decimal point
 */
export function valueKind(bytes: Uint8Array, from: number, to: number, leadingPoints: boolean): number | Reason {
  const first = bytes[from]!;
  const signed = first === 0x2b || first === 0x2d;
  if (signed || isDigit(first) || (leadingPoints && first === 0x2e)) return numberKind(bytes, from, to, signed);
  if (to - from <= 5 && booleans.has(text(bytes, from, to))) return BOOLEAN;
  return first === 0x2e || /^(inf(inity)?|nan)$/i.test(text(bytes, from, Math.min(to, from + 12)))
    ? 'bad-number'
    : 'bad-value';
}

function numberKind(bytes: Uint8Array, from: number, to: number, signed: boolean): number | Reason {
  const start = signed ? from + 1 : from;
  const whole = skipDigits(bytes, start, to);
  let p = whole;
  if (p === to && p > start) return floatKind(bytes, from, to, false);
  const suffix = bytes[p]!;
  if (p === to - 1 && p > start && (suffix === 0x69 || suffix === 0x75)) return integerKind(bytes, from, p, suffix);
  let digits = whole - start;
  if (p < to && suffix === 0x2e) {
    p = skipDigits(bytes, p + 1, to);
    digits += p - whole - 1;
  }
  if (digits === 0) return nonNumber(bytes, start, to);
  let exponent = false;
  if (p < to && (bytes[p]! | 0x20) === 0x65) {
    exponent = true;
    p++;
    if (p < to && (bytes[p] === 0x2b || bytes[p] === 0x2d)) p++;
    const exponentStart = p;
    p = skipDigits(bytes, p, to);
    if (p === exponentStart) return 'bad-number';
  }
  return p === to ? floatKind(bytes, from, to, exponent) : 'bad-number';
}

/**
 * Returns the reason to reject a value with other text instead of digits. Servers accept texts such as `-inf`, but
 * queries do not return them.
 */
function nonNumber(bytes: Uint8Array, start: number, to: number): Reason {
  return /^(inf(inity)?|nan)$/i.test(text(bytes, start, Math.min(to, start + 12))) ? 'non-finite' : 'bad-number';
}

/**
 * Returns FLOAT, or `non-finite` for a number beyond the largest float. Only a number with an exponent or more than 300
 * digits can exceed the largest float.
 */
function floatKind(bytes: Uint8Array, from: number, to: number, exponent: boolean): number | Reason {
  if (!exponent && to - from <= 300) return FLOAT;
  return Number.isFinite(Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')))
    ? FLOAT
    : 'non-finite';
}

function integerKind(bytes: Uint8Array, from: number, to: number, suffix: number): number | Reason {
  const sign = bytes[from]!;
  const unsigned = suffix === 0x75;
  if (sign === 0x2b || (unsigned && sign === 0x2d)) return 'bad-number';
  const start = sign === 0x2d ? from + 1 : from;
  const limit = unsigned ? UNSIGNED_LIMIT : INTEGER_LIMITS[sign === 0x2d ? 1 : 0];
  const kind = unsigned ? UNSIGNED : INTEGER;
  if (to - start < limit.length) return kind;
  return to - start === limit.length && text(bytes, start, to) <= limit ? kind : 'integer-range';
}
