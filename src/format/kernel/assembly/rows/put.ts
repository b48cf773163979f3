// Values from the bytes of a cell to those of a field or tag, as ../../../rows/put.ts and value.ts write them. Each function
// returns the offset behind what it wrote; 0 leaves the row to them. Up to 15 bytes more may be overwritten behind.

import { BACKSLASH, COMMA, DOT, EQUALS, MINUS, SPACE } from './memory';

/** More digits may not be exact as a float. */
const EXACT_DIGITS: usize = 15;

@inline
export function copy(out: usize, from: usize, length: usize): usize {
  for (let n: usize = 0; n < length; n += 16) v128.store(out + n, v128.load(from + n));
  return out + length;
}

/** Bytes at `p` that are digits, a bit each. */
@inline
export function digitMask(p: usize): u32 {
  // Digits become -128 to -119: one signed comparison where an unsigned one takes five instructions.
  const shifted = v128.add<i8>(v128.load(p), v128.splat<i8>(0x50));
  return v128.bitmask<i8>(v128.lt<i8>(shifted, v128.splat<i8>(-118)));
}

/** Bytes that cannot be copied as they are: below `floor` or beyond ASCII, or in the table by their bits 3 to 6. */
@inline
export function special(v: v128, floor: i8, table: v128): u32 {
  const low = v128.lt<i8>(v, v128.splat<i8>(floor));
  const marks = v128.eq<i8>(v, v128.swizzle(table, v128.and(v128.shr<u16>(v, 3), v128.splat<i8>(0x0f))));
  return v128.bitmask<i8>(v128.or(low, marks));
}

/** Length of the well-formed UTF-8 sequence at `p`; 0 where there is none, or where bytes are none of UTF-8. */
export function sequence(p: usize, to: usize): usize {
  const lead = u32(load<u8>(p));
  const length: usize = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > to - p) return 0;
  const low: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  const second = u32(load<u8>(p, 1));
  if (second < low || second > high) return 0;
  for (let q = p + 2; q < p + length; q++) if ((load<u8>(q) & 0xc0) != 0x80) return 0;
  return length;
}

/** A tag value; not empty. */
export function putName(from: usize, to: usize, out: usize): usize {
  const table = i8x16(-1, -1, -1, -1, -1, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f);
  let p = from;
  let o = out;
  while (true) {
    const v = v128.load(p);
    v128.store(o, v);
    const left = to - p;
    let bits = special(v, 0x21, table);
    if (left < 16) bits &= (1 << u32(left)) - 1;
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
      const length = sequence(p, to);
      if (length == 0) return 0;
      store<u32>(o, load<u32>(p));
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

/** A number as short as most are. @param exact whole ones have to be exact as a float */
export function putFloat(from: usize, to: usize, out: usize, exact: bool): usize {
  const length = to - from;
  // Neither empty nor over 31.
  if (length - 1 >= 31) return 0;
  let digits = digitMask(from);
  if (length > 16) digits |= digitMask(from + 16) << 16;
  const first = usize(load<u8>(from) == MINUS);
  let rest = ((u32(1) << u32(length)) - 1) & ~digits & ~u32(first);
  if (length == first) return 0;
  if (rest == 0) return exact && length - first > EXACT_DIGITS ? 0 : copy(out, from, length);
  let at = usize(ctz(rest));
  if (at == first) return 0;
  if (load<u8>(from + at) == DOT) {
    rest &= rest - 1;
    if (rest == 0) return copy(out, from, length);
    at = usize(ctz(rest));
  }
  // An exponent of one or two digits leads to no infinity from there.
  if ((load<u8>(from + at) | 0x20) != 0x65) return 0;
  rest &= rest - 1;
  const sign = u32(load<u8>(from + at, 1));
  if (sign == MINUS || sign == 0x2b) {
    at++;
    rest &= ~(u32(1) << u32(at));
  }
  return rest == 0 && length - at - 2 < 2 ? copy(out, from, length) : 0;
}

/** A whole number of at most 18 digits, none of them a zero that says nothing. */
export function putInteger(from: usize, to: usize, out: usize, unsigned: bool): usize {
  const first = from + usize(load<u8>(from) == MINUS);
  const length = to - first;
  if (length - 1 >= 18 || (unsigned && first > from)) return 0;
  if (load<u8>(first) == 0x30 && length > 1) return 0;
  let digits = digitMask(first);
  if (length > 16) digits |= digitMask(first + 16) << 16;
  const all = (u32(1) << u32(length)) - 1;
  if ((digits & all) != all) return 0;
  const end = copy(out, from, to - from);
  store<u8>(end, unsigned ? 0x75 : 0x69);
  return end + 1;
}

/** The letter of a word for a boolean; 0 for another word. */
export function booleanLetter(p: usize, length: usize): u32 {
  const head = load<u32>(p);
  if (length == 4) return head == 0x65757274 || head == 0x65757254 || head == 0x45555254 ? 0x74 : 0;
  if (length != 5) return 0;
  const last = load<u8>(p, 4);
  if (head == 0x736c6166 || head == 0x736c6146) return last == 0x65 ? 0x66 : 0;
  return head == 0x534c4146 && last == 0x45 ? 0x66 : 0;
}
