// Parses and formats points of line protocol. Most functions expect a validated point.

import { BACKSLASH, COMMA, LF, MINUS, SPACE } from '../ascii.js';
import type {
  Column,
  ColumnType,
  FieldValue,
  InputPrecision,
  PointValues,
  Shape,
  StringTotals,
} from '../types/index.js';
import { unitNanoseconds } from '../units.js';

/**
 * Longest table name that CnosDB stores, bytes. `tableOf` reads at most this many bytes, because a rejected point may
 * have a longer name.
 */
const maxTableBytes = 512;
const maxSharedColumns = 16_384;
/** Longest name of a column that `columnOf` stores for reuse, in characters. Longer names rarely recur. */
const maxSharedName = 256;

/** A point as text. Names and tag values are unescaped; field values keep the syntax of line protocol. */
export interface PointTokens {
  readonly table: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly fields: readonly (readonly [key: string, value: string])[];
  /** The timestamp's digits; empty for a point without a timestamp. */
  readonly time: string;
}

const sharedColumns: Record<ColumnType, Map<string, Column>> = {
  tag: new Map(),
  float: new Map(),
  integer: new Map(),
  unsigned: new Map(),
  boolean: new Map(),
  string: new Map(),
};

/** Splits a valid point into names and values. The point may end with LF, and may lack a timestamp. */
export function tokenize(point: Uint8Array): PointTokens {
  const text = Buffer.from(point.buffer, point.byteOffset, point.length).toString().trimEnd();
  const tags: [string, string][] = [];
  const fields: [string, string][] = [];
  let p = unescapedEnd(text, 0, ', ');
  const table = unescapeName(text.slice(0, p));
  while (text[p] === ',') {
    const equals = unescapedEnd(text, p + 1, '=');
    const key = unescapeName(text.slice(p + 1, equals));
    p = unescapedEnd(text, equals + 1, ', ');
    tags.push([key, unescapeName(text.slice(equals + 1, p))]);
  }
  while (text[p + 1] === ' ') p++;
  do {
    const equals = unescapedEnd(text, p + 1, '=');
    const key = unescapeName(text.slice(p + 1, equals));
    p = text[equals + 1] === '"' ? stringEnd(text, equals + 1) : unescapedEnd(text, equals + 1, ', ');
    fields.push([key, text.slice(equals + 1, p)]);
  } while (text[p] === ',');
  return { table, tags, fields, time: text.slice(p).trim() };
}

/** Formats a point without LF. Copies field values unchanged. */
export function pointText({ table, tags, fields, time }: PointTokens): string {
  const tagText = tags.map(([key, value]) => `,${escapeName(key)}=${escapeName(value)}`).join('');
  const fieldText = fields.map(([key, value]) => `${escapeName(key)}=${value}`).join(',');
  return `${escapeName(table)}${tagText} ${fieldText} ${time}`;
}

/**
 * Escapes a name or a tag value. Line protocol cannot express a backslash before a special character (comma, equals
 * sign, space or LF) or at the end of a name. This function doubles such a backslash: `a\` becomes `a\\`. Then at least
 * the rest of the point can be parsed.
 */
export function escapeName(text: string): string {
  return text.replace(/(?<!\\)(\\*)([,= \n]|$)/g, (_, slashes: string, special: string) => {
    const even = slashes.length % 2 === 0 ? slashes : `${slashes}\\`;
    return special === '' ? even : `${even}\\${special}`;
  });
}

/** Quotes a string as a field value. */
export function quoteString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Returns the offset of the first unescaped character of `stops`. Without such a character, returns at least the length
 * of the text.
 */
export function unescapedEnd(text: string, from: number, stops: string): number {
  let p = from;
  while (p < text.length && !stops.includes(text[p]!)) p += text[p] === '\\' ? 2 : 1;
  return p;
}

/**
 * Returns the offset behind the string that begins at `from`. Searches for quotes, which is faster than a loop over the
 * characters of a long string.
 */
function stringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length + 1 : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let p = at;
  while (text[p - 1] === '\\') p -= 1;
  return (at - p) % 2 === 1;
}

/** Removes the escapes of a name or a tag value. */
export function unescapeName(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text;
}

/** Returns the type of a field value that is written in line protocol: `12i` is an integer. */
export function fieldType(value: string): Exclude<ColumnType, 'tag'> {
  if (value.startsWith('"')) return 'string';
  if (value.endsWith('i')) return 'integer';
  if (value.endsWith('u')) return 'unsigned';
  return /^[tTfF]/.test(value) ? 'boolean' : 'float';
}

export function fieldValue(text: string): FieldValue {
  const type = fieldType(text);
  if (type === 'string') return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  if (type === 'integer' || type === 'unsigned') return BigInt(text.slice(0, -1));
  return type === 'boolean' ? /^[tT]/.test(text) : Number(text);
}

/** Returns the shape of a valid point: its table and columns. */
export function parseShape(point: Uint8Array): Shape {
  const { table, tags, fields } = tokenize(point);
  const columns = tags.map(([key]) => columnOf(key, 'tag'));
  for (const [key, value] of fields) columns.push(columnOf(key, fieldType(value)));
  return { table: copyOf(table), columns };
}

/** Returns the values of a valid point with a timestamp of this precision. The point may end with LF. */
export function pointValues(point: Uint8Array, precision: InputPrecision): PointValues {
  const { table, tags, fields, time } = tokenize(point);
  return {
    table,
    tags: new Map(tags),
    fields: new Map(fields.map(([key, value]) => [key, fieldValue(value)])),
    time: BigInt(time) * unitNanoseconds[precision],
  };
}

/** Counts the string values of a valid point and the bytes of their text. */
export function stringTotals(point: Uint8Array): StringTotals {
  const text = Buffer.from(point.buffer, point.byteOffset, point.length).toString('latin1');
  let totals = { count: 0, bytes: 0 };
  for (let at = text.indexOf('="', unescapedEnd(text, 0, ' ')); at >= 0; ) {
    const end = stringEnd(text, at + 1);
    totals = { count: totals.count + 1, bytes: totals.bytes + end - at - 3 };
    at = text.indexOf('="', end);
  }
  return totals;
}

/** Returns a copy of a valid point. The copy has only one field, the shortest field of the point. */
export function shortestField(point: Uint8Array): Uint8Array {
  const text = Buffer.from(point.buffer, point.byteOffset, point.length).toString();
  const head = unescapedEnd(text, 0, ' ');
  let [from, to] = [head, head];
  let shortest = text;
  while (text[from + 1] === ' ') from += 1;
  do {
    from += 1;
    const equals = unescapedEnd(text, from, '=');
    to = text[equals + 1] === '"' ? stringEnd(text, equals + 1) : unescapedEnd(text, equals + 1, ', ');
    if (to - from < shortest.length) shortest = text.slice(from, to);
    from = to;
  } while (text[to] === ',');
  return Buffer.from(`${text.slice(0, head)} ${shortest}${text.slice(to)}`);
}

/** Returns the column with this name and type. Equal columns share one object, up to 16,384 columns of each type. */
export function columnOf(name: string, type: ColumnType): Column {
  const shared = sharedColumns[type];
  const known = shared.get(name);
  if (known !== undefined) return known;
  const column = { name: copyOf(name), type };
  if (shared.size < maxSharedColumns && name.length <= maxSharedName) shared.set(column.name, column);
  return column;
}

/** Copies a part of a point's text. Without the copy, V8 would keep the whole text in memory as long as this part. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** Returns the table of the point at `start`; null if the table name is empty or does not end within 512 bytes. */
export function tableOf(bytes: Uint8Array, start: number): string | null {
  const limit = Math.min(bytes.length, start + maxTableBytes);
  for (let i = start; i < limit; i += 1) {
    const byte = bytes[i]!;
    if (byte === BACKSLASH) i += 1;
    else if (byte === COMMA || byte === SPACE) {
      return i === start ? null : unescapeName(Buffer.from(bytes.subarray(start, i)).toString());
    }
  }
  return null;
}

/**
 * Returns the offset of the first digit of the number that ends at `end`. Returns `end` if the byte before `end` is not
 * a digit.
 */
function digitsStart(bytes: Uint8Array, end: number): number {
  let at = end;
  while (at > 0 && bytes[at - 1]! >= 0x30 && bytes[at - 1]! <= 0x39) at -= 1;
  return at;
}

/** Returns the timestamp that ends at `end`; null if the bytes before `end` are not a timestamp. */
export function timestampAt(bytes: Uint8Array, end: number): bigint | null {
  const digits = digitsStart(bytes, end);
  const start = digits > 0 && bytes[digits - 1] === MINUS ? digits - 1 : digits;
  if (digits === end || end - start > 20 || bytes[start - 1] !== SPACE) return null;
  return BigInt(String.fromCharCode(...bytes.subarray(start, end)));
}

/** Returns the timestamp that ends at `end` in a valid point, rounded to a double. Equal digits give equal results. */
export function roundedTimestampAt(bytes: Uint8Array, end: number): number {
  const start = digitsStart(bytes, end);
  let time = 0;
  for (let i = start; i < end; i += 1) time = time * 10 + bytes[i]! - 0x30;
  return bytes[start - 1] === MINUS ? -time : time;
}

/** Counts the digits of the timestamp at the end of a point, before any spaces and LF; 0 without a timestamp. */
export function timestampDigits(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === SPACE || bytes[end - 1] === LF)) end -= 1;
  const start = digitsStart(bytes, end);
  const before = bytes[start - 1] === MINUS ? bytes[start - 2] : bytes[start - 1];
  return before === SPACE ? end - start : 0;
}
