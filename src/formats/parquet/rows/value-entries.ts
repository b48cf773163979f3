// Converts two kinds of values to text for the WebAssembly parser: dictionary entries (each only once), and values of
// types that the parser does not support.

import { COMMA } from '../../../core/ascii.js';
import { ENTRY_WORDS, REJECTED } from '../../kernel/assembly/rows/columns/column-memory.js';
import type { RowFormatMemory } from '../../rows/rows.js';
import type { FlatColumn } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import { RowText } from './row-text.js';

/** Unused bytes at the end of a range: the WebAssembly parser reads 16 bytes at once, so it may read past a value. */
const slack = 16;
const entryBytes = 4 * ENTRY_WORDS;

/** A range of memory that is allocated from front to back. */
export class MemoryRange {
  at: number;
  readonly from: number;
  readonly end: number;

  constructor(from: number, end: number) {
    this.from = from;
    this.at = from;
    this.end = end - slack;
  }

  /** Allocates this many bytes. Returns their offset, which is a multiple of 8. Returns 0 if the bytes do not fit. */
  allocate(bytes: number): number {
    const at = (this.at + 7) & ~7;
    if (at + bytes > this.end) return 0;
    this.at = at + bytes;
    return at;
  }
}

/** Writes values in the entry format of `column-memory.ts`, which the WebAssembly parser reads. */
export class ValueEntries {
  readonly #rows: RowFormatMemory;
  readonly #text: RowText;
  readonly #words: Int32Array;

  constructor(rows: RowFormatMemory, text: RowText) {
    this.#rows = rows;
    this.#text = text;
    this.#words = new Int32Array(rows.run.bytes.buffer);
  }

  /**
   * Writes one entry for each of `count` values.
   * @param valueAt returns the index of the i-th value in the page or dictionary
   * @returns the offset of the entries; 0 if the entries do not fit into the range, which then stays as before
   */
  put(
    column: FlatColumn,
    cursor: PageCursor,
    count: number,
    valueAt: (i: number) => number,
    range: MemoryRange,
  ): number {
    const before = range.at;
    const entries = range.allocate(count * entryBytes);
    let isFull = entries === 0;
    for (let i = 0; i < count && !isFull; i++)
      isFull = !this.#put(column, cursor, valueAt(i), range, (entries + i * entryBytes) >>> 2);
    if (isFull) range.at = before;
    return isFull ? 0 : entries;
  }

  /** Writes the entry of one value. Returns false if the entry does not fit. */
  #put({ target, key }: FlatColumn, cursor: PageCursor, value: number, range: MemoryRange, word: number): boolean {
    const { cell, leaf } = target;
    const { cells, run } = this.#rows;
    const { bytes } = run;
    const { at } = range;
    if (leaf.width === 0) cursor.locate(value, 0);
    const size = leaf.width === 0 ? cursor.to - cursor.from : leaf.width;
    // Text needs room twice: as JSON with escapes, and as a cell without escapes.
    if (at + key.length + RowText.maxSize(size) + size > range.end) return false;
    bytes.set(key, at);
    this.#text.begin();
    let end = this.#text.put(target, cursor, value, at + key.length);
    bytes[end++] = COMMA;
    const isRejected = this.#text.reason !== null;
    let from = isRejected ? at : cells.starts[cell]!;
    const length = isRejected ? 0 : cells.ends[cell]! - from;
    this.#words[word] = at;
    this.#words[word + 1] = end - at;
    if (from < at) {
      // The cell is in scratch memory. The next value overwrites this memory, so the cell is copied after the JSON.
      bytes.copyWithin(end, from, from + length);
      from = end;
      end += length;
    }
    this.#words[word + 2] = from;
    this.#words[word + 3] = from + length;
    this.#words[word + 4] = isRejected ? REJECTED : cells.kinds[cell]!;
    range.at = end;
    return true;
  }
}
