// Well-formedness of one multi-byte UTF-8 sequence (RFC 3629, table 3-7 of Unicode): the server takes no other bytes.

/**
 * Checks the sequence whose first byte, at `p`, is ≥ 0x80.
 * @returns the offset behind it, or `-1 - q` where q is the offset of the first byte that cannot be there.
 */
export function sequenceEnd(bytes: Uint8Array, p: number): number {
  const lead = bytes[p]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0) return -1 - p;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[p + 1]!;
  if (second < low || second > high) return -2 - p;
  for (let q = p + 2; q < p + length; q++) {
    if ((bytes[q]! & 0xc0) !== 0x80) return -1 - q;
  }
  return p + length;
}
