// What the entries of a dictionary become, as JSON and in a point: kept when a row first names one, and copied for the rows
// that name it after that.

import { BARE, type Cells, READY } from '../../rows/cells.js';
import { copy, copySlack } from '../../rows/copy-bytes.js';
import type { MappedColumn, Mapping } from '../../rows/mapping/mapping.js';
import { typeNames, UNKNOWN } from '../../rows/values/field-types.js';
import { putName } from '../../rows/values/put-value.js';
import { ValueWriter } from '../../rows/values/value-writer.js';
import { noValues, type PageValues } from '../pages/page-values.js';

/** Bytes for what is kept of a row group; part of what it needs. */
export const readyBytes = 2 * 1024 * 1024;
const firstBytes = 64 * 1024;
/** Longer texts are written anew for each row. */
const longest = 256;
/** Values for each entry of a dictionary; where there are fewer, too few of them are copies. */
const fewest = 4;
/** Two numbers for each entry: where its text begins and how long it is as JSON, how long it is in the point and as a value. */
const words = 2;
/** Of lengths in them; longer ones have no room there. */
const lengthBits = 9;
const lengths = (1 << lengthBits) - 1;
/** Entries that are not kept yet, and those that never are. */
const NEW = 0;
const NEVER = -1;

/** Memory for the texts of all columns of a row group. */
export class ReadyTexts {
  readonly #cells: Cells;
  /** 0 is no place of a text. */
  #end = 1;

  constructor(cells: Cells) {
    this.#cells = cells;
    cells.ready = new DataView(new ArrayBuffer(firstBytes));
  }

  clear(): void {
    this.#end = 1;
  }

  /** @returns where so many bytes are free; NEVER where no more are kept */
  take(bytes: number): number {
    const at = this.#end;
    const end = at + bytes;
    if (end + copySlack > readyBytes) return NEVER;
    while (end + copySlack > this.#cells.ready.byteLength) {
      const { buffer, byteLength } = this.#cells.ready;
      const grown = new Uint8Array(2 * byteLength);
      grown.set(new Uint8Array(buffer));
      this.#cells.ready = new DataView(grown.buffer);
    }
    this.#end = end;
    return at;
  }
}

/** Where rows are written. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly cells: Cells;
  readonly texts: ReadyTexts;
  /** Offset behind what may be written. */
  readonly end: number;
}

/** The entries of one column. */
export class ReadyColumn {
  readonly #memory: Memory;
  readonly #cell: number;
  readonly #part: MappedColumn | null;
  /** Of a field; UNKNOWN for a tag. */
  readonly #type: number;
  readonly #values: ValueWriter;
  readonly #hasNulls: boolean;
  #dictionary = noValues;
  /** Lengths stand beside the places, so that nothing waits for a text before it is copied. */
  #entries = new Int32Array(0);
  #rows = 0;

  /** @param hasNulls whether some words stand for no value */
  constructor(memory: Memory, mapping: Mapping, cell: number, hasNulls: boolean) {
    const isOwn = ({ column }: MappedColumn): boolean => column === cell;
    const field = mapping.fields.find(isOwn);
    const type = field?.reading === null ? (field.declared ?? 'unknown') : 'unknown';
    this.#memory = memory;
    this.#cell = cell;
    this.#type = typeNames.indexOf(type);
    this.#part = field === undefined ? (mapping.tags.find(isOwn) ?? null) : this.#type === UNKNOWN ? null : field;
    this.#values = new ValueWriter(memory.bytes);
    this.#hasNulls = hasNulls;
  }

  /** A row group of so many rows. */
  open(rows: number): void {
    this.#rows = rows;
    this.#dictionary = noValues;
  }

  /** Writes `"name":value,` at `at`, and the cell. @returns the offset behind it; -1 when it is not kept */
  put(dictionary: PageValues, value: number, at: number): number {
    if (dictionary !== this.#dictionary) this.#begin(dictionary);
    const first = this.#entries.length === 0 ? NEVER : this.#entries[words * value]!;
    if (first <= 0) return -1;
    const second = this.#entries[words * value + 1]!;
    const { view, cells, end } = this.#memory;
    const json = first & lengths;
    if (at + json > end) return -1;
    const place = first >> lengthBits;
    copy(view, at, cells.ready, place, json);
    const cell = this.#cell;
    const start = place + json;
    cells.kinds[cell] = READY;
    cells.starts[cell] = start;
    cells.ends[cell] = start + (second >> lengthBits);
    cells.sizes[cell] = second & lengths;
    return at + json;
  }

  /** Keeps what was written in [from, to), as far as it can be. */
  keep(value: number, from: number, to: number): void {
    const entries = this.#entries;
    if (entries.length > 0 && entries[words * value] === NEW) this.#keep(words * value, from, to);
  }

  #begin(dictionary: PageValues): void {
    const isWorth = this.#part !== null && dictionary.count * fewest <= this.#rows;
    this.#dictionary = dictionary;
    this.#entries = new Int32Array(isWorth ? words * dictionary.count : 0);
  }

  #keep(entry: number, from: number, to: number): void {
    const { bytes, view, cells, texts, end } = this.#memory;
    const { prefix } = this.#part!;
    const kind = cells.kinds[this.#cell]!;
    const start = cells.starts[this.#cell]!;
    const stop = cells.ends[this.#cell]!;
    const most = prefix.length + 2 * longest;
    this.#entries[entry] = NEVER;
    if (to - from > longest || to + most > end || (kind === BARE && this.#hasNulls)) return;
    // Behind the row is room for it, until it is known how long it is.
    bytes.set(prefix, to);
    const done = this.#value(kind, start, stop, to + prefix.length);
    if (done < 0) return;
    const place = texts.take(done - from);
    if (place === NEVER) return;
    copy(cells.ready, place, view, from, done - from);
    this.#entries[entry] = (place << lengthBits) | (to - from);
    this.#entries[entry + 1] = ((done - to) << lengthBits) | (stop - start);
  }

  #value(kind: number, from: number, to: number, out: number): number {
    if (this.#type !== UNKNOWN) return this.#values.put(kind, from, to, out, this.#type, true);
    return from === to ? NEVER : putName(this.#memory.bytes, from, to, out);
  }
}
