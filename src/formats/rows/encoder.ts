// Encodes each row as one point of line protocol. Escapes names, and writes values in declared or inferred types.
// Encoding a row allocates no memory if an earlier row had values in the same columns.

import { isUtf8 } from 'node:buffer';
import { MINUS, SPACE } from '../../core/ascii.js';
import { type InputPrecision, type NameLimits, strictestNameLimits } from '../../core/types/index.js';
import { TimeReader } from '../line-protocol/exact/time-reader.js';
import type { Reason } from '../reasons.js';
import type { TimeCell } from '../timestamps/time-cell.js';
import { BARE, type Cells, INSTANT, LIST, NONE, TEXT } from './cells.js';
import { SERIES_KEY_PER_TAG } from './mapping/constants.js';
import type { Mapping } from './mapping/mapping.js';
import { measurementPrefix } from './mapping/measurement.js';
import { type RowShapes, TableMemory } from './table-memory.js';
import { type FieldTypes, STRING, typeNames, UNKNOWN } from './values/field-types.js';
import { code, putName, reasonOf } from './values/put-value.js';
import { ValueWriter } from './values/value-writer.js';

/** Result for a point that does not fit into the remaining output memory. */
export const FULL = -1;

/**
 * Number of bytes that every series key has. The table name and the tags add more bytes. The server stores a series
 * under its key.
 */
const SERIES_KEY_BASE = 7;
/** Output memory that must be free after each value, bytes. It is for separators, quotes and a timestamp. */
const slack = 64;

const wrongType = code('wrong-type');
const badTimestamp = code('bad-timestamp');

export interface EncoderOptions {
  readonly precision: InputPrecision;
  readonly missingTimestamp: 'reject' | 'now';
  readonly maxPointBytes: number;
  readonly nullWords: readonly string[] | null;
  /** Limits that the target sets for names and series keys. Default: the limits of CnosDB. */
  readonly names?: NameLimits;
}

/** Encodes rows. The public fields describe the last encoded row. */
export class RowEncoder {
  hasTime = false;
  shape = 0;
  readonly time: TimeReader;
  reason: Reason = 'no-fields';
  found = '';
  /** The rule that the rejected row broke; null if the usual rule for `reason` explains the rejection. */
  rule: string | null = null;
  readonly #bytes: Uint8Array;
  readonly #options: EncoderOptions;
  readonly #nulls: readonly Uint8Array[];
  readonly #usualTime: TimeCell;
  #timeCell: TimeCell;
  readonly #values: ValueWriter;
  readonly #shapes: RowShapes;
  readonly #types: FieldTypes;
  #mapping: Mapping | null = null;
  #tables = new Map<string, TableMemory>();
  readonly #byMapping = new WeakMap<Mapping, Map<string, TableMemory>>();
  #table: TableMemory | null = null;
  /** The time that applies to all rows, as digits in the precision of the load; null if each row has its own time. */
  #constantTime: Uint8Array | null = null;
  #mask = new Int32Array(1);
  /**
   * Types that this row determines for fields of unknown type. `encode` stores the types only if it accepts the row.
   */
  readonly #newTypes: [field: number, type: number][] = [];

  constructor(bytes: Uint8Array, options: EncoderOptions, timeCell: TimeCell, shapes: RowShapes, types: FieldTypes) {
    this.#bytes = bytes;
    this.#options = options;
    this.#nulls = (options.nullWords ?? []).map((word) => Buffer.from(word));
    this.#usualTime = timeCell;
    this.#timeCell = timeCell;
    this.#values = new ValueWriter(bytes);
    this.#shapes = shapes;
    this.#types = types;
    this.time = new TimeReader(options.precision);
  }

  /** The table of the last row. */
  get table(): TableMemory | null {
    return this.#table;
  }

  /** Bit mask of the columns with a value in the last row: first one bit per tag, then one bit per field. */
  get mask(): Int32Array {
    return this.#mask;
  }

  /** Sets the mapping of the next rows. A `timeCell` of null selects the time format that the options set. */
  begin(mapping: Mapping, timeCell: TimeCell | null = null): void {
    this.#mapping = mapping;
    this.#timeCell = timeCell ?? this.#usualTime;
    // Each mapping has its own tables, because inputs with different mappings may alternate.
    this.#tables = this.#byMapping.get(mapping) ?? new Map<string, TableMemory>();
    this.#byMapping.set(mapping, this.#tables);
    this.#table = null;
    const { time } = mapping.constants;
    this.#constantTime = time === null ? null : this.#timeCell.digits(time);
  }

  /**
   * Writes the point of a row into [out, end).
   * @returns the offset after the point; FULL if the point does not fit; another negative code if the row is rejected.
   * For a rejected row, `reason` and `found` describe the error.
   */
  encode(row: Cells, out: number, end: number): number {
    const mapping = this.#mapping!;
    this.#clear(mapping);
    let at = this.#measurement(row, mapping, out, end);
    if (at >= 0) at = this.#tags(row, mapping, at, end);
    if (at >= 0) at = this.#fields(row, mapping, at, end);
    if (at >= 0) at = this.#timestamp(row, mapping, at);
    if (at < 0) return at;
    const { maxPointBytes } = this.#options;
    if (at - out > maxPointBytes)
      return this.#fail(code('too-long'), `a row that takes ${at - out} bytes as line protocol`);
    const table = this.#table!;
    if (this.#newTypes.length > 0)
      for (const [field, type] of this.#newTypes) table.learn(field, mapping.fields[field]!.name, type);
    this.shape = table.shape(this.#mask, this.#bytes, out, at, this.#shapes);
    return at;
  }

  #clear({ tags, fields }: Mapping): void {
    const words = (tags.length + fields.length + 31) >>> 5;
    const mask = this.#mask;
    if (mask.length !== words) this.#mask = new Int32Array(words);
    else for (let i = 0; i < words; i++) mask[i] = 0;
    // The array is mostly empty. Setting its length would take as much time as encoding a column.
    if (this.#newTypes.length > 0) this.#newTypes.length = 0;
  }

  #measurement(row: Cells, mapping: Mapping, out: number, end: number): number {
    const fixed = mapping.table;
    const table = fixed === null ? this.#tableOf(row, mapping.measurement) : (this.#table ?? this.#named(fixed));
    if (table === null) return this.#fail(code('no-measurement'), 'an empty or invalid table name');
    this.#table = table;
    table.addColumns(mapping);
    if (out + table.prefix.length + slack > end) return FULL;
    return this.#copy(table.prefix, out);
  }

  /** Returns the table whose name is in the cell; null if the cell contains no valid table name. */
  #tableOf(row: Cells, column: number): TableMemory | null {
    if (column < 0 || this.#isNone(row, column) || row.kinds[column]! > TEXT) return null;
    const from = row.starts[column]!;
    const to = row.ends[column]!;
    // Consecutive rows mostly name the same table.
    if (this.#table?.is(this.#bytes, from, to)) return this.#table;
    const name = Buffer.from(this.#bytes.buffer, from, to - from);
    // Invalid bytes would all decode to the same replacement character, so different names could become one table.
    return isUtf8(name) ? this.#named(name.toString()) : null;
  }

  #named(name: string): TableMemory | null {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const prefix = measurementPrefix(Buffer.from(name), (this.#options.names ?? strictestNameLimits).slashes);
    const table = prefix === null ? null : new TableMemory(name, prefix, this.#types, this.#mapping!.constants);
    if (table !== null) this.#tables.set(name, table);
    return table;
  }

  #tags(row: Cells, { tags }: Mapping, from: number, end: number): number {
    const { kinds, starts, ends } = row;
    let key = SERIES_KEY_BASE + this.#table!.keyBytes;
    let out = from;
    for (let i = 0; i < tags.length; i++) {
      const { column, prefix, name } = tags[i]!;
      const kind = kinds[column]!;
      if (kind === NONE || (kind === BARE && this.#isNone(row, column))) continue;
      const start = starts[column]!;
      const stop = ends[column]!;
      if (start === stop) continue; // an empty tag is left out
      if (out + prefix.length + 2 * (stop - start) + slack > end) return FULL;
      const at = this.#copy(prefix, out);
      const next = kind === LIST ? code('array-value') : putName(this.#bytes, start, stop, at);
      if (next < 0) return this.#rejectCell(next, name, start, stop);
      out = next;
      key += SERIES_KEY_PER_TAG + stop - start;
      this.#mask[i >>> 5]! |= 1 << (i & 31);
    }
    const { seriesKeyBytes } = this.#options.names ?? strictestNameLimits;
    return key <= seriesKeyBytes
      ? out
      : this.#fail(code('series-key-too-long'), `a series key that counts as ${key} bytes`);
  }

  #fields(row: Cells, { fields, tags, constants }: Mapping, from: number, end: number): number {
    const { kinds, starts, ends } = row;
    const { types, declared } = this.#table!;
    let out = from;
    for (let i = 0; i < fields.length; i++) {
      const { column, prefix, name, reading } = fields[i]!;
      const kind = kinds[column]!;
      if (kind === NONE || (kind === BARE && this.#isNone(row, column))) continue;
      const start = starts[column]!;
      const stop = ends[column]!;
      if (kind === TEXT && this.#isQuotedNull(types[i]!, start, stop)) continue;
      if (out + prefix.length + 2 * (stop - start) + slack > end) return FULL;
      const at = this.#copy(prefix, out);
      if (out === from) this.#bytes[out] = SPACE;
      const next =
        reading === null
          ? this.#values.put(kind, start, stop, at, types[i]!, declared[i]!)
          : this.#values.putRead(reading, start, stop, at, types[i]!);
      if (next < 0) return this.#rejectCell(next, name, start, stop);
      if (types[i] === 0) this.#newTypes.push([i, this.#values.type]);
      out = next;
      const bit = tags.length + i;
      this.#mask[bit >>> 5]! |= 1 << (bit & 31);
    }
    if (out === from) return this.#fail(code('no-fields'), 'a row without a value');
    return out + constants.fields.length + slack > end ? FULL : this.#copy(constants.fields, out);
  }

  #timestamp(row: Cells, { time: column, timeName }: Mapping, from: number): number {
    const constant = this.#constantTime;
    this.hasTime = constant === null ? column >= 0 && !this.#isNone(row, column) : constant.length > 0;
    if (!this.hasTime) {
      return this.#options.missingTimestamp === 'now' ? from : this.#fail(code('no-timestamp'), 'a row without a time');
    }
    const bytes = this.#bytes;
    const start = row.starts[column] ?? 0;
    const stop = row.ends[column] ?? 0;
    bytes[from] = SPACE;
    const end =
      constant !== null
        ? this.#copy(constant, from + 1)
        : stop - start > slack || row.kinds[column] === LIST
          ? code('bad-timestamp')
          : row.kinds[column] === INSTANT
            ? this.#copyOf(start, stop, from + 1)
            : this.#timeCell.put(start, stop, from + 1);
    if (end < 0) return this.#rejectCell(end, timeName, start, stop);
    const negative = bytes[from + 1] === MINUS;
    const digits = from + (negative ? 2 : 1);
    const inRange = end - digits <= 19 && this.time.read(bytes, digits, end, negative);
    return inRange ? end : this.#rejectCell(code('timestamp-range'), timeName, start, stop);
  }

  #copy(prefix: Uint8Array, out: number): number {
    const bytes = this.#bytes;
    for (let i = 0; i < prefix.length; i++) bytes[out + i] = prefix[i]!;
    return out + prefix.length;
  }

  #copyOf(from: number, to: number, out: number): number {
    const bytes = this.#bytes;
    for (let i = from; i < to; i++) bytes[out + i - from] = bytes[i]!;
    return out + to - from;
  }

  #isNone(row: Cells, column: number): boolean {
    const kind = row.kinds[column]!;
    if (kind !== BARE) return kind === NONE;
    const start = row.starts[column]!;
    const stop = row.ends[column]!;
    return start === stop || (this.#nulls.length > 0 && this.#isNull(start, stop));
  }

  /**
   * Tests for a quoted cell that means "no value" in a column of numbers or booleans: an empty cell, or a cell with a
   * word for null.
   */
  #isQuotedNull(type: number, from: number, to: number): boolean {
    return type !== STRING && type !== UNKNOWN && (from === to || this.#isNull(from, to));
  }

  #isNull(from: number, to: number): boolean {
    for (const word of this.#nulls) {
      if (word.length === to - from && Buffer.compare(word, this.#bytes.subarray(from, to)) === 0) return true;
    }
    return false;
  }

  #rejectCell(result: number, column: string, from: number, to: number): number {
    const text = Buffer.from(this.#bytes.subarray(from, Math.min(to, from + 64))).toString();
    const field = result === wrongType ? this.#mapping!.fields.findIndex(({ name }) => name === column) : -1;
    const expected = field < 0 ? '' : ` where a ${typeNames[this.#table!.types[field]!]} is expected`;
    const failure = this.#fail(result, `${JSON.stringify(text)} in column ${column}${expected}`);
    if (result === badTimestamp) this.rule = `expected ${this.#timeCell.expected}`;
    return failure;
  }

  #fail(result: number, found: string): number {
    this.reason = reasonOf(result);
    this.found = found;
    this.rule = null;
    return result;
  }
}
