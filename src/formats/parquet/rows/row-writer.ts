// Writes rows as JSON into the format's memory and passes them to the encoder. The JSON of a rejected row becomes its
// dead letter. Offsets in the input count the bytes of this JSON, not the bytes of the file.

import { CLOSE_BRACE, COMMA, LF, OPEN_BRACE } from '../../../core/ascii.js';
import { copyBytes } from '../../../core/io/byte-source.js';
import type { Position } from '../../../core/types/index.js';
import type { RowFormatMemory } from '../../rows/rows.js';
import type { FlatColumn, SelectedColumns } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import { ColumnBlock } from './column-block.js';
import type { ListRows, TextSink } from './list-rows.js';
import { type CellTarget, maxShortValue, RowText } from './row-text.js';

const NULL = Buffer.from('null');

/**
 * A row whose JSON is longer than --max-point-bytes. Such a row is rejected. Its text is written to the dead letters in
 * parts.
 */
interface LongRow {
  readonly text: Uint8Array;
  written: number;
}

export class RowWriter implements TextSink {
  /** Offset of the next byte to write: in the format's memory, or in the separate buffer of an overlong row. */
  at = 0;
  /** The input offset of a byte is its offset in the format's memory plus `origin`. */
  origin = 0;
  readonly #rows: RowFormatMemory;
  readonly #text: RowText;
  readonly #columns: SelectedColumns;
  /** Passes rows to the WebAssembly parser; null if the encoder handles all rows. */
  readonly #block: ColumnBlock | null;
  /** The JSON of the rows of one run of points (`Points`) begins at `#base` and ends before `#end`. */
  #base = 0;
  #end = 0;
  #cursors: readonly PageCursor[] = [];
  #lists: readonly ListRows[] = [];
  /** Input offset at which the next row begins. */
  #offset: number;
  /**
   * A row whose JSON is written, but whose point did not fit into the run of points (`Points`). The next run of points
   * begins with this row.
   */
  #waiting: { readonly start: number; readonly end: number } | null = null;
  #long: LongRow | null = null;
  #isLong = false;
  /** Offset at which the current row begins. */
  #start = 0;

  constructor(rows: RowFormatMemory, columns: SelectedColumns, { byteOffset, line }: Position) {
    const { bytes, layout } = rows.run;
    this.#rows = rows;
    this.#columns = columns;
    this.#text = new RowText(bytes, layout, rows.cells, rows.options);
    this.#offset = byteOffset;
    this.#block = ColumnBlock.create(rows, columns, this.#text);
    rows.run.begin(line);
    this.begin();
  }

  /** Input offset at which the next row begins. */
  get end(): number {
    return this.#offset;
  }

  /** Discards the previous run of points (`Points`) and begins the next one. If a row is waiting, it comes first. */
  begin(): void {
    const { run } = this.#rows;
    const { layout, shift } = run;
    const base = layout.scratchEnd + shift;
    const isMoved = base !== this.#base;
    this.#base = base;
    this.#end = layout.bytes - maxShortValue + shift;
    run.clear();
    const row = this.#waiting;
    if (row === null) {
      this.at = base;
      this.origin = this.#offset - base;
    } else this.#take(isMoved ? this.#moved(row) : row);
  }

  /**
   * Copies a waiting row to the current area. Its cells still refer to the previous area, whose bytes stay unchanged
   * until the next run of points (`Points`).
   */
  #moved({ start, end }: { readonly start: number; readonly end: number }): { start: number; end: number } {
    const { bytes } = this.#rows.run;
    copyBytes(bytes, start, end + 1, bytes, this.#base);
    this.origin += start - this.#base;
    return { start: this.#base, end: this.#base + end - start };
  }

  /** Begins a row group: sets the cursors of its columns, and its number of rows. */
  open(cursors: readonly PageCursor[], lists: readonly ListRows[], rows: number): void {
    this.#cursors = cursors;
    this.#lists = lists;
    this.#block?.open(cursors, rows);
  }

  get isEmpty(): boolean {
    const { count, rejects } = this.#rows.run;
    return count === 0 && rejects.length === 0;
  }

  get isFull(): boolean {
    return (
      this.#rows.run.isFull ||
      this.#waiting !== null ||
      this.#long !== null ||
      this.#end - this.at < this.#rows.options.maxPointBytes + maxShortValue
    );
  }

  /** True while an overlong row is being rejected. Each run of points (`Points`) then contains one part of the row. */
  get isInParts(): boolean {
    return this.#long !== null;
  }

  /** Writes up to `rows` rows, whose values must all be in memory. Returns the number of rows written. */
  fill(rows: number): number {
    const { run } = this.#rows;
    let done = 0;
    while (done < rows && !this.isFull) {
      const left = Math.min(rows - done, run.maxPoints - run.count);
      const taken = this.#block === null ? 0 : this.#takeBlock(this.#block, left);
      if (taken === 0) this.#row();
      done += Math.max(1, taken);
    }
    return done;
  }

  /** Lets the WebAssembly parser write up to `rows` rows. Returns the number of rows written. */
  #takeBlock(block: ColumnBlock, rows: number): number {
    const { run, options } = this.#rows;
    run.at = this.at;
    run.limit = this.#end - options.maxPointBytes - maxShortValue;
    const taken = block.take(rows);
    this.at = run.at;
    this.#offset = this.origin + this.at;
    return taken;
  }

  /** Adds the next part of the overlong row to the rejects of this run of points (`Points`). */
  part(): void {
    const long = this.#long!;
    const { run, options } = this.#rows;
    const from = long.written;
    const length = Math.min(options.maxPointBytes, long.text.length - from);
    const isLast = from + length === long.text.length;
    run.bytes.set(long.text.subarray(from, from + length), this.at);
    const row = { start: this.at, end: this.at + length, next: this.at + length, lines: Number(isLast) };
    const part = isLast ? (from === 0 ? 'whole' : 'last') : from === 0 ? 'first' : 'middle';
    run.reject('too-long', `a row of ${long.text.length} bytes`, row, part);
    long.written += length;
    this.at += length;
    // The offset also counts a line end after the row, as in a text file.
    this.#offset += length + Number(isLast);
    if (isLast) this.#long = null;
  }

  text(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#text.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  value(target: CellTarget, cursor: PageCursor, value: number): void {
    if (value < 0) {
      this.text(NULL);
      return;
    }
    let size = maxShortValue;
    if (target.leaf.width === 0) {
      cursor.locate(value, 0);
      size = RowText.maxSize(cursor.to - cursor.from);
      if (size > this.#end - this.at) size = RowText.size(cursor.source, cursor.from, cursor.to);
    } else if (target.leaf.width > 16) size = RowText.maxSize(target.leaf.width);
    // A DECIMAL may have more than `maxShortValue` decimal places.
    this.#reserve(size + target.leaf.scale);
    this.at = this.#text.put(target, cursor, value, this.at);
  }

  #row(): void {
    const { cells } = this.#rows;
    const { flat, count } = this.#columns;
    const start = this.at;
    this.#start = start;
    cells.clear(count);
    this.#text.begin();
    this.#text.bytes[this.at++] = OPEN_BRACE;
    for (let i = 0; i < flat.length; i++) this.#flat(flat[i]!, this.#cursors[i]!);
    this.#block?.pass();
    for (let i = 0; i < this.#lists.length; i++) {
      this.text(this.#columns.lists[i]!.key);
      this.#lists[i]!.write(this, cells);
      this.#text.bytes[this.at++] = COMMA;
    }
    const isEmpty = this.at === (this.#isLong ? 1 : start + 1);
    if (!isEmpty) this.at--;
    this.#text.bytes[this.at++] = CLOSE_BRACE;
    if (this.#isLong || this.at - start > this.#rows.options.maxPointBytes) this.#tooLong();
    else {
      this.#text.bytes[this.at] = LF;
      this.#take({ start, end: this.at });
    }
  }

  #flat({ target, key }: FlatColumn, cursor: PageCursor): void {
    const value = cursor.next();
    if (value < 0) return;
    this.text(key);
    this.value(target, cursor, value);
    this.#text.bytes[this.at++] = COMMA;
  }

  #take(row: { readonly start: number; readonly end: number }): void {
    const { run, cells, encoder, kernel } = this.#rows;
    const { count } = run;
    const { start, end } = row;
    const whole = { start, end, next: end + 1, lines: 1 };
    const { reason, found } = this.#text;
    if (reason !== null) run.reject(reason, found, whole, 'whole');
    else if (!run.take(cells, whole)) {
      this.#waiting = row;
      this.at = end + 1;
      return;
    } else if (run.count > count && this.#block !== null) kernel?.learn(encoder);
    this.#waiting = null;
    this.at = end + 1;
    this.#offset = this.origin + this.at;
  }

  /** Makes room for `bytes` more bytes. A row too long for the format's memory continues in a separate buffer. */
  #reserve(bytes: number): void {
    const { bytes: memory } = this.#text;
    const limit = this.#isLong ? memory.length - maxShortValue : this.#end;
    if (this.at + bytes <= limit) return;
    const from = this.#isLong ? 0 : this.#start;
    const grown = new Uint8Array(2 * (this.at - from + bytes) + maxShortValue);
    grown.set(memory.subarray(from, this.at));
    this.#text.bytes = grown;
    this.at -= from;
    this.#isLong = true;
  }

  /** Prepares the rejection of an overlong row. `part` then adds its text to the rejects, part by part. */
  #tooLong(): void {
    const from = this.#isLong ? 0 : this.#start;
    this.#long = { text: this.#text.bytes.slice(from, this.at), written: 0 };
    this.#text.bytes = this.#rows.run.bytes;
    this.#isLong = false;
    this.at = this.#start;
  }
}
