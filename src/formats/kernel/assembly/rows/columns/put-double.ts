// Writes numbers as decimal text, in the notation of ECMAScript. For a double, writes the fewest digits that read back
// as the same double. If several texts are equally short, writes the nearest text. The algorithm is Schubfach:
// Raffaello Giulietti, "The Schubfach way to render doubles" (2020),
// https://drive.google.com/file/d/1gp5xv4CAa78SVgCeWfGqqI4FfYYYuNFb. Function names follow the paper.

import { DOT, MINUS } from '../../byte-marks';
import { MIN_POWER } from './column-memory';

const ZERO: u32 = 0x30;
const ZEROS: u64 = 0x3030303030303030;
/** A double below this limit that is a whole number is written as an integer: 12.0 becomes `12`. */
const WHOLE_LIMIT: f64 = 1e15;
/** A number with more digits than this before the decimal point is written with an exponent: 1e21 becomes `1e+21`. */
const MAX_WHOLE_DIGITS: i32 = 21;
/**
 * A number below 1 with at most this many zeros after the decimal point is written without an exponent: `0.000001`, but
 * `1e-7`.
 */
const MAX_LEADING_ZEROS: i32 = 5;
const FRACTION_BITS: u64 = 52;
const BIAS: i32 = 1075;

/**
 * Address of the table of powers of ten, which begins with 10^MIN_POWER. Each power has two 64-bit words, the high word
 * first.
 */
let powers: usize = 0;
/** High word of the product that `multiply` returned last. */
let high: u64 = 0;
/** Exponent of the power of ten that belongs to the digits from `toDecimal`: 125 with exponent -1 means 12.5. */
let exponent: i32 = 0;

export function setPowers(at: u32): void {
  powers = at;
}

/**
 * Returns the 8 digits of a number below 10^8 as bytes from 0 to 9. The lowest byte contains the first digit: 12
 * becomes 0x0201000000000000, for the digits 00000012.
 */
@inline
function eightDigits(value: u32): u64 {
  const halves = u64(value / 10_000) | (u64(value % 10_000) << 32);
  const tops = ((halves * 10_486) >> 20) & 0x0000007f0000007f;
  const hundreds = ((halves - 100 * tops) << 16) + tops;
  const tens = ((hundreds * 103) >> 10) & 0x000f000f000f000f;
  return tens + ((hundreds - 10 * tens) << 8);
}

/** Writes a number below 10^8 as decimal digits, without leading zeros. */
@inline
function putUpToEight(value: u32, out: usize): usize {
  const digits = eightDigits(value);
  const zeros = min<u64>(ctz(digits) >> 3, 7);
  store<u64>(out, (digits + ZEROS) >> (zeros << 3));
  return out + 8 - usize(zeros);
}

/** Writes a whole number. Up to 15 bytes after the end may be overwritten. */
export function putWhole(value: u64, out: usize): usize {
  if (value < 100_000_000) return putUpToEight(u32(value), out);
  const upper = value / 100_000_000;
  const end = putWhole(upper, out);
  store<u64>(end, eightDigits(u32(value - upper * 100_000_000)) + ZEROS);
  return end + 8;
}

/** Writes a signed number. */
export function putSigned(value: i64, out: usize): usize {
  if (value >= 0) return putWhole(u64(value), out);
  store<u8>(out, MINUS);
  return putWhole(0 - u64(value), out + 1);
}

/** Writes a finite double at `out`. The text needs up to 25 bytes. @returns the end of the text */
export function putDouble(value: f64, out: usize): usize {
  const bits = reinterpret<u64>(value);
  let at = out;
  if (bits >> 63 != 0) store<u8>(at++, MINUS);
  const size = abs(value);
  if (size < WHOLE_LIMIT) {
    const whole = u64(size);
    if (f64(whole) == size) return putWhole(whole, at);
    const end = putShortFraction(size, whole, at);
    if (end != 0) return end;
  }
  return layOut(toDecimal(bits & 0x7fffffffffffffff), at);
}

/**
 * Writes a positive number with few decimal places, such as 12.5: up to 6 places below 10^9, otherwise up to 3.
 * @returns the end of the text; 0 if the number needs the general algorithm (`toDecimal`)
 */
@inline
function putShortFraction(size: f64, whole: u64, out: usize): usize {
  const isSmall = size < 1e9;
  const scale: f64 = isSmall ? 1e6 : 1e3;
  const scaled = nearest(size * scale);
  // `scaled` and `scale` are exact, and both the division and a parser round to the nearest double. So if the quotient
  // equals `size`, parsing the text gives `size` again.
  if (scaled / scale != size || scaled >= WHOLE_LIMIT) return 0;
  const unit: u64 = isSmall ? 1_000_000 : 1000;
  const fraction = u32(u64(scaled) - whole * unit) * (isSmall ? 100 : 100_000);
  const point = putWhole(whole, out);
  const digits = eightDigits(fraction);
  store<u8>(point, DOT);
  store<u64>(point + 1, digits + ZEROS);
  return point + 9 - usize(clz(digits) >> 3);
}

/** Returns the low 64 bits of the 128-bit product a * b, and sets `high` to its high 64 bits. */
@inline
function multiply(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  high = aHigh * bHigh + (middle >> 32) + (other >> 32);
  return a * b;
}

/**
 * Multiplies a 128-bit power of ten by `cp` and drops the low 128 bits of the product. If the dropped bits are not
 * negligible, the lowest bit of the result is set, so that comparisons with the result notice the remainder.
 */
@inline
function roundToOdd(powerHigh: u64, powerLow: u64, cp: u64): u64 {
  multiply(powerLow, cp);
  const carried = high;
  const low = multiply(powerHigh, cp) + carried;
  return (high + u64(low < carried)) | u64(low > 1);
}

/**
 * Returns the shortest digits that read back as this positive double, as an integer. Zeros may follow these digits.
 * Sets `exponent`.
 */
function toDecimal(bits: u64): u64 {
  const fraction = bits & 0x000fffffffffffff;
  const biased = i32(bits >> FRACTION_BITS);
  const c = biased == 0 ? fraction : fraction | 0x0010000000000000;
  const q = (biased == 0 ? 1 : biased) - BIAS;
  const isClose = fraction == 0 && biased > 1;
  // The exponent in integer arithmetic: floor(log10(2^q)); if `isClose`, floor(log10(3/4 * 2^q)).
  const k = (q * 1_262_611 - (isClose ? 524_031 : 0)) >> 22;
  const h = u64(q + ((-k * 1_741_647) >> 19) + 1);
  const power = powers + (usize(-k - MIN_POWER) << 4);
  const powerHigh = load<u64>(power);
  const powerLow = load<u64>(power, 8);
  const odd = c & 1;
  const lower = roundToOdd(powerHigh, powerLow, (4 * c - 2 + u64(isClose)) << h) + odd;
  const middle = roundToOdd(powerHigh, powerLow, (4 * c) << h);
  const upper = roundToOdd(powerHigh, powerLow, (4 * c + 2) << h) - odd;
  const s = middle >> 2;
  if (s >= 10) {
    const tens = s / 10;
    const isLowerInside = lower <= 40 * tens;
    const isUpperInside = 40 * tens + 40 <= upper;
    if (isLowerInside != isUpperInside) {
      exponent = k + 1;
      return tens + u64(isUpperInside);
    }
  }
  exponent = k;
  const isLowerInside = lower <= 4 * s;
  const isUpperInside = 4 * s + 4 <= upper;
  if (isLowerInside != isUpperInside) return s + u64(isUpperInside);
  const half = 4 * s + 2;
  return s + u64(middle > half || (middle == half && (s & 1) != 0));
}

/** Writes `value` * 10^`exponent` in the notation of ECMAScript's Number::toString: `12.5`, `1e+21`, `1e-7`. */
function layOut(value: u64, out: usize): usize {
  let digits = value;
  let zeros = exponent;
  for (let next = digits / 10; next * 10 == digits; next = digits / 10) {
    digits = next;
    zeros++;
  }
  const end = putWhole(digits, out + 1);
  const length = i32(end - out - 1);
  const point = length + zeros;
  if (point > 0 && point <= MAX_WHOLE_DIGITS) {
    memory.copy(out, out + 1, min(point, length));
    for (let i = length; i < point; i++) store<u8>(out + i, ZERO);
    if (point >= length) return out + point;
    store<u8>(out + point, DOT);
    return end;
  }
  if (point <= 0 && point >= -MAX_LEADING_ZEROS) {
    const first = out + 2 - point;
    memory.copy(first, out + 1, length);
    memory.fill(out, u8(ZERO), 2 - point);
    store<u8>(out, DOT, 1);
    return first + length;
  }
  store<u8>(out, load<u8>(out, 1));
  store<u8>(out, DOT, 1);
  const mark = length == 1 ? out + 1 : end;
  store<u8>(mark, 0x65);
  store<u8>(mark, point > 0 ? 0x2b : MINUS, 1);
  return putWhole(u64(abs(point - 1)), mark + 2);
}
