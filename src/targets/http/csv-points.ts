// Turns rows of CSV, as DataFusion writes them, into line protocol. The rows are read as they arrive.

import { escapeName } from '../../core/points/line-protocol.js';
import type { ColumnType, TargetColumn } from '../../core/types/index.js';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const SMALL_T = 0x74;

/**
 * A column of the CSV. `absent`: true where the next column is null, since CSV writes null and an empty string alike.
 * `time` comes last.
 */
interface CsvColumn {
  readonly type: ColumnType | 'absent' | 'time';
  /** `key=`, escaped. */
  readonly key: Uint8Array;
}

/** The expressions of a SELECT in the order that `csvPoints` reads them: tags, fields, time. */
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
 * Yields the points of a CSV response as line protocol in nanoseconds. A type null is read as text.
 * @param failed builds the error of a response that is not the CSV of these columns, or that breaks off
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
  readonly #day = { text: '', seconds: 0 };
  /** The row that has not arrived completely. */
  #rest: Buffer = Buffer.alloc(0);
  #isHeader = true;
  #out = Buffer.allocUnsafe(256 * 1024);
  #length = 0;
  /** The bytes of the cell that was read last, and its end in the chunk. */
  #cell: Uint8Array = this.#rest;
  #cellEnd = 0;

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

  /** Returns the points of the rows that are complete now; valid until the next call. */
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

  /** Passes over the header. Returns the offset after it; -1 while it is incomplete. */
  #skipRow(bytes: Buffer, start: number): number {
    let at = start;
    for (let i = 0; i < this.#columns.length; i += 1) {
      if (!this.#readCell(bytes, at)) return -1;
      at = this.#cellEnd + 1;
    }
    return this.#rowEnd(bytes, start);
  }

  /** Writes the point of the row at `start`. Returns the offset after the row; -1 while it is incomplete. */
  #row(bytes: Buffer, start: number): number {
    this.#put(this.#table);
    let fields = 0;
    let isAbsent = false;
    let at = start;
    for (const { type, key } of this.#columns) {
      if (!this.#readCell(bytes, at)) return -1;
      at = this.#cellEnd + 1;
      const cell = this.#cell;
      if (type === 'absent') isAbsent = cell[0] === SMALL_T;
      else if (type === 'time') this.#putTime(cell);
      else if (type === 'string' ? isAbsent : cell.length === 0) continue;
      else {
        this.#putByte(type === 'tag' || fields > 0 ? COMMA : 0x20);
        this.#put(key);
        this.#putValue(type, cell);
        if (type !== 'tag') fields += 1;
      }
    }
    return this.#rowEnd(bytes, start);
  }

  /** Checks that a row has no more cells. */
  #rowEnd(bytes: Buffer, start: number): number {
    let end = this.#cellEnd;
    if (bytes[end] === CR) end += 1;
    if (bytes[end] !== LF) throw this.#failed(bytes.toString('utf8', start, start + 300).trim());
    return end + 1;
  }

  /** Reads the cell at `start`; false while its end has not arrived. */
  #readCell(bytes: Buffer, start: number): boolean {
    if (bytes[start] === QUOTE) return this.#readQuoted(bytes, start + 1);
    let end = start;
    while (end < bytes.length && bytes[end] !== COMMA && bytes[end] !== LF && bytes[end] !== CR) end += 1;
    this.#cell = bytes.subarray(start, end);
    this.#cellEnd = end;
    // The LF of a CR must have arrived.
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
      this.#cellEnd = quote + 1;
      return bytes[quote + 1] !== CR || quote + 2 < bytes.length;
    }
  }

  #putValue(type: ColumnType, cell: Uint8Array): void {
    if (type === 'tag') this.#put(hasSpecial(cell) ? Buffer.from(escapeName(Buffer.from(cell).toString())) : cell);
    else if (type === 'string') this.#putString(cell);
    else this.#put(cell);
    if (type === 'integer') this.#putByte(0x69);
    if (type === 'unsigned') this.#putByte(0x75);
  }

  #putString(cell: Uint8Array): void {
    this.#putByte(QUOTE);
    for (const byte of cell) {
      if (byte === QUOTE || byte === BACKSLASH) this.#putByte(BACKSLASH);
      this.#putByte(byte);
    }
    this.#putByte(QUOTE);
  }

  /** Writes ` <nanoseconds>` and the LF for `2022-01-01T00:00:00.000000001`, with 0 to 9 digits of a second. */
  #putTime(cell: Uint8Array): void {
    const text = Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('latin1');
    const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z?$/.exec(text);
    if (found === null) throw this.#failed(`${JSON.stringify(text.slice(0, 300))} for a time`);
    const [, day = '', hours, minutes, seconds, fraction = ''] = found;
    if (day !== this.#day.text) Object.assign(this.#day, { text: day, seconds: Date.parse(`${day}T00:00:00Z`) / 1000 });
    const whole = this.#day.seconds + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    const nanos = fraction.padEnd(9, '0');
    this.#put(Buffer.from(` ${whole > 0 ? `${whole}${nanos}` : BigInt(whole) * 1_000_000_000n + BigInt(nanos)}\n`));
  }

  #putByte(byte: number): void {
    if (this.#length === this.#out.length) this.#grow(1);
    this.#out[this.#length++] = byte;
  }

  #put(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#out.length) this.#grow(bytes.length);
    for (let i = 0; i < bytes.length; i += 1) this.#out[this.#length + i] = bytes[i]!;
    this.#length += bytes.length;
  }

  #grow(by: number): void {
    const out = Buffer.allocUnsafe(2 * (this.#out.length + by));
    this.#out.copy(out, 0, 0, this.#length);
    this.#out = out;
  }
}

function hasSpecial(cell: Uint8Array): boolean {
  for (const byte of cell)
    if (byte === COMMA || byte === 0x20 || byte === 0x3d || byte === BACKSLASH || byte === LF) return true;
  return false;
}
