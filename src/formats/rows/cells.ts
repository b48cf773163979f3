// The cells of one row as ranges of bytes, by the number of their column: what readers of rows hand to the encoder.

/** No value. */
export const NONE = 0;
/** Text without quotes: a number, a boolean, a word. */
export const BARE = 1;
/** Text that was quoted, free of escapes and in UTF-8. */
export const TEXT = 2;
/** A number of a format that has such. */
export const NUMBER = 3;
export const TRUE = 4;
export const FALSE = 5;
/** A list, or something else that fits no column. */
export const LIST = 6;
/** The digits of a time in the precision of the load. */
export const INSTANT = 7;
/** What goes into the point as it is, its name included: bytes of `ready`. Not for times, nor for names of tables. */
export const READY = 8;

/** Mutable and used again for each row, so that a row allocates nothing. */
export class Cells {
  kinds = new Uint8Array(64);
  /** Offset of the first byte, and of the one behind the last, in the format's memory. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** Bytes that the values of what is ready take without their names and escapes. */
  sizes = new Int32Array(64);
  ready = new DataView(new ArrayBuffer(0));

  /** Makes room for so many columns; what is in them stays. */
  reserve(columns: number): void {
    if (columns <= this.kinds.length) return;
    const size = 2 ** Math.ceil(Math.log2(columns));
    const { kinds, starts, ends, sizes } = this;
    this.kinds = new Uint8Array(size);
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.sizes = new Int32Array(size);
    this.kinds.set(kinds);
    this.starts.set(starts);
    this.ends.set(ends);
    this.sizes.set(sizes);
  }

  /** Empties the first so many. */
  clear(columns: number): void {
    const { kinds } = this;
    // Most rows have few columns, for which a call takes longer than this.
    for (let i = 0; i < columns; i++) kinds[i] = NONE;
  }
}
