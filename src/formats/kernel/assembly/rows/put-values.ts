// Writes cells as fields and tags, with the same results as rows/values/put-value.ts and value-writer.ts. Each `put`
// function returns the end of the written text, or 0 if the encoder in TypeScript must read the row. Up to 15 bytes
// after the end may be overwritten.

import { COMMA, DOT, EQUALS, marked, MINUS, SPACE } from '../byte-marks';
import { digitMaskOf, wholeNumber } from '../digits';
import { BACKSLASH } from './row-memory';
import { decimal } from './row-settings';

/** A whole number with more digits than this cannot always be stored exactly as a float. */
const EXACT_DIGITS: usize = 15;

@inline
export function copy(out: usize, from: usize, length: usize): usize {
  for (let n: usize = 0; n < length; n += 16) v128.store(out + n, v128.load(from + n));
  return out + length;
}

/** Clears all bits of a mask except the lowest `count` bits, which stand for the first `count` bytes. */
@inline
export function firstBits(bits: u32, count: usize): u32 {
  return count < 16 ? bits & ((1 << u32(count)) - 1) : bits;
}

/** Copies the UTF-8 sequence at `p`. @returns the length of the sequence; 0 for an invalid sequence */
export function putSequence(p: usize, to: usize, out: usize): usize {
  const lead = u32(load<u8>(p));
  const length: usize = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length > to - p) return 0;
  const low: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  const second = u32(load<u8>(p, 1));
  if (second < low || second > high) return 0;
  for (let q = p + 2; q < p + length; q++) if ((load<u8>(q) & 0xc0) != 0x80) return 0;
  store<u32>(out, load<u32>(p));
  return length;
}

/** Writes a tag value, which must not be empty. */
export function putName(from: usize, to: usize, out: usize): usize {
  const table = i8x16(-1, -1, -1, -1, -1, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f);
  let p = from;
  let o = out;
  while (true) {
    const v = v128.load(p);
    v128.store(o, v);
    const left = to - p;
    const bits = firstBits(v128.bitmask<i8>(marked(v, 0x21, table)), left);
    if (bits == 0) {
      if (left <= 16) return o + left;
      p += 16;
      o += 16;
      continue;
    }
    const plain = usize(ctz(bits));
    p += plain;
    o += plain;
    const byte = u32(load<u8>(p));
    if (byte >= 0x80) {
      const length = putSequence(p, to, o);
      if (length == 0) return 0;
      p += length;
      o += length;
    } else {
      if (byte != SPACE && byte != COMMA && byte != EQUALS) return 0;
      store<u8>(o, BACKSLASH);
      store<u8>(o, byte, 1);
      p++;
      o += 2;
    }
    if (p == to) return o;
  }
}

/**
 * Writes a number of up to 31 bytes.
 * @param exact true to return 0 for a whole number with more than 15 digits, which a float may not store exactly
 */
export function putFloat(from: usize, to: usize, out: usize, exact: bool): usize {
  const length = to - from;
  // The subtraction is unsigned. So this test is true for 0 bytes as well as for more than 31 bytes.
  if (length - 1 >= 31) return 0;
  const first = usize(load<u8>(from) == MINUS);
  let rest = ((u32(1) << u32(length)) - 1) & ~digitMaskOf(from, length) & ~u32(first);
  if (length == first) return 0;
  if (rest == 0) return exact && length - first > EXACT_DIGITS ? 0 : copy(out, from, length);
  let at = usize(ctz(rest));
  if (at == first) return 0;
  let point: usize = 0;
  if (load<u8>(from + at) == decimal) {
    rest &= rest - 1;
    if (rest == 0) return copyNumber(out, from, length, at);
    point = at;
    at = usize(ctz(rest));
  }
  // A number of at most 31 bytes with one or two digits of exponent is below the largest float, so its size needs no
  // check.
  if ((load<u8>(from + at) | 0x20) != 0x65) return 0;
  rest &= rest - 1;
  const sign = u32(load<u8>(from + at, 1));
  if (sign == MINUS || sign == 0x2b) {
    at++;
    rest &= ~(u32(1) << u32(at));
  }
  return rest == 0 && length - at - 2 < 2 ? copyNumber(out, from, length, point) : 0;
}

/**
 * Copies a number and replaces its decimal separator by a dot.
 * @param point index of the separator; 0 without a separator
 */
@inline
function copyNumber(out: usize, from: usize, length: usize, point: usize): usize {
  const end = copy(out, from, length);
  if (point != 0) store<u8>(out + point, DOT);
  return end;
}

/** Tests whether a whole number of 19 or 20 digits fits into 64 bits. */
function isInRange(digits: usize, length: usize, unsigned: bool, negative: bool): bool {
  const head = wholeNumber(digits, 19);
  if (length == 19) return unsigned || head <= u64(i64.MAX_VALUE) + u64(negative);
  const limit = u64.MAX_VALUE / 10;
  return unsigned && (head < limit || (head == limit && load<u8>(digits, 19) <= 0x35));
}

/**
 * Writes an integer field: the number, then `u` for an unsigned field or `i`. Returns 0 for a number with leading
 * zeros.
 */
export function putInteger(from: usize, to: usize, out: usize, unsigned: bool): usize {
  const first = from + usize(load<u8>(from) == MINUS);
  const length = to - first;
  if (length - 1 >= 20 || (unsigned && first > from)) return 0;
  if (load<u8>(first) == 0x30 && length > 1) return 0;
  const all = (u32(1) << u32(length)) - 1;
  if ((digitMaskOf(first, length) & all) != all) return 0;
  if (length > 18 && !isInRange(first, length, unsigned, first > from)) return 0;
  const end = copy(out, from, to - from);
  store<u8>(end, unsigned ? 0x75 : 0x69);
  return end + 1;
}
