// Computes a checksum of a file's first bytes while the file is read.

import { crc32 } from 'node:zlib';

/** CRC-32 of the first `to` bytes. */
export interface PrefixState {
  readonly to: number;
  readonly crc: number;
}

const START: PrefixState = { to: 0, crc: 0 };

/**
 * The CRC-32 of a growing prefix of a file. Another process can continue the checksum from its state. The CRC costs
 * 0.25 s of CPU per GiB (Node 20, 2026), detects every change within 32 adjacent bits, and misses other changes with a
 * probability of 2^-32.
 */
export class PrefixChecksum {
  #state: PrefixState | null = null;
  /**
   * End offsets of the reads whose checksum another thread still computes, the oldest first. Null if this thread
   * computes the checksum.
   */
  #delegated: number[] | null = null;
  #unsummed = 0;

  /** State of the checksum; null before `start`, and after a read that skipped bytes. */
  get state(): PrefixState | null {
    return this.#state;
  }

  start(state = START): void {
    this.#state = state;
  }

  /** Adds bytes at offset `at` of the file, and skips bytes that the prefix already contains. */
  add(at: number, bytes: Uint8Array): void {
    if (this.#state === null) return;
    const { to: summed, crc } = this.#state;
    const to = this.#delegated?.at(-1) ?? summed;
    const end = at + bytes.length;
    if (end <= to) return;
    if (at > to) this.#state = null;
    else if (this.#delegated === null) this.#state = { to: end, crc: crc32(bytes.subarray(to - at), crc) };
    else {
      this.#delegated.push(end);
      this.#unsummed = end - to;
    }
  }

  /** Delegates the checksum of the next bytes to another thread. Returns the CRC so far, or null if `state` is null. */
  delegate(): number | null {
    this.#delegated = [];
    return this.#state?.crc ?? null;
  }

  /**
   * Returns the number of bytes that the other thread must add to the checksum. These are the last bytes of the last
   * read. Returns 0 if called again before the next read.
   */
  takeUnsummed(): number {
    const unsummed = this.#unsummed;
    this.#unsummed = 0;
    return unsummed;
  }

  /** Stores a CRC from the other thread. The CRC covers the prefix up to the end of the oldest delegated read. */
  settle(crc: number): void {
    const to = this.#delegated?.shift();
    if (to !== undefined && this.#state !== null) this.#state = { to, crc };
  }

  /**
   * Makes this thread compute the checksum again. If the CRC of a delegated read is still missing, the next `add` sets
   * the state to null.
   */
  reclaim(): void {
    this.#delegated = null;
  }
}
