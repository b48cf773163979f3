// Remembers the length of the last timestamp. A shorter timestamp at the very end of an input is probably cut off.

import { NO_TIMESTAMP, POINT_WORDS, SHAPE, TIME_HIGH, TIME_LOW } from '../../core/types/index.js';

export class TimestampLength {
  /** Decimal digits of the last timestamp; 0 before the first timestamp. */
  digits = 0;

  /** Remembers the number of digits of the last timestamp in an index. */
  remember(index: Uint32Array, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const entry = i * POINT_WORDS;
      if (index[entry + SHAPE]! >= NO_TIMESTAMP) continue;
      this.digits = digitsOf(index[entry + TIME_LOW]!, index[entry + TIME_HIGH]!);
      return;
    }
  }

  /** Tests whether the last timestamp has more digits than a 64-bit timestamp in two words. */
  isLongerThan(low: number, high: number): boolean {
    return digitsOf(low, high) < this.digits;
  }
}

function digitsOf(low: number, high: number): number {
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return String(value < 0n ? -value : value).length;
}
