// A 64-bit hash of names and shapes, computed in 32-bit halves. The fast path computes the same hash with 64-bit
// multiplications.

/** Low and high half of the multiplier, which is 2^64 divided by the golden ratio. */
export const MULTIPLIER_LOW = 0x7f4a7c15;
export const MULTIPLIER_HIGH = 0x9e3779b9;

/** A 64-bit hash that is computed step by step. The object is mutable, so that hashing allocates nothing. */
export class Hash {
  low = 0;
  high = 0;
  readonly #seedLow: number;
  readonly #seedHigh: number;

  constructor(seed: bigint) {
    this.#seedLow = Number(seed & 0xffff_ffffn);
    this.#seedHigh = Number(seed >> 32n);
  }

  set(low: number, high: number): void {
    this.low = low;
    this.high = high;
  }

  /** Computes state = (state ^ word) * MULTIPLIER; state ^= state >>> 32. */
  mix(low: number, high: number): void {
    this.multiply(low, high);
    this.low ^= this.high;
  }

  /** Computes state = (state ^ word) * MULTIPLIER. */
  multiply(low: number, high: number): void {
    const a = this.low ^ low;
    const b = this.high ^ high;
    const a0 = a & 0xffff;
    const a1 = a >>> 16;
    const k0 = MULTIPLIER_LOW & 0xffff;
    const k1 = MULTIPLIER_LOW >>> 16;
    const cross = a1 * k0 + ((a0 * k0) >>> 16);
    const cross2 = a0 * k1 + (cross & 0xffff);
    const carried = a1 * k1 + (cross >>> 16) + (cross2 >>> 16);
    const product = (carried + Math.imul(a, MULTIPLIER_HIGH) + Math.imul(b, MULTIPLIER_LOW)) | 0;
    this.high = product;
    this.low = Math.imul(a, MULTIPLIER_LOW);
  }

  /**
   * Hashes bytes [from, to). The state begins with the seed XOR the length, then mixes in words of 8 bytes
   * (little-endian). The last word is padded with zeros and mixed in by `multiply` instead of `mix`.
   */
  bytes(bytes: Uint8Array, from: number, to: number): void {
    this.set(this.#seedLow ^ (to - from), this.#seedHigh);
    let p = from;
    for (; to - p > 8; p += 8) this.mix(word(bytes, p, to), word(bytes, p + 4, to));
    this.multiply(word(bytes, p, to), word(bytes, p + 4, to));
  }
}

function word(bytes: Uint8Array, p: number, to: number): number {
  if (p + 4 <= to) {
    return (bytes[p] as number) | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
  }
  let value = 0;
  for (let i = p, shift = 0; i < to; i++, shift += 8) value |= bytes[i]! << shift;
  return value;
}
