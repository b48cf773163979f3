// Builds the bytes to append to a point: the zeros that turn seconds into milliseconds, or a generated timestamp. A
// generated timestamp is the start of the load plus the number of earlier points. So all generated timestamps differ,
// and a point that is sent again has the same timestamp.

import type { InputPrecision } from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';

const low = 1_000_000_000;
const zero = 48;

export class TimestampSuffixes {
  /** Suffix of each point that has a timestamp; null if such points need no suffix. */
  readonly stamped: Uint8Array | null;
  readonly #bytes = new Uint8Array(32);
  readonly #high: bigint;
  readonly #low: number;
  readonly #seconds: boolean;

  /**
   * @param startMs start of the load, ms since 1970
   * @param sendsSeconds true if seconds are sent unchanged
   */
  constructor(precision: InputPrecision, startMs: number, sendsSeconds = false) {
    this.#seconds = precision === 's' && !sendsSeconds;
    this.stamped = this.#seconds ? Uint8Array.of(zero, zero, zero) : null;
    const base =
      precision === 's' ? BigInt(Math.floor(startMs / 1000)) : BigInt(startMs) * BigInt(unitsPerMs[precision]);
    this.#high = base / BigInt(low);
    this.#low = Number(base % BigInt(low));
  }

  /**
   * Returns the suffix ` <timestamp>` of a point that follows `before` points. The bytes are valid until the next call.
   */
  missing(before: number): Uint8Array {
    const sum = this.#low + before;
    const high = this.#high + BigInt(Math.floor(sum / low));
    const text = ` ${high === 0n ? '' : high}${String(sum % low).padStart(high === 0n ? 1 : 9, '0')}${this.#seconds ? '000' : ''}`;
    for (let i = 0; i < text.length; i += 1) this.#bytes[i] = text.charCodeAt(i);
    return this.#bytes.subarray(0, text.length);
  }
}
