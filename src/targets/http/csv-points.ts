// Turns CSV rows of DataFusion, the query engine of CnosDB and InfluxDB 3, into line protocol while they arrive.

import {
  BACKSLASH,
  CAPITAL_Z,
  COLON,
  COMMA,
  CR,
  DOT,
  EQUALS,
  LF,
  QUOTE,
  SMALL_I,
  SMALL_T,
  SMALL_U,
  SPACE,
  ZERO,
} from '../../core/ascii.js';
import { escapeName } from '../../core/points/line-protocol.js';
import type { ColumnType, TargetColumn } from '../../core/types/index.js';

/** Length of `2022-01-01T00:00:00`. */
const timeBytes = 19;

/**
 * A column of the CSV. CSV writes null and an empty string alike. So a boolean column of type `absent` precedes each
 * string column, and is true if the string is null. The last column is `time`.
 */
interface CsvColumn {
  readonly type: ColumnType | 'absent' | 'time';
  /** Name in line protocol: escaped, with an equals sign, such as `cpu=`. Empty for `absent` and `time`. */
  readonly key: Uint8Array;
}

/** Builds the expressions of a SELECT in the order that `csvPoints` reads: tags, fields, time. */
export function selectList(columns: readonly TargetColumn[], quoted: (name: string) => string): string {
  const names = ordered(columns).flatMap(({ name, type }, i) =>
    type === 'string' || type === null ? [`${quoted(name)} IS NULL AS "absent ${i}"`, quoted(name)] : [quoted(name)],
  );
  return [...names, 'time'].join(', ');
}

function ordered(columns: readonly TargetColumn[]): TargetColumn[] {
  const tags = columns.filter(({ type }) => type === 'tag');
  return [...tags, ...columns.filter(({ type }) => type !== 'tag')];
}

/**
 * Yields the points of a CSV response as line protocol in nanoseconds. Reads a column whose type is null as text.
 * @param failed builds the error for a response that breaks off, or that is not CSV with these columns
 */
export async function* csvPoints(
  table: string,
  columns: readonly TargetColumn[],
  chunks: AsyncIterable<Uint8Array>,
  failed: (found: string) => Error,
): AsyncGenerator<Uint8Array, void> {
  const rows = new CsvRows(table, columns, failed);
  for await (const chunk of chunks) {
    const points = rows.take(chunk);
    if (points.length > 0) yield points;
  }
  rows.end();
}

class CsvRows {
  readonly #table: Uint8Array;
  readonly #columns: readonly CsvColumn[];
  readonly #failed: (found: string) => Error;
  /** Date of the last time that was read: its text, and its midnight (UTC) in seconds since 1970. */
  readonly #day = { text: new Uint8Array(10), seconds: Number.NaN };
  /** Bytes of a row whose end has not arrived yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isHeader = true;
  #out = Buffer.allocUnsafe(256 * 1024);
  #length = 0;
  /** The bytes [`#from`, `#to`) of `#cell` are the last cell that was read. `#next` is the offset of the next cell. */
  #cell: Uint8Array = this.#rest;
  #from = 0;
  #to = 0;
  #next = 0;

  constructor(table: string, columns: readonly TargetColumn[], failed: (found: string) => Error) {
    const key = (name: string): Uint8Array => Buffer.from(`${escapeName(name)}=`);
    const empty = new Uint8Array(0);
    this.#table = Buffer.from(escapeName(table));
    this.#failed = failed;
    this.#columns = [
      ...ordered(columns).flatMap(({ name, type }): CsvColumn[] => {
        const column = { type: type ?? 'string', key: key(name) } as const;
        return column.type === 'string' ? [{ type: 'absent', key: empty }, column] : [column];
      }),
      { type: 'time', key: empty },
    ];
  }

  /** Returns the points of all rows that this chunk completes. The bytes are valid until the next call. */
  take(chunk: Uint8Array): Uint8Array {
    const bytes =
      this.#rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([this.#rest, chunk]);
    this.#length = 0;
    let at = 0;
    for (;;) {
      const before = this.#length;
      const end = this.#isHeader ? this.#skipRow(bytes, at) : this.#row(bytes, at);
      if (end < 0) {
        this.#length = before;
        break;
      }
      this.#isHeader = false;
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return this.#out.subarray(0, this.#length);
  }

  end(): void {
    if (this.#rest.length > 0) throw this.#failed(this.#rest.toString('utf8', 0, 300).trim());
  }

  /** Skips the header. Returns the offset after the header; -1 while the header is incomplete. */
  #skipRow(bytes: Buffer, start: number): number {
    let at = start;
    for (let i = 0; i < this.#columns.length; i += 1) {
      if (!this.#readCell(bytes, at)) return -1;
      at = this.#next;
    }
    return this.#rowEnd(bytes, start);
  }

  /**
   * Writes the point of a row. Omits a point without fields. Returns the offset after the row; -1 for an incomplete
   * row.
   */
  #row(bytes: Buffer, start: number): number {
    const before = this.#length;
    this.#put(this.#table, 0, this.#table.length);
    let fields = 0;
    let isAbsent = false;
    let at = start;
    for (const { type, key } of this.#columns) {
      if (!this.#readCell(bytes, at)) return -1;
      at = this.#next;
      if (type === 'absent') isAbsent = this.#cell[this.#from] === SMALL_T;
      else if (type === 'time') this.#putTime();
      else if (type === 'string' ? isAbsent : this.#from === this.#to) continue;
      else {
        this.#putByte(type === 'tag' || fields > 0 ? COMMA : SPACE);
        this.#put(key, 0, key.length);
        this.#putValue(type);
        if (type !== 'tag') fields += 1;
      }
    }
    if (fields === 0) this.#length = before;
    return this.#rowEnd(bytes, start);
  }

  /** Returns the offset after the line end of a row. Throws if the row has further cells. */
  #rowEnd(bytes: Buffer, start: number): number {
    let end = this.#next - 1;
    if (bytes[end] === CR) end += 1;
    if (bytes[end] !== LF) throw this.#failed(bytes.toString('utf8', start, start + 300).trim());
    return end + 1;
  }

  /** Reads the cell at `start`; returns false while the end of the cell has not arrived. */
  #readCell(bytes: Buffer, start: number): boolean {
    if (bytes[start] === QUOTE) return this.#readQuoted(bytes, start + 1);
    let end = start;
    while (end < bytes.length && bytes[end] !== COMMA && bytes[end] !== LF && bytes[end] !== CR) end += 1;
    this.#cell = bytes;
    this.#from = start;
    this.#to = end;
    this.#next = end + 1;
    // At the end of a row, the byte after a CR must have arrived, because it may be the LF of the same line end.
    return end < bytes.length && (bytes[end] !== CR || end + 1 < bytes.length);
  }

  #readQuoted(bytes: Buffer, start: number): boolean {
    const parts: Buffer[] = [];
    for (let from = start; ; ) {
      const quote = bytes.indexOf(QUOTE, from);
      if (quote < 0 || quote + 2 > bytes.length) return false;
      const isDoubled = bytes[quote + 1] === QUOTE;
      parts.push(bytes.subarray(from, isDoubled ? quote + 1 : quote));
      from = quote + 2;
      if (isDoubled) continue;
      this.#cell = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      this.#from = 0;
      this.#to = this.#cell.length;
      this.#next = quote + 2;
      return bytes[quote + 1] !== CR || quote + 2 < bytes.length;
    }
  }

  #putValue(type: ColumnType): void {
    if (type === 'tag') this.#putTag();
    else if (type === 'string') this.#putString();
    else this.#putPlain();
    if (type === 'integer') this.#putByte(SMALL_I);
    if (type === 'unsigned') this.#putByte(SMALL_U);
  }

  /** Writes a number or a boolean. Throws if the cell contains a byte that would end a value in line protocol. */
  #putPlain(): void {
    for (let i = this.#from; i < this.#to; i += 1) {
      const byte = this.#cell[i]!;
      if (isSpecial(byte) || byte === QUOTE) throw this.#failed(this.#bad('a value'));
      this.#putByte(byte);
    }
  }

  #putTag(): void {
    let isPlain = true;
    for (let i = this.#from; i < this.#to; i += 1) isPlain &&= !isSpecial(this.#cell[i]!);
    if (isPlain) {
      this.#put(this.#cell, this.#from, this.#to);
      return;
    }
    const escaped = Buffer.from(escapeName(Buffer.from(this.#cell.subarray(this.#from, this.#to)).toString()));
    this.#put(escaped, 0, escaped.length);
  }

  #putString(): void {
    this.#putByte(QUOTE);
    for (let i = this.#from; i < this.#to; i += 1) {
      const byte = this.#cell[i]!;
      if (byte === QUOTE || byte === BACKSLASH) this.#putByte(BACKSLASH);
      this.#putByte(byte);
    }
    this.#putByte(QUOTE);
  }

  /** Writes a time such as `2022-01-01T00:00:00.5` (up to 9 decimal places) as ` 1640995200500000000` and LF. */
  #putTime(): void {
    const seconds = this.#seconds();
    const fraction = this.#from + timeBytes;
    let end = this.#cell[this.#to - 1] === CAPITAL_Z ? this.#to - 1 : this.#to;
    if (fraction >= end) end = fraction;
    else if (this.#cell[fraction] !== DOT || end - fraction > 10) throw this.#failed(this.#bad('a time'));
    let nanos = 0;
    for (let i = fraction + 1; i <= fraction + 9; i += 1) nanos = nanos * 10 + (i < end ? this.#digit(i) : 0);
    const text =
      seconds > 0
        ? ` ${seconds}${String(nanos).padStart(9, '0')}\n`
        : ` ${BigInt(seconds) * 1_000_000_000n + BigInt(nanos)}\n`;
    for (let i = 0; i < text.length; i += 1) this.#putByte(text.charCodeAt(i));
  }

  /** Returns the seconds since 1970 of the time in the cell, without its fraction. */
  #seconds(): number {
    const [cell, from] = [this.#cell, this.#from];
    const { text } = this.#day;
    let isSameDay = this.#to - from >= timeBytes && cell[from + 13] === COLON && cell[from + 16] === COLON;
    for (let i = 0; i < text.length; i += 1) isSameDay &&= cell[from + i] === text[i];
    if (!isSameDay || Number.isNaN(this.#day.seconds)) {
      const written = Buffer.from(cell.subarray(from, this.#to)).toString('latin1');
      if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?Z?$/.test(written)) throw this.#failed(this.#bad('a time'));
      text.set(cell.subarray(from, from + text.length));
      this.#day.seconds = Date.parse(`${written.slice(0, text.length)}T00:00:00Z`) / 1000;
      if (Number.isNaN(this.#day.seconds)) throw this.#failed(this.#bad('a time'));
    }
    const two = (at: number): number => this.#digit(from + at) * 10 + this.#digit(from + at + 1);
    return this.#day.seconds + two(11) * 3600 + two(14) * 60 + two(17);
  }

  /** Returns the digit at an offset of a time cell. */
  #digit(at: number): number {
    const digit = this.#cell[at]! - ZERO;
    if (digit >= 0 && digit <= 9) return digit;
    throw this.#failed(this.#bad('a time'));
  }

  #bad(what: string): string {
    const written = Buffer.from(this.#cell.subarray(this.#from, this.#to)).toString('utf8', 0, 300);
    return `${JSON.stringify(written)} for ${what}`;
  }

  #putByte(byte: number): void {
    if (this.#length === this.#out.length) this.#grow(1);
    this.#out[this.#length++] = byte;
  }

  #put(bytes: Uint8Array, from: number, to: number): void {
    if (this.#length + to - from > this.#out.length) this.#grow(to - from);
    for (let i = from; i < to; i += 1) this.#out[this.#length++] = bytes[i]!;
  }

  #grow(by: number): void {
    const out = Buffer.allocUnsafe(2 * (this.#out.length + by));
    this.#out.copy(out, 0, 0, this.#length);
    this.#out = out;
  }
}

function isSpecial(byte: number): boolean {
  return byte === COMMA || byte === SPACE || byte === EQUALS || byte === BACKSLASH || byte === LF;
}
