// Writes numbers as decimal text without loss, mostly without creating a string. Each `put` function writes at offset
// `at` and returns the offset after the text.

import { DOT, MINUS, ZERO } from '../../../core/ascii.js';

const BILLION = 1_000_000_000;
const WORD = 2 ** 32;
/** A whole number below this limit is printed digit by digit: a double stores up to 15 digits exactly. */
const wholeLimit = 1e15;
/** `putFloat64` tries these numbers of decimal places before the slower `String(value)`. */
const scales = [3, 6];
const powers = [1, 10, 100, 1000, 1e4, 1e5, 1e6];

/** Writes a whole number between 0 and 2^53. */
export function putWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < BILLION) return putSmall(bytes, at, value);
  const upper = Math.floor(value / BILLION);
  return putPadded(bytes, putWhole(bytes, at, upper), value - upper * BILLION, 9);
}

function putSmall(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return putPadded(bytes, at, value, digits);
}

/** Writes exactly `digits` digits (up to 9), with leading zeros. */
export function putPadded(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let p = at + digits - 1; p >= at; p--) {
    const next = (rest / 10) | 0;
    bytes[p] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** Writes a 64-bit integer that consists of two 32-bit words. */
export function putInt64(bytes: Uint8Array, at: number, low: number, high: number, signed: boolean): number {
  if (!signed || high >= 0) return putWords(bytes, at, low >>> 0, high >>> 0);
  bytes[at] = MINUS;
  const negated = -low >>> 0;
  return putWords(bytes, at + 1, negated, (~high + Number(negated === 0)) >>> 0);
}

/** Writes an unsigned 64-bit integer. Divides by a billion in steps, so that no intermediate result exceeds 2^53. */
function putWords(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high === 0) return putWhole(bytes, at, low);
  const first = Math.floor(high / BILLION);
  const middle = (high - first * BILLION) * 65_536 + (low >>> 16);
  const second = Math.floor(middle / BILLION);
  const last = (middle - second * BILLION) * 65_536 + (low & 0xffff);
  const third = Math.floor(last / BILLION);
  const quotient = first * WORD + second * 65_536 + third;
  const rest = last - third * BILLION;
  return quotient === 0 ? putSmall(bytes, at, rest) : putPadded(bytes, putWhole(bytes, at, quotient), rest, 9);
}

/** Writes a finite double. Parsing the text gives exactly the same double. */
export function putFloat64(bytes: Uint8Array, at: number, value: number): number {
  let p = at;
  if (value < 0 || Object.is(value, -0)) bytes[p++] = MINUS;
  const size = Math.abs(value);
  if (size < wholeLimit) {
    const whole = Math.floor(size);
    if (whole === size) return putWhole(bytes, p, size);
    for (let i = 0; i < scales.length; i++) {
      const digits = scales[i]!;
      const scale = powers[digits]!;
      const scaled = Math.round(size * scale);
      // A double stores `scaled` and `scale` exactly. So if their quotient is `size`, parsing the digits gives `size`.
      if (scaled / scale === size && scaled < wholeLimit)
        return putFraction(bytes, p, whole, scaled - whole * scale, digits);
    }
  }
  return putText(bytes, p, String(size));
}

/**
 * Writes a decimal number without trailing zeros. Example: `whole` 12, `fraction` 500, `digits` 3 → `12.5`.
 * @param fraction the first `digits` decimal places, read as a whole number other than 0
 */
function putFraction(bytes: Uint8Array, at: number, whole: number, fraction: number, digits: number): number {
  const p = putWhole(bytes, at, whole);
  bytes[p] = DOT;
  let rest = fraction | 0;
  let length = digits;
  for (let next = (rest / 10) | 0; next * 10 === rest; next = (rest / 10) | 0) {
    rest = next;
    length--;
  }
  return putPadded(bytes, p + 1, rest, length);
}

/** Writes a whole number (below 10^15) with a decimal point before its last `scale` digits: 1250, scale 2 → `12.50`. */
export function putDecimal(bytes: Uint8Array, at: number, unscaled: number, scale: number): number {
  if (scale > 15 || scale < 0) return putText(bytes, at, decimalText(BigInt(unscaled), scale));
  let p = at;
  if (unscaled < 0) bytes[p++] = MINUS;
  const size = Math.abs(unscaled);
  if (scale === 0) return putWhole(bytes, p, size);
  const unit = 10 ** scale;
  const whole = Math.floor(size / unit);
  const rest = size - whole * unit;
  p = putWhole(bytes, p, whole);
  bytes[p++] = DOT;
  if (scale <= 9) return putPadded(bytes, p, rest, scale);
  const upper = Math.floor(rest / BILLION);
  return putPadded(bytes, putPadded(bytes, p, upper, scale - 9), rest - upper * BILLION, 9);
}

/** Writes text that consists of ASCII characters. */
export function putText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Returns a whole number as text, with a decimal point before its last `scale` digits: 5, scale 2 → `0.05`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Tests whether the float parsed from this text prints with the same digits. */
export function isFloatExact(text: string): boolean {
  if (text.replace(/[-.]/g, '').replace(/^0+/, '').length <= 15) return true;
  const plain = (value: string): string => (value.includes('.') ? value.replace(/\.?0+$/, '') : value);
  return plain(String(Number(text))) === plain(text.replace(/^(-?)0+(?=\d)/, '$1'));
}

/**
 * Largest accepted size of a decimal, bytes: twice the size of a 256-bit decimal. A limit is needed, because conversion
 * time grows with the square of the size.
 */
export const maxDecimalBytes = 64;

/** Reads a signed big-endian number of any length. */
export function bigEndianInteger(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  for (let i = from; i < to; i++) value = (value << 8n) | BigInt(bytes[i]!);
  return BigInt.asIntN((to - from) * 8, value);
}

/** Reads a number like `bigEndianInteger`, but without a bigint. Returns null if the number needs more than 6 bytes. */
export function smallInteger(bytes: Uint8Array, from: number, to: number): number | null {
  const sign = from < to && bytes[from]! >= 0x80 ? 0xff : 0;
  let first = from;
  while (first < to && bytes[first] === sign) first++;
  if (to - first > 6) return null;
  let value = 0;
  for (let i = first; i < to; i++) value = value * 256 + bytes[i]!;
  if (sign !== 0) value -= 256 ** (to - first);
  return isSmall(value) ? value : null;
}

/** Tests whether a whole number has at most 15 digits. */
export function isSmall(value: number): boolean {
  return Math.abs(value) < wholeLimit;
}

/** Converts the 16 bits of a half-precision float to a number. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 0) return sign * 2 ** -14 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction);
}

/** Reads a value of type INT32 or INT64. */
export function wholeNumber(view: DataView, p: number, width: number): bigint {
  return width === 8 ? view.getBigInt64(p, true) : BigInt(view.getInt32(p, true));
}

/** Reads a value of type INT32 or INT64 without a bigint. Returns null if it has more than 15 digits. */
export function smallWholeNumber(view: DataView, p: number, width: number): number | null {
  const value = width === 8 ? view.getInt32(p + 4, true) * 2 ** 32 + view.getUint32(p, true) : view.getInt32(p, true);
  return isSmall(value) ? value : null;
}
