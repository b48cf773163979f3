// Byte constants and helpers of the fast paths for lines and for rows. A SIMD load may read up to 16 bytes beyond the
// bytes that it tests.

export const LF: u32 = 0x0a;
export const CR: u32 = 0x0d;
export const SPACE: u32 = 0x20;
export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const MINUS: u32 = 0x2d;
export const DOT: u32 = 0x2e;
export const EQUALS: u32 = 0x3d;

/** 2^64 divided by the golden ratio (Knuth, TAOCP 3, 6.4). Multiplying a hash by this number spreads its bits. */
export const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

@inline
export function mix(state: u64, word: u64): u64 {
  const product = (state ^ word) * MULTIPLIER;
  return product ^ (product >> 32);
}

/**
 * Returns 0xff for each byte of `v` that is below `least`, beyond ASCII or in `table`; 0 for every other byte. `table`
 * has 16 places. A byte stands at the place (byte >> 3) & 15: the quote (0x22) stands at place 4.
 */
@inline
export function marked(v: v128, least: i8, table: v128): v128 {
  // The comparison is signed. Bytes from 0x80 on are negative, so they count as low, like control characters.
  const low = v128.lt<i8>(v, v128.splat<i8>(least));
  const marks = v128.eq<i8>(v, v128.swizzle(table, v128.and(v128.shr<u16>(v, 3), i8x16.splat(0x0f))));
  return v128.or(low, marks);
}

/** Recognises `true`, `True` and `TRUE`. */
export function isTrueWord(p: usize, length: usize): bool {
  if (length != 4) return false;
  const word = load<u32>(p);
  return word == 0x65757274 || word == 0x65757254 || word == 0x45555254;
}

/** Recognises `false`, `False` and `FALSE`. */
export function isFalseWord(p: usize, length: usize): bool {
  if (length != 5) return false;
  const head = load<u32>(p);
  const last = load<u8>(p, 4);
  if (head == 0x736c6166 || head == 0x736c6146) return last == 0x65;
  return head == 0x534c4146 && last == 0x45;
}
