// Splits one row into cells, byte by byte. Copies only the cells that need decoding.

import { BARE, type Cells, TEXT } from '../rows/cells.js';
import type { CsvDialect } from './csv-dialect.js';

const LF = 0x0a;
const CR = 0x0d;

/** The row needs more bytes. */
export const INCOMPLETE = -1;
/** The quotes of the row do not match. */
export const BAD_QUOTE = -2;

/** The bytes that rows are read from. */
export interface RowWindow {
  readonly bytes: Uint8Array;
  readonly limit: number;
  readonly final: boolean;
  readonly layout: { readonly scratch: number; readonly scratchEnd: number };
  isTooLong(to: number): boolean;
}

/** Reads one row at a time. The result stays in the public fields until the next `read`. */
export class RowReader {
  readonly cells: Cells;
  columns = 0;
  /** Line feeds inside its cells. */
  newlines = 0;
  /** Where copies of cells begin. */
  scratchFrom: number;
  readonly #run: RowWindow;
  readonly #dialect: CsvDialect;
  #scratch = 0;

  constructor(run: RowWindow, cells: Cells, dialect: CsvDialect) {
    this.#run = run;
    this.scratchFrom = run.layout.scratch;
    this.cells = cells;
    this.#dialect = dialect;
  }

  /** Where the copies of the last row's cells end. */
  get scratch(): number {
    return this.#scratch;
  }

  /** Reads the row at `start`. @returns the offset of the LF that ends it, or INCOMPLETE or BAD_QUOTE */
  read(start: number): number {
    const { bytes, limit, final } = this.#run;
    const { delimiter, quote } = this.#dialect;
    const { cells } = this;
    let { kinds, starts, ends } = cells;
    this.newlines = 0;
    this.#scratch = this.scratchFrom;
    let column = 0;
    let p = start;
    for (;;) {
      if (column === kinds.length) {
        cells.reserve(column + 1);
        ({ kinds, starts, ends } = cells);
      }
      if (bytes[p] === quote) {
        p = this.#quoted(p, column);
        if (p < 0) return p;
      } else {
        starts[column] = p;
        let byte = bytes[p]!;
        while (byte !== delimiter && byte !== LF) byte = bytes[++p]!;
        kinds[column] = BARE;
        ends[column] = byte === LF && bytes[p - 1] === CR && p > starts[column]! ? p - 1 : p;
      }
      column++;
      if (bytes[p] === LF) break;
      p++;
    }
    this.columns = column;
    if (p === limit && !final) return INCOMPLETE;
    return p;
  }

  /** Passes a quoted cell. @returns the offset of the delimiter or LF after it */
  #quoted(open: number, column: number): number {
    const { bytes, limit, final } = this.#run;
    const { delimiter, quote } = this.#dialect;
    let doubled = false;
    let p = open + 1;
    for (;;) {
      let byte = bytes[p]!;
      while (byte !== quote && byte !== LF) byte = bytes[++p]!;
      if (byte === LF) {
        if (p >= limit) return this.#unclosed();
        this.newlines++;
        p++;
      } else if (bytes[p + 1] === quote && p + 1 < limit) {
        doubled = true;
        p += 2;
      } else break;
    }
    if (p + 1 >= limit && !final) return INCOMPLETE;
    const { kinds, starts, ends } = this.cells;
    kinds[column] = TEXT;
    starts[column] = open + 1;
    ends[column] = p;
    if (doubled) this.#undouble(column);
    const after = bytes[p + 1];
    if (after === delimiter || after === LF) return p + 1;
    return after === CR && bytes[p + 2] === LF
      ? p + 2
      : after === CR && p + 2 >= limit && !final
        ? INCOMPLETE
        : BAD_QUOTE;
  }

  /** The quote does not close in this window. More bytes may close it, unless the input ends or the row is too long. */
  #unclosed(): number {
    const { final, limit } = this.#run;
    return final || this.#run.isTooLong(limit) ? BAD_QUOTE : INCOMPLETE;
  }

  /** Copies a cell with one quote for each doubled quote. */
  #undouble(column: number): void {
    const { bytes } = this.#run;
    const { starts, ends } = this.cells;
    let out = this.#scratch;
    const end = ends[column]!;
    // A cell that does not fit belongs to a row that is rejected as too long.
    if (end - starts[column]! > this.#run.layout.scratchEnd - out) return;
    const from = out;
    for (let p = starts[column]!; p < end; p++) {
      const byte = bytes[p]!;
      bytes[out++] = byte;
      if (byte === this.#dialect.quote) p++;
    }
    starts[column] = from;
    ends[column] = out;
    this.#scratch = out;
  }
}
