// Scans one input chunk by chunk and run by run, and carries the unfinished line of a chunk over to the next chunk. The
// code is synchronous, so that both the main thread and the worker thread can run it.

import { utf8Mark } from '../../core/io/encoding.js';
import type { Problem } from '../../core/problem.js';
import type { DeadLetterFormat, FormatReject, Position, Shape } from '../../core/types/index.js';

/** Why a scan stopped: the run is full, or the window holds no further complete point. */
export type Stop = 'full' | 'drained';

/** Turns the bytes of a window into runs of points, one synchronous pass at a time. */
export interface WindowScan {
  readonly bytes: Uint8Array;
  readonly layout: { readonly windows: readonly number[]; readonly chunkBytes: number };
  readonly index: Uint32Array;
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly deadLetterFormat: DeadLetterFormat;
  /** Why the rest of the input cannot be loaded; null while it can. */
  readonly refusal: Problem | null;
  /** Offset at which the next run begins, and its physical line. */
  readonly at: number;
  readonly line: number;
  /** Number of bytes before `at` that a reader needs in order to understand the bytes at `at`. */
  readonly held: number;
  /** Resets the scan before the first window of an input. */
  begin(start: Position): void;
  /**
   * Sets the next bytes to scan: [from, limit), new from `fresh` on. `final` marks the end of the input. The scan overwrites
   * the byte at `limit`.
   */
  window(from: number, limit: number, final: boolean, fresh: number): void;
  /** Fills the index with the next run, which replaces the previous run. */
  run(): Stop;
  /** Returns the shape that has this number in the index. */
  shape(number: number): Shape;
}

export class ChunkScanner {
  readonly #scan: WindowScan;
  /** Decoded bytes of the input before the chunk. */
  #decoded = 0;
  #used = 0;
  #carried = 0;
  #limit = 0;
  #length = 0;
  /** True while the bytes so far may be the beginning of a byte order mark. */
  #undecided = false;
  /** Offset in the decoded input of the first byte of the scan's memory. */
  origin = 0;
  /** Decoded offset up to which the input is finished when this run is finished. */
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

  /** Takes `length` bytes of the input at `chunk`, which follow the carried bytes; 0 bytes end the input. */
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

  /** Makes the next run. `isWorth` is false if the run holds no points, no rejects and not the last bytes of the input. */
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

  /** True when the next byte follows a complete line or row. */
  get isAligned(): boolean {
    return this.#carried === 0;
  }

  /** Continues after complete rows that another thread took. */
  pass(bytes: number): void {
    this.#decoded += bytes;
    this.#used = this.#decoded;
  }

  /** Moves the rest of a drained window before `chunk`, the place of the next chunk. Returns the length of the rest. */
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
