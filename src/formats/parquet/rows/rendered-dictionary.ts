// Caches the text of dictionary entries, as JSON and as part of a point.
// The first row with an entry renders it; later rows copy it.

import { BARE, type Cells, READY } from '../../rows/cells.js';
import { copy, copySlack } from '../../rows/copy-bytes.js';
import type { MappedColumn, Mapping } from '../../rows/mapping/mapping.js';
import { typeNames, UNKNOWN } from '../../rows/values/field-types.js';
import { putName } from '../../rows/values/put-value.js';
import { ValueWriter } from '../../rows/values/value-writer.js';
import { noValues, type PageValues } from '../pages/page-values.js';

/** Capacity of the cache of one row group; part of its memory estimate. */
export const renderedBytes = 2 * 1024 * 1024;
const initialBytes = 64 * 1024;
/** Longer texts are not cached. */
const maxCached = 256;
/** A dictionary is cached only if each entry occurs at least this often on average. */
const minUses = 4;
/** Words of an entry: offset and length of its JSON; lengths of its part of the point and of its value. */
const entryWords = 2;
/** Bits of a packed length. */
const lengthBits = 9;
const lengthMask = (1 << lengthBits) - 1;
/** State of an entry that was not rendered yet, and of one that is never cached. */
const NEW = 0;
const NEVER = -1;

/** Memory of the cached texts of all columns. */
export class RenderedArena {
  readonly #cells: Cells;
  /** Offset 0 is reserved for NEW. */
  #end = 1;

  constructor(cells: Cells) {
    this.#cells = cells;
    cells.ready = new DataView(new ArrayBuffer(initialBytes));
  }

  clear(): void {
    this.#end = 1;
  }

  /** Allocates bytes. Returns NEVER when the cache is full. */
  allocate(bytes: number): number {
    const at = this.#end;
    const end = at + bytes;
    if (end + copySlack > renderedBytes) return NEVER;
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

/** The memory that rows are written to. */
export interface RowMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly cells: Cells;
  readonly arena: RenderedArena;
  /** End of the writable range. */
  readonly end: number;
}

/** The cached entries of one column. */
export class RenderedColumn {
  readonly #memory: RowMemory;
  readonly #cell: number;
  readonly #part: MappedColumn | null;
  /** Type of a field; UNKNOWN for a tag. */
  readonly #type: number;
  readonly #values: ValueWriter;
  readonly #hasNulls: boolean;
  #dictionary = noValues;
  /** Offset and lengths lie side by side, so that a copy waits for one cache line only. */
  #entries = new Int32Array(0);
  #rows = 0;

  /** @param hasNulls true when --null lists words for a missing value */
  constructor(memory: RowMemory, mapping: Mapping, cell: number, hasNulls: boolean) {
    const isColumn = ({ column }: MappedColumn): boolean => column === cell;
    const field = mapping.fields.find(isColumn);
    const type = field?.reading === null ? (field.declared ?? 'unknown') : 'unknown';
    this.#memory = memory;
    this.#cell = cell;
    this.#type = typeNames.indexOf(type);
    this.#part = field === undefined ? (mapping.tags.find(isColumn) ?? null) : this.#type === UNKNOWN ? null : field;
    this.#values = new ValueWriter(memory.bytes);
    this.#hasNulls = hasNulls;
  }

  /** Begins a row group of `rows` rows. */
  open(rows: number): void {
    this.#rows = rows;
    this.#dictionary = noValues;
  }

  /** Copies `"name":value,` to `at` and fills the cell. Returns the offset after it, or -1 for an entry not cached. */
  put(dictionary: PageValues, value: number, at: number): number {
    if (dictionary !== this.#dictionary) this.#begin(dictionary);
    const first = this.#entries.length === 0 ? NEVER : this.#entries[entryWords * value]!;
    if (first <= 0) return -1;
    const second = this.#entries[entryWords * value + 1]!;
    const { view, cells, end } = this.#memory;
    const json = first & lengthMask;
    if (at + json > end) return -1;
    const offset = first >> lengthBits;
    copy(view, at, cells.ready, offset, json);
    const cell = this.#cell;
    const start = offset + json;
    cells.kinds[cell] = READY;
    cells.starts[cell] = start;
    cells.ends[cell] = start + (second >> lengthBits);
    cells.sizes[cell] = second & lengthMask;
    return at + json;
  }

  /** Caches an entry whose JSON was written to [from, to). */
  keep(value: number, from: number, to: number): void {
    const entries = this.#entries;
    if (entries.length > 0 && entries[entryWords * value] === NEW) this.#keep(entryWords * value, from, to);
  }

  #begin(dictionary: PageValues): void {
    const isWorth = this.#part !== null && dictionary.count * minUses <= this.#rows;
    this.#dictionary = dictionary;
    this.#entries = new Int32Array(isWorth ? entryWords * dictionary.count : 0);
  }

  #keep(entry: number, from: number, to: number): void {
    const { bytes, view, cells, arena, end } = this.#memory;
    const { prefix } = this.#part!;
    const kind = cells.kinds[this.#cell]!;
    const start = cells.starts[this.#cell]!;
    const stop = cells.ends[this.#cell]!;
    const maxPoint = prefix.length + 2 * maxCached;
    this.#entries[entry] = NEVER;
    if (to - from > maxCached || to + maxPoint > end || (kind === BARE && this.#hasNulls)) return;
    // The space after the row is scratch memory until the length is known.
    bytes.set(prefix, to);
    const done = this.#value(kind, start, stop, to + prefix.length);
    if (done < 0) return;
    const offset = arena.allocate(done - from);
    if (offset === NEVER) return;
    copy(cells.ready, offset, view, from, done - from);
    this.#entries[entry] = (offset << lengthBits) | (to - from);
    this.#entries[entry + 1] = ((done - to) << lengthBits) | (stop - start);
  }

  #value(kind: number, from: number, to: number, out: number): number {
    if (this.#type !== UNKNOWN) return this.#values.put(kind, from, to, out, this.#type, 1);
    return from === to ? NEVER : putName(this.#memory.bytes, from, to, out);
  }
}
