// Recognises digits in up to 32 bytes at once, and reads their value.

/** Returns a mask of the 16 bytes at `p`: bit i is set if byte i is a digit. */
@inline
export function digitMask(p: usize): u32 {
  // Digits become -128 to -119. One signed comparison then replaces the five instructions of an unsigned comparison.
  const shifted = v128.add<i8>(v128.load(p), v128.splat<i8>(0x50));
  return v128.bitmask<i8>(v128.lt<i8>(shifted, v128.splat<i8>(-118)));
}

/** Returns a mask of `length` bytes at `p`, at most 32: bit i is set if byte i is a digit. */
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

/** Returns the value of the 1 to 19 digits at `p`; u64.MAX_VALUE if another byte occurs or the length is different. */
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
