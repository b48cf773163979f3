// Copies the next values of all columns into memory that the WebAssembly parser reads. The parser writes rows and
// points from these values.

import { copyBytes } from '../../../core/io/byte-source.js';
import * as memory from '../../kernel/assembly/rows/columns/column-memory.js';
import { BARE, INSTANT, NUMBER, TEXT, TRUE } from '../../rows/cells.js';
import type { RowKernel } from '../../rows/kernel/row-kernel.js';
import type { RowFormatMemory } from '../../rows/rows.js';
import { columnMemoryBytes } from '../../rows/rows-layout.js';
import * as schema from '../metadata/parquet-schema.js';
import type { FlatColumn, SelectedColumns } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import { noValues, type PageValues } from '../pages/page-values.js';
import { powersOfTen } from './powers-of-ten.js';
import type { CellTarget, RowText } from './row-text.js';
import { MemoryRange, ValueEntries } from './value-entries.js';

/** Size of one block of values, bytes. The rest of the column memory is for the dictionaries of the row group. */
const blockBytes = 512 * 1024;
/** Largest number of rows in a block. A block of this size remains in the processor's cache. */
const maxRows = 1024;
/** A dictionary is converted to text in advance only if its entries occur at least this often on average. */
const minUses = 4;

const storages: Readonly<Record<number, number | undefined>> = {
  [schema.BOOL]: memory.FLAGS,
  [schema.FLOAT32]: memory.FLOAT32,
  [schema.FLOAT64]: memory.FLOAT64,
};

interface BlockColumn extends FlatColumn {
  /** Offset in memory of the column's descriptor, which the WebAssembly parser reads. */
  readonly at: number;
  /**
   * How the block stores the values: a constant of column-memory.ts such as FLOAT64. Values from a dictionary may be
   * stored as text instead (ENTRIES).
   */
  readonly storage: number;
  /** Index in the current page of the first value that the block contains. */
  firstValue: number;
  /**
   * The last dictionary of the column, and the offset of its text in memory. The offset is 0 if the dictionary was not
   * converted to text.
   */
  dictionary: PageValues;
  entries: number;
}

/** Passes rows to the WebAssembly parser, one block of rows at a time. */
export class ColumnBlock {
  readonly #rows: RowFormatMemory;
  readonly #kernel: RowKernel;
  readonly #text: RowText;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #columns: readonly BlockColumn[];
  readonly #entries: ValueEntries;
  readonly #dictionaries: MemoryRange;
  readonly #block: MemoryRange;
  #cursors: readonly PageCursor[] = [];
  #groupRows = 0;
  /** Index of the next row in the block, and the number of rows left in the block. */
  #row = 0;
  #left = 0;

  /** Creates a block. Returns null if the WebAssembly parser does not support these columns or options. */
  static create(rows: RowFormatMemory, columns: SelectedColumns, text: RowText): ColumnBlock | null {
    const { kernel } = rows;
    if (kernel === null || columns.lists.length > 0 || rows.options.nullWords !== null) return null;
    kernel.parquet(columns.mapping, columns.count);
    const keyBytes = columns.flat.reduce((sum, { key }) => sum + key.length, 0);
    const isSmall = columns.flat.length * memory.DESCRIPTOR_BYTES + keyBytes < blockBytes;
    return kernel.isEnabled && isSmall ? new ColumnBlock(rows, kernel, columns, text) : null;
  }

  private constructor(rows: RowFormatMemory, kernel: RowKernel, { flat, count }: SelectedColumns, text: RowText) {
    const { buffer } = rows.run.bytes;
    const from = rows.run.layout.bytes;
    const end = from + columnMemoryBytes;
    const powers = powersOfTen();
    const first = from + powers.byteLength;
    this.#rows = rows;
    this.#kernel = kernel;
    this.#text = text;
    this.#entries = new ValueEntries(rows, text);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    new BigUint64Array(buffer, from, powers.length).set(powers);
    this.#columns = flat.map((column, i) => ({
      ...column,
      at: first + i * memory.DESCRIPTOR_BYTES,
      storage: this.#storage(column.target),
      firstValue: 0,
      dictionary: noValues,
      entries: 0,
    }));
    const descriptorsEnd = first + flat.length * memory.DESCRIPTOR_BYTES;
    this.#dictionaries = new MemoryRange(this.#describe(descriptorsEnd), end - blockBytes);
    this.#block = new MemoryRange(end - blockBytes, end);
    kernel.setColumns(first, descriptorsEnd, count, from);
  }

  /** Begins a row group: sets the cursors of its columns, and its number of rows. */
  open(cursors: readonly PageCursor[], rows: number): void {
    this.#cursors = cursors;
    this.#groupRows = rows;
    this.#left = 0;
    this.#dictionaries.at = this.#dictionaries.from;
    for (const column of this.#columns) column.dictionary = noValues;
  }

  /**
   * Lets the WebAssembly parser add up to `rows` rows to the current run of points (`Points`). The current pages of all
   * columns must contain these rows. The parser writes the JSON of the rows between `run.at` and `run.limit`. Returns
   * the number of added rows.
   */
  take(rows: number): number {
    if (this.#left === 0 && !this.#load(rows)) return 0;
    const { run } = this.#rows;
    const { count } = run;
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++)
      this.#set(columns[i]!, memory.NEXT_VALUE, this.#cursors[i]!.nextValue - columns[i]!.firstValue);
    this.#kernel.setBlock(this.#row + this.#left, this.#row);
    if (!run.takeKernelRows(this.#kernel)) return 0;
    const taken = run.count - count;
    for (let i = 0; i < columns.length; i++) {
      const { at, firstValue } = columns[i]!;
      this.#cursors[i]!.advance(taken, firstValue + this.#words[(at + memory.NEXT_VALUE) >>> 2]!);
    }
    this.#row += taken;
    this.#left -= taken;
    return taken;
  }

  /** Skips one row of the block, because the encoder has handled it. */
  pass(): void {
    if (this.#left === 0) return;
    this.#row++;
    this.#left--;
  }

  /**
   * Writes the constant parts of the descriptors. Writes all column names, starting at offset `at`. Returns the offset
   * after the names.
   */
  #describe(at: number): number {
    let end = at;
    for (const column of this.#columns) {
      const { target, key } = column;
      const isTime = this.#text.isPlainTime(target);
      this.#bytes.set(key, end);
      this.#set(column, memory.CELL, target.cell);
      this.#set(column, memory.CELL_KIND, usualKind(column, isTime));
      this.#set(column, memory.KEY_AT, end);
      this.#set(column, memory.KEY_LENGTH, key.length);
      this.#set(column, memory.ZEROS, isTime ? this.#text.places - target.leaf.scale : 0);
      end += key.length;
    }
    return end;
  }

  #storage(target: CellTarget): number {
    const { kind, width } = target.leaf;
    const isWide = width === 8;
    // Only `RowText` detects whole numbers that a float cannot store exactly. So `RowText` writes the values of 64-bit
    // integer columns that are declared as float.
    if (kind === schema.INT && !(isWide && target.declared === 'float')) return isWide ? memory.INT64 : memory.INT32;
    if (kind === schema.UINT && !(isWide && target.declared === 'float')) return isWide ? memory.UINT64 : memory.UINT32;
    if (kind === schema.BYTES && width === 0) return memory.TEXTS;
    return this.#text.isPlainTime(target) ? memory.INT64 : (storages[kind] ?? memory.ENTRIES);
  }

  #set({ at }: BlockColumn, word: number, value: number): void {
    this.#words[(at + word) >>> 2] = value;
  }

  /**
   * Fills the block with up to `rows` rows. Returns false if not even one row fits, or if the encoding of the values is
   * unsupported.
   */
  #load(rows: number): boolean {
    if (this.#cursors.some(({ values }) => values.shared !== null)) return false;
    for (let count = Math.min(rows, maxRows); count > 0; count >>>= 1) {
      this.#block.at = this.#block.from;
      if (!this.#columns.every((column, i) => this.#put(column, this.#cursors[i]!, count))) continue;
      this.#row = 0;
      this.#left = count;
      return true;
    }
    return false;
  }

  /** Copies the values of one column into the block. Returns false if the values of `rows` rows do not fit. */
  #put(column: BlockColumn, cursor: PageCursor, rows: number): boolean {
    const { definitions, indexes, values, entry, nextValue } = cursor;
    const { width } = column.target.leaf;
    const count = Math.min(rows, (indexes?.length ?? values.count) - nextValue);
    const levels = definitions === null ? 0 : this.#copy(definitions, entry, rows);
    const isRendered = indexes !== null && this.#rendersDictionary(column, cursor);
    const isGathered = indexes !== null && !isRendered && column.storage >= memory.FLOAT64;
    let { storage } = column;
    let at: number;
    let places = 0;
    if (isRendered) {
      storage = memory.ENTRIES;
      at = column.entries;
      places = this.#copyWords(indexes, nextValue, count);
    } else if (isGathered) at = this.#gather(values, width, indexes.subarray(nextValue, nextValue + count));
    else if (storage === memory.ENTRIES || indexes !== null) {
      storage = memory.ENTRIES;
      const valueAt = (i: number): number => (indexes === null ? nextValue + i : indexes[nextValue + i]!);
      at = this.#entries.put(column, cursor, count, valueAt, this.#block);
    } else if (storage === memory.TEXTS) at = this.#texts(column, values, nextValue, count);
    else at = this.#copy(values.bytes, values.from + nextValue * width, count * width);
    column.firstValue = nextValue;
    this.#set(column, memory.LEVELS, levels);
    this.#set(column, memory.MAX_LEVEL, cursor.maxLevel);
    this.#set(column, memory.STORAGE, storage);
    this.#set(column, memory.VALUES, at);
    this.#set(column, memory.INDEXES, places);
    return at !== 0 && (levels > 0 || definitions === null) && (places > 0 || !isRendered);
  }

  #copy(source: Uint8Array, from: number, length: number): number {
    const at = this.#block.allocate(length);
    if (at > 0) copyBytes(source, from, from + length, this.#bytes, at);
    return at;
  }

  #copyWords(source: Int32Array, from: number, length: number): number {
    const at = this.#block.allocate(4 * length);
    const { buffer, byteOffset } = source;
    const bytes = new Uint8Array(buffer, byteOffset + 4 * from, 4 * length);
    if (at > 0) copyBytes(bytes, 0, bytes.length, this.#bytes, at);
    return at;
  }

  #texts(column: BlockColumn, { bytes, starts, ends }: PageValues, from: number, count: number): number {
    // Without values, there are no text offsets. An example is a page that contains only nulls.
    if (count === 0) return this.#block.from;
    const first = starts![from]!;
    const at = this.#copy(bytes, first, ends![from + count - 1]! - first);
    const startsAt = this.#copyWords(starts!, from, count);
    const endsAt = this.#copyWords(ends!, from, count);
    this.#set(column, memory.STARTS, startsAt);
    this.#set(column, memory.ENDS, endsAt);
    return at > 0 && startsAt > 0 && endsAt > 0 ? at - first : 0;
  }

  /**
   * Copies the numbers with these dictionary indexes into the block. Returns the offset of the copies; 0 if the numbers
   * do not fit.
   */
  #gather({ view, from }: PageValues, width: number, indexes: Int32Array): number {
    const at = this.#block.allocate(indexes.length * width);
    const words = this.#words;
    for (let i = 0, o = at >>> 2; at > 0 && i < indexes.length; i++) {
      const p = from + indexes[i]! * width;
      words[o++] = view.getInt32(p, true);
      if (width === 8) words[o++] = view.getInt32(p + 4, true);
    }
    return at;
  }

  /** Converts a new dictionary to text if its entries occur often enough. Returns true if the text is in memory. */
  #rendersDictionary(column: BlockColumn, cursor: PageCursor): boolean {
    const { values } = cursor;
    if (column.dictionary !== values) {
      const isWorth = values.count * minUses <= this.#groupRows;
      column.dictionary = values;
      column.entries = isWorth ? this.#entries.put(column, cursor, values.count, (i) => i, this.#dictionaries) : 0;
    }
    return column.entries > 0;
  }
}

/**
 * Returns the usual kind of the cells in a column. For booleans, this is TRUE: the WebAssembly parser itself replaces
 * TRUE by FALSE where necessary.
 */
function usualKind({ target, storage }: BlockColumn, isTime: boolean): number {
  if (isTime) return INSTANT;
  if (storage === memory.TEXTS) return TEXT;
  if (target.declared === 'string') return BARE;
  return storage === memory.FLAGS ? TRUE : NUMBER;
}
