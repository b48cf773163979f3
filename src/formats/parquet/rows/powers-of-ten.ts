// Computes the powers of ten with which the WebAssembly parser prints doubles.

import { MAX_POWER, MIN_POWER } from '../../kernel/assembly/rows/columns/column-memory.js';

const wordBits = 64n;

/**
 * Returns the first 128 significant bits of each power of ten from MIN_POWER to MAX_POWER, rounded up. Each power takes
 * two 64-bit words: first the high word, then the low word.
 */
export function powersOfTen(): BigUint64Array {
  const words: bigint[] = [];
  for (let power = MIN_POWER; power <= MAX_POWER; power++) {
    const whole = 10n ** BigInt(Math.abs(power));
    const bits = BigInt(whole.toString(2).length);
    // `whole` is a power of ten above 1, so it is not a power of two. Therefore, the quotient has exactly 128 bits.
    const value = power < 0 ? (1n << (127n + bits)) / whole + 1n : scaled(whole, 128n - bits);
    words.push(value >> wordBits, BigInt.asUintN(64, value));
  }
  return BigUint64Array.from(words);
}

/** Shifts left by `places` bits. If `places` is negative, shifts right and rounds up. */
function scaled(value: bigint, places: bigint): bigint {
  return places >= 0n ? value << places : -(-value >> -places);
}
