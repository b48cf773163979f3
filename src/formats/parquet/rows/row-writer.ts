// Rows, written one behind the other into the memory of the format and handed to the encoder: their text is what is kept of
// those that are rejected, and the bytes in which places are counted.

import type { Position as Start } from '../../../core/types/index.js';
import { copy } from '../../rows/copy-bytes.js';
import type { RowFormatMemory } from '../../rows/rows.js';
import type { FlatColumn, SelectedColumns } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import type { ListRows, Pen } from './list-rows.js';
import { ReadyColumn, ReadyTexts } from './rendered-dictionary.js';
import { RowText, shortValue, type TextRange } from './row-text.js';

const LF = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const NULL = Buffer.from('null');

/** A row of which the text is longer than any may be. */
interface LongRow {
  readonly text: Uint8Array;
  given: number;
}

export class RowWriter implements Pen {
  /** Where the next byte goes: in the memory of the format, but for rows that are too long for it. */
  at = 0;
  /** Bytes of the input that offset 0 of the memory stands for. */
  origin = 0;
  readonly #rows: RowFormatMemory;
  readonly #text: RowText;
  readonly #columns: SelectedColumns;
  /** Of the memory of the format. */
  readonly #view: DataView;
  readonly #texts: ReadyTexts;
  readonly #ready: readonly ReadyColumn[];
  readonly #base: number;
  readonly #end: number;
  #cursors: readonly PageCursor[] = [];
  #lists: readonly ListRows[] = [];
  /** Offset in the input of the row that comes next. */
  #offset: number;
  /** Written, but without room in the run. */
  #waiting: { readonly start: number; readonly end: number } | null = null;
  #long: LongRow | null = null;
  #isLong = false;
  /** Where the row that is being written begins. */
  #start = 0;

  constructor(rows: RowFormatMemory, columns: SelectedColumns, { byteOffset, line }: Start) {
    const { bytes, layout } = rows.run;
    this.#rows = rows;
    this.#columns = columns;
    this.#text = new RowText(bytes, layout, rows.cells, rows.options);
    this.#base = layout.scratchEnd;
    this.#end = layout.bytes - shortValue;
    this.#offset = byteOffset;
    this.#texts = new ReadyTexts(rows.cells);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const memory = { bytes, view: this.#view, cells: rows.cells, texts: this.#texts, end: this.#end };
    const hasNulls = rows.options.nullWords !== null;
    this.#ready = columns.flat.map(({ place }) => new ReadyColumn(memory, columns.mapping, place.cell, hasNulls));
    rows.run.begin(line);
    this.begin();
  }

  /** Of the row that comes next, in the input. */
  get end(): number {
    return this.#offset;
  }

  /** What was written for the run before is gone, but for a row that had no room in it. */
  begin(): void {
    const { run } = this.#rows;
    run.clear();
    if (this.#waiting === null) {
      this.at = this.#base;
      this.origin = this.#offset - this.#base;
    } else this.#take(this.#waiting);
  }

  /** The columns of the next row group. */
  open(cursors: readonly PageCursor[], lists: readonly ListRows[], rows: number): void {
    this.#cursors = cursors;
    this.#lists = lists;
    this.#texts.clear();
    for (const column of this.#ready) column.open(rows);
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
      this.#end - this.at < this.#rows.options.maxPointBytes + shortValue
    );
  }

  /** Whether a row is being handed out in parts; then the next run is its next part. */
  get isInParts(): boolean {
    return this.#long !== null;
  }

  /** Writes up to so many rows, for which there are entries in all columns. @returns how many */
  fill(rows: number): number {
    let done = 0;
    for (; done < rows && !this.isFull; done++) this.#row();
    return done;
  }

  /** The next part of a row that is too long. */
  part(): void {
    const long = this.#long!;
    const { run, options } = this.#rows;
    const from = long.given;
    const length = Math.min(options.maxPointBytes, long.text.length - from);
    const isLast = from + length === long.text.length;
    run.bytes.set(long.text.subarray(from, from + length), this.at);
    const row = { start: this.at, end: this.at + length, next: this.at + length, lines: Number(isLast) };
    const part = isLast ? (from === 0 ? 'whole' : 'last') : from === 0 ? 'first' : 'middle';
    run.reject('too-long', `a row of ${long.text.length} bytes`, row, part);
    long.given += length;
    this.at += length;
    // As in a file of rows, a line end belongs to it.
    this.#offset += length + Number(isLast);
    if (isLast) this.#long = null;
  }

  text(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#text.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  value(place: TextRange, cursor: PageCursor, value: number): void {
    if (value < 0) {
      this.text(NULL);
      return;
    }
    let size = shortValue;
    if (place.leaf.width === 0) {
      cursor.locate(value, 0);
      size = RowText.most(cursor.to - cursor.from);
      if (size > this.#end - this.at) size = RowText.size(cursor.source, cursor.from, cursor.to);
    } else if (place.leaf.width > 16) size = RowText.most(place.leaf.width);
    this.#reserve(size);
    this.at = this.#text.put(place, cursor, value, this.at);
  }

  #row(): void {
    const { cells } = this.#rows;
    const { flat, count } = this.#columns;
    const start = this.at;
    this.#start = start;
    cells.clear(count);
    this.#text.begin();
    this.#text.bytes[this.at++] = OPEN;
    for (let i = 0; i < flat.length; i++) this.#flat(flat[i]!, this.#ready[i]!, this.#cursors[i]!);
    for (let i = 0; i < this.#lists.length; i++) {
      this.text(this.#columns.lists[i]!.key.bytes);
      this.#lists[i]!.write(this, cells);
      this.#text.bytes[this.at++] = COMMA;
    }
    const isEmpty = this.at === (this.#isLong ? 1 : start + 1);
    if (!isEmpty) this.at--;
    this.#text.bytes[this.at++] = CLOSE;
    if (this.#isLong || this.at - start > this.#rows.options.maxPointBytes) this.#tooLong();
    else {
      this.#text.bytes[this.at] = LF;
      this.#take({ start, end: this.at });
    }
  }

  #flat({ place, key }: FlatColumn, ready: ReadyColumn, cursor: PageCursor): void {
    const value = cursor.pass();
    if (value < 0) return;
    const isEntry = cursor.isDictionary && !this.#isLong;
    const copied = isEntry ? ready.put(cursor.values, value, this.at) : -1;
    if (copied > 0) {
      this.at = copied;
      return;
    }
    const from = this.at;
    const { length } = key.bytes;
    if (this.#isLong || this.at + length > this.#end) this.text(key.bytes);
    else {
      copy(this.#view, this.at, key.view, 0, length);
      this.at += length;
    }
    this.value(place, cursor, value);
    this.#text.bytes[this.at++] = COMMA;
    if (isEntry && !this.#isLong && this.#text.reason === null) ready.keep(value, from, this.at);
  }

  #take(row: { readonly start: number; readonly end: number }): void {
    const { run, cells } = this.#rows;
    const { start, end } = row;
    const whole = { start, end, next: end + 1, lines: 1 };
    const { reason, found } = this.#text;
    if (reason !== null) run.reject(reason, found, whole, 'whole');
    else if (!run.take(cells, whole)) {
      this.#waiting = row;
      this.at = end + 1;
      return;
    }
    this.#waiting = null;
    this.at = end + 1;
    this.#offset = this.origin + this.at;
  }

  /** Room for so many bytes more. Rows longer than any may be get a memory of their own while they are written. */
  #reserve(bytes: number): void {
    const { bytes: memory } = this.#text;
    const limit = this.#isLong ? memory.length - shortValue : this.#end;
    if (this.at + bytes <= limit) return;
    const from = this.#isLong ? 0 : this.#start;
    const grown = new Uint8Array(2 * (this.at - from + bytes) + shortValue);
    grown.set(memory.subarray(from, this.at));
    this.#text.bytes = grown;
    this.at -= from;
    this.#isLong = true;
  }

  /** Nothing of it is sent; what is kept of it comes in parts. */
  #tooLong(): void {
    const from = this.#isLong ? 0 : this.#start;
    this.#long = { text: this.#text.bytes.slice(from, this.at), given: 0 };
    this.#text.bytes = this.#rows.run.bytes;
    this.#isLong = false;
    this.at = this.#start;
  }
}
