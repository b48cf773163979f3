// The cells of one row as ranges of bytes, by column number. Readers of rows pass them to the encoder.

import { NONE } from '../kernel/assembly/rows/row-memory.js';
import type { Reason } from '../reasons.js';

export { BARE, FALSE, INSTANT, NONE, NUMBER, TEXT, TRUE } from '../kernel/assembly/rows/row-memory.js';

/** A list or another value that does not fit a column. */
export const LIST = 6;

/** The cells are reused for each row, so a row allocates nothing. */
export class Cells {
  kinds = new Uint8Array(64);
  /** Offsets of the first byte and of the byte after the last, in the format's memory. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);

  /** Grows to this many columns and keeps the existing cells. */
  reserve(columns: number): void {
    if (columns <= this.kinds.length) return;
    const size = 2 ** Math.ceil(Math.log2(columns));
    const { kinds, starts, ends } = this;
    this.kinds = new Uint8Array(size);
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.kinds.set(kinds);
    this.starts.set(starts);
    this.ends.set(ends);
  }

  /** Empties the first columns. */
  clear(columns: number): void {
    const { kinds } = this;
    // Most rows have few columns: a loop is faster than a call of `fill`.
    for (let i = 0; i < columns; i++) kinds[i] = NONE;
  }
}

/** Work of a filler that the kernel knows. */
export interface KernelFilling {
  /** Decimal separator of numbers. */
  readonly decimal?: number | undefined;
  /** Columns of a date and a time of day, which are joined in a cell after the last one. */
  readonly time?: readonly [date: number, clock: number];
}

/** Adds cells to rows before they are encoded. */
export interface RowFiller {
  /** Bytes that it keeps in the memory while rows are read. */
  readonly bytes: number;
  /** What the kernel can do itself in place of the filler; absent for other fillers. */
  readonly kernel?: KernelFilling | undefined;
  begin(at: number): void;
  /** Returns why the row cannot become a point; null when it can. Writes between `scratch` and `end`. */
  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null;
}
