// Finds digits among up to 32 bytes at once, and converts digits to a number.

/** Returns a mask of the 16 bytes at `p`: bit i is set if byte i is a digit. */
@inline
export function digitMask(p: usize): u32 {
  // Adding 0x50 maps the digits to -128 to -119, the lowest signed bytes. One signed comparison then finds the digits;
  // an unsigned comparison would take five instructions.
  const shifted = v128.add<i8>(v128.load(p), v128.splat<i8>(0x50));
  return v128.bitmask<i8>(v128.lt<i8>(shifted, v128.splat<i8>(-118)));
}

/**
 * Returns a mask of the bytes at `p`: bit i is set if byte i is a digit. The mask covers 16 bytes, or 32 bytes if
 * `length` is above 16. The caller must ignore the bits from bit `length` on.
 */
@inline
export function digitMaskOf(p: usize, length: usize): u32 {
  const digits = digitMask(p);
  return length > 16 ? digits | (digitMask(p + 16) << 16) : digits;
}

@inline
function eightDigits(p: usize): u64 {
  let v = load<u64>(p) & 0x0f0f0f0f0f0f0f0f;
  v = (v * 2561) >> 8;
  v = ((v & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((v & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/**
 * Returns the value of the `length` digits at `p`. Returns u64.MAX_VALUE for 0 digits, for more than 19 digits, and if
 * another byte occurs.
 */
@inline
export function wholeNumber(p: usize, length: usize): u64 {
  if (length - 1 >= 19) return u64.MAX_VALUE;
  const all = (u32(1) << u32(length)) - 1;
  if ((digitMaskOf(p, length) & all) != all) return u64.MAX_VALUE;
  const to = p + length;
  let at = p;
  let value: u64 = 0;
  for (; to - at > 7; at += 8) value = value * 100_000_000 + eightDigits(at);
  for (; at < to; at++) value = value * 10 + u64(load<u8>(at) - 0x30);
  return value;
}
