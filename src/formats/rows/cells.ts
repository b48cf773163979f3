// The cells of one row as ranges of bytes, by column number. Readers of rows pass them to the encoder.

import { NONE } from '../kernel/assembly/rows/row-memory.js';
import type { Reason } from '../reasons.js';

export { BARE, FALSE, INSTANT, NONE, NUMBER, TEXT, TRUE } from '../kernel/assembly/rows/row-memory.js';

/** A list or another value that does not fit a column. */
export const LIST = 6;

/** Cells of one row. All rows reuse them, so that a row allocates nothing. */
export class Cells {
  kinds = new Uint8Array(64);
  /** Offsets of the first byte and after the last byte, in the format's memory. */
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

/** Work that the kernel can do in place of a filler. */
export interface KernelFilling {
  /** Decimal separator of numbers. */
  readonly decimal?: number | undefined;
  /** Columns of a date and a time of day, which the kernel joins in a cell after the last cell. */
  readonly time?: readonly [date: number, clock: number];
}

/** Adds cells to rows before they are encoded. */
export interface RowFiller {
  /** Bytes that the filler keeps in the format's memory while rows are read. */
  readonly bytes: number;
  /** The work of this filler, if the kernel can do it; otherwise absent. */
  readonly kernel?: KernelFilling | undefined;
  begin(at: number): void;
  /** Adds cells to a row of `real` columns; their text may lie in [scratch, end). Returns why to reject the row, or null. */
  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null;
}
