// The way of one input through a scan: chunk by chunk, run by run, with the unfinished line of a chunk carried before the
// next. Synchronous, so that it does not matter on which thread it happens.

import type { DeadLetterFormat, FormatReject, Position, Shape } from '../../core/types/index.js';

/** How a scan ended: the run is full, or the window holds nothing further that can be told. */
export type Stop = 'full' | 'drained';

/** From the bytes of a window to a run of points, one synchronous pass at a time. */
export interface WindowScan {
  readonly bytes: Uint8Array;
  readonly layout: { readonly windows: readonly number[]; readonly chunkBytes: number };
  readonly index: Uint32Array;
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly deadLetterFormat: DeadLetterFormat;
  /** Where the next run begins, and its physical line. */
  readonly at: number;
  readonly line: number;
  /** Bytes before `at` that belong to what follows them. */
  readonly held: number;
  /** To be called before the first window of an input. */
  begin(start: Position): void;
  /**
   * Bytes [from, limit) are to be scanned next, those from `fresh` on for the first time; with `final` they end the input.
   * The byte at `limit` is overwritten.
   */
  window(from: number, limit: number, final: boolean, fresh: number): void;
  /** Fills the index with the next run. What the run before held is gone. */
  run(): Stop;
  /** Shape of a number from the index. */
  shape(number: number): Shape;
}

const BOM = [0xef, 0xbb, 0xbf] as const;

export class ChunkScanner {
  readonly #scan: WindowScan;
  /** Input bytes before the window's chunk. */
  #decoded = 0;
  #used = 0;
  #carried = 0;
  #limit = 0;
  #length = 0;
  /** What came so far may be the beginning of a byte order mark. */
  #undecided = false;
  /** Decoded offset that offset 0 of the memory stands for. */
  origin = 0;
  /** Decoded bytes of the input dealt with once the run is. */
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

  /** The next `length` bytes of the input lie at `chunk`, what was carried lies before them; 0 bytes end the input. */
  chunk(chunk: number, length: number): void {
    const scan = this.#scan;
    const final = length === 0;
    const from = chunk - this.#carried;
    const limit = chunk + length;
    this.#limit = limit;
    this.#length = length;
    this.origin = this.#decoded - chunk;
    const mark = this.origin + from === 0 ? byteOrderMark(scan.bytes, from, limit) : 0;
    scan.window(from + (mark === BOM.length ? mark : 0), limit, final, chunk);
    this.#undecided = mark > 0 && mark < BOM.length && from + mark === limit && !final;
  }

  /** Has the scan make the next run. `worth`: there is something in it, or something was passed over at the end. */
  run(): { readonly worth: boolean; readonly drained: boolean } {
    const scan = this.#scan;
    if (this.#undecided) return { worth: false, drained: true };
    const drained = scan.run() === 'drained';
    const final = this.#length === 0;
    this.end = this.origin + scan.at - (final ? 0 : scan.held);
    const worth = scan.count > 0 || scan.rejects.length > 0 || (final && this.end > this.#used);
    if (worth) this.#used = this.end;
    return { worth, drained };
  }

  /** To be called once the window is drained: what is left of it is moved to lie before `chunk`, where the next one comes. */
  carry(chunk: number): number {
    const { bytes, at } = this.#scan;
    this.#decoded += this.#length;
    this.#carried = this.#limit - at;
    bytes.copyWithin(chunk - this.#carried, at, this.#limit);
    return this.#carried;
  }
}

/** Bytes of a byte order mark that [from, limit) begins with. */
function byteOrderMark(bytes: Uint8Array, from: number, limit: number): number {
  let length = 0;
  while (length < BOM.length && from + length < limit && bytes[from + length] === BOM[length]) length++;
  return length;
}
