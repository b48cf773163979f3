// Converts the digits of a timestamp to a signed 64-bit integer in two words. Rejects times that the server does not
// accept.

import type { InputPrecision } from '../../../core/types/index.js';

const BILLION = 1_000_000_000;

/**
 * Largest absolute timestamp of each unit: 2^63 ns minus two years of 366 days. The number is billions * 10^9 + rest.
 * The server sorts times into buckets, which extend up to a year to either side of a time. Beyond this limit, a bound
 * of the bucket overflows, and the server refuses the whole request.
 */
export const timeLimits: Record<InputPrecision, readonly [number, number]> = {
  ns: [9_160_127_236, 854_775_808],
  us: [9_160_127, 236_854_775],
  ms: [9_160, 127_236_854],
  s: [9, 160_127_236],
};

/** Returns the largest timestamp of a unit as one integer. */
export function timeLimit(precision: InputPrecision): bigint {
  const [billions, rest] = timeLimits[precision];
  return BigInt(billions) * BigInt(BILLION) + BigInt(rest);
}

/** Reads timestamps of one unit without allocating. The result is in `low` and `high`. */
export class TimeReader {
  low = 0;
  high = 0;
  readonly #limit: readonly [number, number];

  constructor(precision: InputPrecision) {
    this.#limit = timeLimits[precision];
  }

  /** Reads the 1 to 19 digits in [from, to). @returns false if the time is out of range */
  read(bytes: Uint8Array, from: number, to: number, negative: boolean): boolean {
    const split = Math.max(from, to - 9);
    let billions = 0;
    let rest = 0;
    for (let p = from; p < split; p++) billions = billions * 10 + bytes[p]! - 0x30;
    for (let p = split; p < to; p++) rest = rest * 10 + bytes[p]! - 0x30;
    const [most, mostRest] = this.#limit;
    if (billions > most || (billions === most && rest > mostRest)) return false;
    this.#store(billions, rest, negative);
    return true;
  }

  /** Splits the number billions * 10^9 + rest into two 32-bit words. All intermediate values remain below 2^53. */
  #store(billions: number, rest: number, negative: boolean): void {
    const upper = Math.floor(billions / 65_536) * BILLION;
    const lowSum = (upper % 65_536) * 65_536 + (billions % 65_536) * BILLION + rest;
    const carry = Math.floor(lowSum / 4_294_967_296);
    const low = lowSum - carry * 4_294_967_296;
    const high = Math.floor(upper / 65_536) + carry;
    this.low = (negative ? -low : low) >>> 0;
    this.high = (negative ? ~high + (low === 0 ? 1 : 0) : high) >>> 0;
  }
}
