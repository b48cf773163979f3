// Parses line protocol exactly as CnosDB 2.4.3 does, oddities included: a name may continue after a line end, the first
// byte of some parts is not checked, and two points may be on one line. This parser follows recorded responses of
// CnosDB. So this parser does not share code with the loader's parser.

import { BACKSLASH, COMMA, CR, EQUALS, HASH, LF, QUOTE, SPACE } from '../../core/ascii.js';
import { RequestRefusal, unreadable } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import { type StoredSeries, type StoredTable, seriesOf } from '../storage/table.js';
import { checkNameEscape, checkValueEscape, isSpace, unexpectedEnd } from './line-bytes.js';
import {
  fieldType,
  readBoolean,
  readFloat,
  readInteger,
  readName,
  readString,
  readTime,
  type StoredFieldType,
  type StoredFieldValue,
} from './parse-values.js';
import type { RowColumn } from './row-columns.js';

/** Largest number of entries of two caches: series by their text, and usual fields of a table. */
const MAX_HEADS = 200_000;
const MAX_USUAL_FIELDS = 1_000;

/**
 * Converts the written time of a point (null for a point without a time) to the stored time. May throw RequestRefusal.
 */
export type TimeConverter = (written: bigint | null) => bigint;

/** Parses one body into the rows of its tables. */
export class BodyParser {
  readonly #bytes: Buffer;
  readonly #database: Database;
  readonly #convertTime: TimeConverter;
  readonly #request: number;
  #at = 0;
  /** True if the part that was read last contains a backslash. */
  #escaped = false;
  /** Refusal of the body, thrown once the whole body is parsed. */
  #refusal: RequestRefusal | null = null;
  readonly #tables: StoredTable[] = [];

  constructor(bytes: Buffer, database: Database, convertTime: TimeConverter, request: number) {
    this.#bytes = bytes;
    this.#database = database;
    this.#convertTime = convertTime;
    this.#request = request;
  }

  /** Tables of the body in order of appearance. The list is valid even after an error in `parse`. */
  get tables(): readonly StoredTable[] {
    return this.#tables;
  }

  /** Parses the body. Throws RequestRefusal; the caller then discards the rows. */
  parse(): void {
    while (this.#findPoint()) this.#point();
    if (this.#refusal !== null) throw this.#refusal;
  }

  #findPoint(): boolean {
    const bytes = this.#bytes;
    let comment = false;
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (comment) comment = byte !== LF && byte !== CR;
      else if (byte === HASH) comment = true;
      else if (!isSpace(byte)) return true;
    }
    return false;
  }

  #point(): void {
    const series = this.#head();
    this.#touch(series);
    const { rows } = series.table;
    const time = this.#fields(series.table) ? this.#time() : null;
    try {
      rows.end(series, this.#convertTime(time));
    } catch (error) {
      if (!(error instanceof RequestRefusal)) throw error;
      this.#refusal ??= error;
    }
  }

  /** Reads measurement and tags. */
  #head(): StoredSeries {
    const start = this.#at;
    const end = this.#headEnd(start);
    const head = this.#bytes.toString('latin1', start, end);
    let series = this.#database.heads.get(head);
    if (series === undefined) {
      series = this.#readHead(start, end);
      if (this.#database.heads.size >= MAX_HEADS) this.#database.heads.clear();
      this.#database.heads.set(head, series);
    }
    return series;
  }

  /** Returns the offset of the unescaped space after measurement and tags. The first byte is not checked. */
  #headEnd(start: number): number {
    const bytes = this.#bytes;
    let part = start;
    let place: 'table' | 'key' | 'value' = 'table';
    let at = start + 1;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte > EQUALS && byte !== BACKSLASH) continue;
      if (byte === BACKSLASH) checkNameEscape(bytes, ++at, place !== 'table');
      else if (byte === EQUALS && place === 'key') place = 'value';
      else if (byte === COMMA && place !== 'key') {
        place = 'key';
        part = at + 1;
      } else if (byte === SPACE && place !== 'key') break;
    }
    this.#at = at;
    while (bytes[this.#at] === SPACE) this.#at++;
    if (this.#at >= bytes.length) throw unexpectedEnd(part);
    return at;
  }

  #readHead(start: number, end: number): StoredSeries {
    let at = this.#partEnd(start + 1, end, COMMA);
    const table = this.#database.table(readName(this.#bytes, start, at, this.#escaped));
    const tags: [string, string][] = [];
    while (at < end) {
      const equals = this.#partEnd(at + 1, end, EQUALS);
      const name = readName(this.#bytes, at + 1, equals, this.#escaped);
      at = this.#partEnd(equals + 1, end, COMMA);
      tags.push([name, readName(this.#bytes, equals + 1, at, this.#escaped)]);
    }
    return seriesOf(table, tags);
  }

  /** Returns the offset of the next unescaped `stop`, or `end`. */
  #partEnd(from: number, end: number, stop: number): number {
    this.#escaped = false;
    let at = from;
    for (; at < end && this.#bytes[at] !== stop; at++) {
      if (this.#bytes[at] !== BACKSLASH) continue;
      this.#escaped = true;
      at++;
    }
    return Math.min(at, end);
  }

  /** Registers the table and tag columns of a series, once per request. */
  #touch(series: StoredSeries): void {
    if (series.request === this.#request) return;
    series.request = this.#request;
    const { table } = series;
    if (!this.#tables.includes(table)) this.#tables.push(table);
    for (const [name] of series.tags) {
      if (name === 'time') this.#refusal ??= timeColumn();
      else this.#refusal ??= table.rows.column(name).use('STRING', true, table.rows.count);
    }
  }

  /** Reads all fields of a point. Returns true when a timestamp follows. */
  #fields(table: StoredTable): boolean {
    const bytes = this.#bytes;
    let unchecked = 1;
    for (let nth = 0; ; nth++) {
      const key = this.#at;
      const usual = this.#usualField(table, nth);
      if (usual === null) this.#fieldName(key + unchecked);
      const equals = this.#at;
      const nameEscaped = this.#escaped;
      const end = this.#valueEnd(equals + 1);
      // At the end of a body, CnosDB drops a field with an empty value or name.
      if (end < bytes.length || (equals > key && end > equals + 1)) {
        const column = usual ?? this.#column(table, key, equals, nameEscaped);
        if (usual === null && !nameEscaped) this.#rememberField(table, nth, key, equals, column);
        this.#field(table, column, equals + 1, end);
      }
      this.#at = end + 1;
      if (bytes[end] !== COMMA) return this.#afterFields(end);
      unchecked = 0;
    }
  }

  /**
   * Reads the next field name if it equals the usual name at this position. Returns the column of the name, or null for
   * another name.
   */
  #usualField(table: StoredTable, nth: number): RowColumn | null {
    const usual = table.usualFields[nth];
    if (usual === undefined) return null;
    const { written } = usual;
    for (let i = 0; i < written.length; i++) if (this.#bytes[this.#at + i] !== written[i]) return null;
    this.#at += written.length - 1;
    this.#escaped = false;
    return usual.column;
  }

  /** Remembers a field name as the usual name at position `nth`, unless it begins with a backslash or `=`. */
  #rememberField(table: StoredTable, nth: number, key: number, equals: number, column: RowColumn): void {
    const first = this.#bytes[key];
    if (nth >= MAX_USUAL_FIELDS || first === BACKSLASH || first === EQUALS) return;
    table.usualFields[nth] = { written: Uint8Array.prototype.slice.call(this.#bytes, key, equals + 1), column };
  }

  #fieldName(from: number): void {
    const bytes = this.#bytes;
    const key = this.#at;
    this.#escaped = false;
    let at = from;
    for (; bytes[at] !== EQUALS; at++) {
      if (at >= bytes.length) throw unexpectedEnd(key);
      if (bytes[at] !== BACKSLASH) continue;
      this.#escaped = true;
      checkNameEscape(bytes, ++at, true);
    }
    this.#at = at;
  }

  #valueEnd(from: number): number {
    const bytes = this.#bytes;
    let quoted = false;
    this.#escaped = false;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === BACKSLASH) {
        this.#escaped = true;
        checkValueEscape(bytes, ++at);
      } else if (!quoted && (byte === COMMA || byte === SPACE || byte === LF || byte === CR)) return at;
    }
    if (quoted) throw unexpectedEnd(from);
    return bytes.length;
  }

  #field(table: StoredTable, column: RowColumn, from: number, end: number): void {
    if (end === from) throw new RequestRefusal(500, null, 'empty field value', true);
    const type = fieldType(this.#bytes, from, end);
    const value = this.#value(type, from, end);
    if (column.has(table.rows.count)) return;
    table.rows.fields++;
    if (column.type !== type || column.tag) {
      const refused =
        column.name === 'time' && type !== 'I64' ? timeColumn() : column.use(type, false, table.rows.count);
      this.#refusal ??= refused;
      if (refused !== null || column.tag) return;
    }
    column.set(table.rows.count, value);
  }

  #value(type: StoredFieldType, from: number, end: number): StoredFieldValue {
    if (type === 'F64') return readFloat(this.#bytes, from, end);
    if (type === 'STRING') return readString(this.#bytes, from, end, this.#escaped);
    return type === 'BOOL' ? readBoolean(this.#bytes, from, end) : readInteger(this.#bytes, from, end, type === 'U64');
  }

  #column(table: StoredTable, key: number, equals: number, escaped: boolean): RowColumn {
    const written = this.#bytes.toString('latin1', key, equals);
    // A backslash at the start of a field name is an escape, except in the first field of a point. So the same text can
    // stand for two names, and each name has its own key in `written`.
    const known = table.written.get(escaped ? `\\${written}` : written);
    if (known !== undefined) return known;
    const column = table.rows.column(readName(this.#bytes, key, equals, escaped));
    table.written.set(escaped ? `\\${written}` : written, column);
    return column;
  }

  #afterFields(end: number): boolean {
    if (this.#bytes[end] !== SPACE) return false;
    while (this.#bytes[this.#at] === SPACE) this.#at++;
    return this.#at < this.#bytes.length;
  }

  /** Reads the timestamp: any first byte, then all bytes up to the next white space. */
  #time(): bigint {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start + 1;
    while (at < bytes.length && !isSpace(bytes[at])) at++;
    this.#at = at + 1;
    const atEnd = at >= bytes.length;
    const time = readTime(bytes, start, Math.min(at, bytes.length), atEnd);
    if (time === null) throw unreadable(`fail to parse timestamp at ${atEnd ? start : at}`);
    return time;
  }
}

function timeColumn(): RequestRefusal {
  return new RequestRefusal(422, '050014', 'line to batch error: Expected i64 type as time column');
}
