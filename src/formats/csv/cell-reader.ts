// Splits one row into cells, byte by byte. Copies a cell only if its text must be decoded.

import { CR, LF } from '../../core/ascii.js';
import { BARE, type Cells, TEXT } from '../rows/cells.js';
import type { CsvDialect } from './csv-dialect.js';

/** Control characters by the letter of their escape. For example, `\n` stands for the line feed. */
const letterEscapes = new Map([...Buffer.from('0btnvfr')].map((letter, i) => [letter, [0, 8, 9, 10, 11, 12, 13][i]!]));
const NULL_LETTER = 0x4e;

/** Result of `read` if the end of the row is not in memory yet. */
export const INCOMPLETE = -1;
/** Result of `read` if a quoted cell is not closed, or if other bytes follow its closing quote. */
export const BAD_QUOTE = -2;

/** The part of the input that is in memory, from which rows are read. */
export interface RowWindow {
  readonly bytes: Uint8Array;
  readonly limit: number;
  readonly final: boolean;
  readonly layout: { readonly scratch: number; readonly scratchEnd: number };
  isTooLong(to: number): boolean;
}

/** Reads one row at a time. The public fields contain the result until the next `read`. */
export class RowReader {
  readonly cells: Cells;
  columns = 0;
  /** Number of line feeds inside the cells of the row. */
  newlines = 0;
  /** Offset of the byte at which the last BAD_QUOTE was found. */
  badAt = 0;
  /** Offset at which the scratch memory begins. Decoded copies of cells are written to this memory. */
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

  /** Offset after the decoded copies that the last `read` wrote to the scratch memory. */
  get scratch(): number {
    return this.#scratch;
  }

  /** Reads the row at `start`. @returns the offset of the LF that ends the row, INCOMPLETE or BAD_QUOTE */
  read(start: number): number {
    const { bytes, limit, final } = this.#run;
    const { delimiter, quote, escapeByte } = this.#dialect;
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
      } else if (escapeByte >= 0) p = this.#escaped(p, column);
      else {
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

  /** Reads an unquoted cell, which may contain escapes. @returns the offset of the delimiter or LF after the cell */
  #escaped(start: number, column: number): number {
    const { bytes, limit } = this.#run;
    const { delimiter, escapeByte } = this.#dialect;
    let hasEscapes = false;
    let p = start;
    for (let byte = bytes[p]!; byte !== delimiter && byte !== LF; byte = bytes[p]!) {
      p++;
      if (byte !== escapeByte || p >= limit) continue;
      hasEscapes = true;
      if (bytes[p] === CR && bytes[p + 1] === LF && p + 1 < limit) p++;
      if (bytes[p] === LF) this.newlines++;
      p++;
    }
    const { kinds, starts, ends } = this.cells;
    kinds[column] = BARE;
    starts[column] = start;
    ends[column] = bytes[p] === LF && bytes[p - 1] === CR && p > start ? p - 1 : p;
    if (hasEscapes) this.#unescape(column);
    return p;
  }

  /** Reads a quoted cell. @returns the offset of the delimiter or LF after the cell */
  #quoted(open: number, column: number): number {
    const { bytes, limit, final } = this.#run;
    const { delimiter, quote, escapeByte } = this.#dialect;
    let doubled = false;
    let p = open + 1;
    for (;;) {
      let byte = bytes[p]!;
      while (byte !== quote && byte !== LF && byte !== escapeByte) byte = bytes[++p]!;
      if (byte === escapeByte) {
        if (p + 1 >= limit) return this.#unclosed();
        if (bytes[p + 1] === LF) this.newlines++;
        doubled = true;
        p += 2;
      } else if (byte === LF) {
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
    if (doubled) this.#unescape(column);
    const after = bytes[p + 1];
    this.badAt = p + 1;
    if (after === delimiter || after === LF) return p + 1;
    return after === CR && bytes[p + 2] === LF
      ? p + 2
      : after === CR && p + 2 >= limit && !final
        ? INCOMPLETE
        : BAD_QUOTE;
  }

  /**
   * Returns the result for a quoted cell without a closing quote in memory: INCOMPLETE if a later chunk may contain the
   * quote; BAD_QUOTE at the end of the input, or if the row is too long.
   */
  #unclosed(): number {
    const { final, limit } = this.#run;
    this.badAt = limit;
    return final || this.#run.isTooLong(limit) ? BAD_QUOTE : INCOMPLETE;
  }

  /** Copies a cell with its escapes decoded and each doubled quote replaced by one quote. */
  #unescape(column: number): void {
    const { bytes } = this.#run;
    const { kinds, starts, ends } = this.cells;
    const { quote, escapeByte, hasLetterEscapes } = this.#dialect;
    const from = starts[column]!;
    const end = ends[column]!;
    const isBare = kinds[column] === BARE;
    if (isBare && end === from + 2 && bytes[from + 1] === NULL_LETTER) {
      ends[column] = from;
      return;
    }
    let out = this.#scratch;
    // A cell that does not fit into the scratch memory makes its row too long. The row is rejected later.
    if (end - from > this.#run.layout.scratchEnd - out) return;
    starts[column] = out;
    for (let p = from; p < end; p++) {
      const byte = bytes[p]!;
      if (byte === escapeByte && p + 1 < end) {
        const next = bytes[++p]!;
        const letter = isBare && hasLetterEscapes ? letterEscapes.get(next) : undefined;
        if (letter === undefined && !this.#isEscapable(next, isBare)) bytes[out++] = byte;
        bytes[out++] = letter ?? next;
      } else {
        bytes[out++] = byte;
        if (byte === quote && !isBare) p++;
      }
    }
    ends[column] = out;
    this.#scratch = out;
  }

  /**
   * Tests whether decoding removes an escape character before `byte`. In a quoted cell, `\"` becomes `"`, but `\n` in
   * `C:\new` remains.
   */
  #isEscapable(byte: number, isBare: boolean): boolean {
    const { delimiter, quote, escapeByte, hasLetterEscapes } = this.#dialect;
    const isSpecial = byte === delimiter || byte === quote || byte === escapeByte || byte === LF || byte === CR;
    return isSpecial || (isBare && hasLetterEscapes);
  }
}
