// A hash of four 32-bit words. Each word has its own multipliers, as in MurmurHash3.

/** Number of 32-bit words of a hash. */
export const HASH_WORDS = 4;
const [seedA, seedB, seedC, seedD] = [0x243f_6a88, -0x7a5c_f72d, 0x1319_8a2e, 0x0370_7344];

/** Sets a hash to its initial value. */
export function seed(hash: Int32Array): void {
  hash[0] = seedA;
  hash[1] = seedB;
  hash[2] = seedC;
  hash[3] = seedD;
}

/** Adds to the hash the bytes from `from` up to `to`, and the number of these bytes. */
export function absorb(hash: Int32Array, bytes: Uint8Array, from: number, to: number): void {
  let p = from;
  for (; p + 4 <= to; p += 4)
    absorbWord(hash, bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24));
  const length = to - from;
  let rest = length & 0xff;
  for (let shift = 8; p < to; p += 1, shift += 8) rest |= bytes[p]! << shift;
  absorbWord(hash, rest);
  if (length > 0xff) absorbWord(hash, length);
}

/** Adds 32 bits to the hash. */
export function absorbWord(hash: Int32Array, word: number): void {
  const a = hash[0]! ^ Math.imul(word, -0x3361_d2af);
  const b = hash[1]! ^ Math.imul(word, 0x1b87_3593);
  const c = hash[2]! ^ Math.imul(word, -0x7a14_3595);
  const d = hash[3]! ^ Math.imul(word, 0x27d4_eb2f);
  hash[0] = Math.imul((a << 13) | (a >>> 19), 5) - 0x19ab_949c;
  hash[1] = Math.imul((b << 15) | (b >>> 17), 5) + 0x561c_cd1b;
  hash[2] = Math.imul((c << 17) | (c >>> 15), 5) + 0x0bca_a747;
  hash[3] = Math.imul((d << 19) | (d >>> 13), 5) - 0x6932_3cfb;
}

function mixed(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, -0x7a14_3595);
  h ^= h >>> 13;
  h = Math.imul(h, -0x3d4d_51cb);
  return h ^ (h >>> 16);
}

/** Mixes the four words of the hash with each other. */
export function finish(hash: Int32Array): void {
  const sum = (hash[0]! + hash[1]! + hash[2]! + hash[3]!) | 0;
  const a = mixed(sum);
  const b = mixed(hash[1]! + a);
  const c = mixed(hash[2]! + b);
  const d = mixed(hash[3]! + c);
  hash[0] = a + d;
  hash[1] = b;
  hash[2] = c;
  hash[3] = d;
}

/** Completes `identity`, which already contains the hash of the table: adds the sum of the tag hashes and the time. */
export function finishIdentity(identity: Int32Array, tags: Int32Array, seconds: number, nanos: number): void {
  for (let i = 0; i < HASH_WORDS; i += 1) absorbWord(identity, tags[i]!);
  absorbWord(identity, seconds | 0);
  absorbWord(identity, Math.floor(seconds / 2 ** 32));
  absorbWord(identity, nanos);
  finish(identity);
}

/** Adds a hash to a sum of hashes. */
export function addTo(sum: Int32Array, hash: Int32Array): void {
  sum[0] = sum[0]! + hash[0]!;
  sum[1] = sum[1]! + hash[1]!;
  sum[2] = sum[2]! + hash[2]!;
  sum[3] = sum[3]! + hash[3]!;
}
