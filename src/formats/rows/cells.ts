// Describes the cells of one row by column number: the kind of each cell, and the offsets of its start and end. Format
// readers fill in the cells, and the encoder writes the point.

import { NONE } from '../kernel/assembly/rows/row-memory.js';
import type { Reason } from '../reasons.js';

export { BARE, FALSE, INSTANT, NONE, NUMBER, TEXT, TRUE } from '../kernel/assembly/rows/row-memory.js';

/** Kind of a cell whose value is a list, or any other value that a column cannot store. */
export const LIST = 6;

/** Cells of one row. The reader reuses this object, so that reading a row allocates no memory. */
export class Cells {
  kinds = new Uint8Array(64);
  /** Offsets of each cell in the format's memory: its first byte, and the byte after its last byte. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);

  /** Makes room for at least this many columns and preserves the existing cells. */
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

  /** Sets the cells of columns 0 to `columns` - 1 to "no value". */
  clear(columns: number): void {
    const { kinds } = this;
    // Most rows have few columns: a loop is faster than a call of `fill`.
    for (let i = 0; i < columns; i++) kinds[i] = NONE;
  }
}

/** Part of a `RowFiller`'s work that the fast WebAssembly parser can do itself. */
export interface KernelFilling {
  /** Decimal separator of numbers. */
  readonly decimal?: number | undefined;
  /**
   * Column numbers of the date and the time of day. The WebAssembly parser joins both cells and adds the result as a
   * cell.
   */
  readonly time?: readonly [date: number, clock: number];
}

/** Adds computed cells to each row before the row is encoded, such as a joined date and time. */
export interface RowFiller {
  /** Bytes of the format's memory that the filler occupies while rows are read. */
  readonly bytes: number;
  /** All work of this filler, if the fast WebAssembly parser can do it instead; otherwise absent. */
  readonly kernel?: KernelFilling | undefined;
  begin(at: number): void;
  /**
   * Adds cells after the first `real` cells, which the input contains. [scratch, end) is free memory for the text of
   * added cells. Returns the reason to reject the row; null to accept it.
   */
  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null;
}
