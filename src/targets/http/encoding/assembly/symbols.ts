// Computes the symbols of match lengths and distances, and how many extra bits follow each symbol (RFC 1951, 3.2.5).

@inline
export function distanceSymbol(distance: usize): u32 {
  const d = u32(distance - 1);
  if (d < 4) return d;
  const high = 31 - clz(d);
  return 2 * high + ((d >> (high - 1)) & 1);
}

@inline
export function distanceExtra(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol - 2) >> 1;
}

export function lengthSymbol(length: u32): u32 {
  if (length == 258) return 285;
  const l = length - 3;
  if (l < 8) return 257 + l;
  const high = 31 - clz(l);
  return 257 + 4 * (high - 1) + ((l >> (high - 2)) & 3);
}

export function lengthExtra(symbol: u32): u32 {
  return symbol < 265 || symbol == 285 ? 0 : (symbol - 261) >> 2;
}
