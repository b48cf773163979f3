// Remembers how long the last timestamp was: a shorter one at the very end of an input is cut off.

import { NO_TIMESTAMP, POINT_WORDS, SHAPE, TIME_HIGH, TIME_LOW } from '../../core/types/index.js';

export class TimestampLength {
  /** Decimal digits of the last timestamp; 0 before the first. */
  digits = 0;

  /** Takes the last timestamp of the entries in an index. */
  remember(index: Uint32Array, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const entry = i * POINT_WORDS;
      if (index[entry + SHAPE]! >= NO_TIMESTAMP) continue;
      this.digits = digitsOf(index[entry + TIME_LOW]!, index[entry + TIME_HIGH]!);
      return;
    }
  }

  /** True when the 64-bit timestamp in two words has fewer digits than the last one. */
  isLongerThan(low: number, high: number): boolean {
    return digitsOf(low, high) < this.digits;
  }
}

function digitsOf(low: number, high: number): number {
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return String(value < 0n ? -value : value).length;
}
