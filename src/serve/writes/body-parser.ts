// Line protocol → rows, byte by byte as the server of 2.4.3 does it, with its oddities: a name runs over a line end,
// the first byte of some parts is not looked at, two points fit on one line. Judged by the recordings alone, so it
// shares nothing with the loader's own parser.

import { RequestRefusal, unreadable } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import { type StoredSeries, type StoredTable, seriesOf } from '../storage/table.js';
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

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const MAX_HEADS = 200_000;
const MAX_HABIT = 1_000;

/** Time of a point as stored, from the one written (null: none). May refuse. */
export type Stamp = (written: bigint | null) => bigint;

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === 9 || byte === 12;
}

function unexpectedEnd(at: number): RequestRefusal {
  return unreadable(`unexpect end line start at '${at}'`);
}

/** Rejects a byte that may not follow a backslash. */
function checkEscape(bytes: Buffer, at: number, allowsEquals: boolean): void {
  const byte = bytes[at];
  if (byte === COMMA || byte === SPACE || byte === BACKSLASH || byte === QUOTE || byte === 39) return;
  if (byte === EQUALS && allowsEquals) return;
  if (at < bytes.length) throw unreadable(`unexpect token '${String.fromCharCode(byte)}' at ${at}`);
}

/** Reads one body into the rows of the tables it names. */
export class BodyParser {
  readonly #bytes: Buffer;
  readonly #database: Database;
  readonly #stamp: Stamp;
  readonly #request: number;
  #at = 0;
  /** A backslash was seen in the part just read. */
  #escaped = false;
  /** What refuses the body once all of it has been found readable. */
  #trouble: RequestRefusal | null = null;
  readonly #tables: StoredTable[] = [];

  constructor(bytes: Buffer, database: Database, stamp: Stamp, request: number) {
    this.#bytes = bytes;
    this.#database = database;
    this.#stamp = stamp;
    this.#request = request;
  }

  /** Tables touched, in order of appearance; filled also when this throws. */
  get tables(): readonly StoredTable[] {
    return this.#tables;
  }

  /** Throws Refusal; the rows are then to be forgotten. */
  parse(): void {
    while (this.#findPoint()) this.#point();
    if (this.#trouble !== null) throw this.#trouble;
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
    this.#meet(series);
    const { rows } = series.table;
    const time = this.#fields(series.table) ? this.#time() : null;
    try {
      rows.end(series, this.#stamp(time));
    } catch (error) {
      if (!(error instanceof RequestRefusal)) throw error;
      this.#trouble ??= error;
    }
  }

  /** Measurement and tags, up to the first field. */
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

  /** Where the unescaped space stands that ends the head; the first byte of it is not looked at. */
  #headEnd(start: number): number {
    const bytes = this.#bytes;
    let part = start;
    let place: 'table' | 'key' | 'value' = 'table';
    let at = start + 1;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte > EQUALS && byte !== BACKSLASH) continue;
      if (byte === BACKSLASH) checkEscape(bytes, ++at, place !== 'table');
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

  /** Where `stop` stands unescaped, or `end`. */
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

  /** Once a request: a table joins it, and the tags of a series claim their columns. */
  #meet(series: StoredSeries): void {
    if (series.request === this.#request) return;
    series.request = this.#request;
    const { table } = series;
    if (!this.#tables.includes(table)) this.#tables.push(table);
    for (const [name] of series.tags) {
      if (name === 'time') this.#trouble ??= timeColumn();
      else this.#trouble ??= table.rows.column(name).use('STRING', true, table.rows.count);
    }
  }

  /** All fields of a point. True when something follows that ought to be its timestamp. */
  #fields(table: StoredTable): boolean {
    const bytes = this.#bytes;
    let unseen = 1;
    for (let nth = 0; ; nth++) {
      const key = this.#at;
      const usual = this.#usual(table, nth);
      if (usual === null) this.#fieldName(key + unseen);
      const equals = this.#at;
      const nameEscaped = this.#escaped;
      const end = this.#valueEnd(equals + 1);
      // At the end of a body an empty value or an empty name just vanishes.
      if (end < bytes.length || (equals > key && end > equals + 1)) {
        const column = usual ?? this.#column(table, key, equals, nameEscaped);
        if (usual === null && !nameEscaped) this.#expect(table, nth, key, equals, column);
        this.#field(table, column, equals + 1, end);
      }
      this.#at = end + 1;
      if (bytes[end] !== COMMA) return this.#afterFields(end);
      unseen = 0;
    }
  }

  /** The column that the points of this table usually have here, if this one has it too; then its name is read. */
  #usual(table: StoredTable, nth: number): RowColumn | null {
    const habit = table.habit[nth];
    if (habit === undefined) return null;
    const { written } = habit;
    for (let i = 0; i < written.length; i++) if (this.#bytes[this.#at + i] !== written[i]) return null;
    this.#at += written.length - 1;
    this.#escaped = false;
    return habit.column;
  }

  /** Remembers a plain name; one that starts with a byte nobody looked at is not plain. */
  #expect(table: StoredTable, nth: number, key: number, equals: number, column: RowColumn): void {
    const first = this.#bytes[key];
    if (nth >= MAX_HABIT || first === BACKSLASH || first === EQUALS) return;
    table.habit[nth] = { written: Uint8Array.prototype.slice.call(this.#bytes, key, equals + 1), column };
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
      checkEscape(bytes, ++at, true);
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
        const next = bytes[++at];
        if (at < bytes.length && next !== QUOTE && next !== BACKSLASH && next !== 39)
          throw unreadable(`unexpect token '${String.fromCharCode(next)}' at ${at}`);
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
      const trouble =
        column.name === 'time' && type !== 'I64' ? timeColumn() : column.use(type, false, table.rows.count);
      this.#trouble ??= trouble;
      if (trouble !== null || column.tag) return;
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
    // The first byte of a name may be a backslash that nobody looked at: such a name is another one.
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

  /** From the first byte after the fields, whatever it is, to the next white space. */
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
