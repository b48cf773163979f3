// Scans one input chunk by chunk. Copies the unfinished line at the end of a chunk to the memory directly in front of
// the next chunk. The code is synchronous, so that both the main thread and the worker thread can run it.

import { utf8Mark } from '../../core/io/encoding.js';
import type { Problem } from '../../core/problem.js';
import type { DeadLetterFormat, FormatReject, Position, Shape } from '../../core/types/index.js';

/**
 * Reason why a scan stopped. `full`: the caller must take the points found so far before the scan continues, mostly
 * because no space is left for points. `drained`: the scan needs more bytes.
 */
export type Stop = 'full' | 'drained';

/** Parses the input bytes in memory (the window). Each call of `run` finds the next points. */
export interface WindowScan {
  readonly bytes: Uint8Array;
  readonly layout: { readonly windows: readonly number[]; readonly chunkBytes: number };
  readonly index: Uint32Array;
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly deadLetterFormat: DeadLetterFormat;
  /** Reason why the rest of the input cannot be loaded; otherwise null. */
  readonly refusal: Problem | null;
  /** Offset and physical line number at which the next call of `run` begins. */
  readonly at: number;
  readonly line: number;
  /** Number of bytes before `at` that a resumed load must read again: the start of an unfinished comment. */
  readonly held: number;
  /** Resets the scan before the first window of an input. */
  begin(start: Position): void;
  /**
   * Sets the bytes to scan: [from, limit). The bytes in [from, fresh) were already in the previous window. If `final`
   * is true, the input ends at `limit`. The scan overwrites the byte at `limit`.
   */
  window(from: number, limit: number, final: boolean, fresh: number): void;
  /** Finds the next points. Overwrites the entries of the previous points. */
  run(): Stop;
  /** Returns the shape that has this number in the index. */
  shape(number: number): Shape;
}

export class ChunkScanner {
  readonly #scan: WindowScan;
  /** Number of bytes of the decoded input (decompressed, in UTF-8) before the current chunk. */
  #decoded = 0;
  #used = 0;
  #carried = 0;
  #limit = 0;
  #length = 0;
  /** True while the bytes so far may be the beginning of a byte order mark. */
  #undecided = false;
  /** Offset in the decoded input that corresponds to offset 0 of the scan's memory. */
  origin = 0;
  /** Offset in the decoded input at which a load can resume once the points found so far are loaded or rejected. */
  end = 0;

  constructor(scan: WindowScan) {
    this.#scan = scan;
  }

  begin(start: Position): void {
    this.#scan.begin(start);
    this.#decoded = start.byteOffset;
    this.#used = start.byteOffset;
    this.#carried = 0;
  }

  /**
   * Sets the next `length` bytes of the input. These bytes begin at offset `chunk` of the memory, directly after the
   * unfinished line of the previous chunk. A length of 0 means the end of the input.
   */
  chunk(chunk: number, length: number): void {
    const scan = this.#scan;
    const final = length === 0;
    const from = chunk - this.#carried;
    const limit = chunk + length;
    this.#limit = limit;
    this.#length = length;
    this.origin = this.#decoded - chunk;
    const mark = this.origin + from === 0 ? byteOrderMark(scan.bytes, from, limit) : 0;
    scan.window(from + (mark === utf8Mark.length ? mark : 0), limit, final, chunk);
    this.#undecided = mark > 0 && mark < utf8Mark.length && from + mark === limit && !final;
  }

  /**
   * Finds the next points. `isWorth` is true if there is something to yield: points, rejects, or the last bytes of the
   * input.
   */
  run(): { readonly isWorth: boolean; readonly drained: boolean } {
    const scan = this.#scan;
    if (this.#undecided) return { isWorth: false, drained: true };
    const drained = scan.run() === 'drained';
    const final = this.#length === 0;
    this.end = this.origin + scan.at - (final ? 0 : scan.held);
    const isWorth = scan.count > 0 || scan.rejects.length > 0 || (final && this.end > this.#used);
    if (isWorth) this.#used = this.end;
    return { isWorth, drained };
  }

  /** True if the next chunk begins with a new line or row. */
  get isAligned(): boolean {
    return this.#carried === 0;
  }

  /** Skips `bytes` bytes: complete rows that another thread has parsed. */
  pass(bytes: number): void {
    this.#decoded += bytes;
    this.#used = this.#decoded;
  }

  /**
   * Copies the unfinished line at the end of the window to the memory directly before the next chunk, which begins at
   * offset `chunk`. Returns the length of the unfinished line.
   */
  carry(chunk: number): number {
    const { bytes, at } = this.#scan;
    this.#decoded += this.#length;
    this.#carried = this.#limit - at;
    bytes.copyWithin(chunk - this.#carried, at, this.#limit);
    return this.#carried;
  }
}

/** Counts the leading bytes of [from, limit) that match a byte order mark. */
function byteOrderMark(bytes: Uint8Array, from: number, limit: number): number {
  let length = 0;
  while (length < utf8Mark.length && from + length < limit && bytes[from + length] === utf8Mark[length]) length++;
  return length;
}
