// Values as JSON text, written once: the text is what is kept of a row that is rejected, and the cells that the encoder reads
// point into it. Only what has to be escaped there is put aside as it is.

import type { InputPrecision } from '../../../core/types/index.js';
import type { Reason } from '../../reasons.js';
import { BARE, type Cells, FALSE, INSTANT, NUMBER, TEXT, TRUE } from '../../rows/cells.js';
import type { FieldTypeName } from '../../rows/mapping/mapping.js';
import type { RowLayout } from '../../rows/rows-layout.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import { type Zone, zone } from '../../timestamps/zone.js';
import * as schema from '../metadata/parquet-schema.js';
import type { PageCursor } from '../pages/page-cursor.js';
import { decimalText, isFloatExact, putDecimal, putFloat64, putInt64, putText } from './digits.js';
import { dateMoment, int96Moment, inUnit, inZone, type Moment, momentOf, timeOfDay, written } from './instants.js';

/** Most bytes of a value that is no text. */
export const shortValue = 128;

const QUOTE = 0x22;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const hex = Buffer.from('0123456789abcdef');
/** What a byte becomes behind a backslash; 0 for itself, 1 for a number. */
const escapes = new Uint8Array(256).fill(1, 0, 0x20);
escapes[QUOTE] = QUOTE;
escapes[BACKSLASH] = BACKSLASH;
for (const [byte, letter] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
] as const)
  escapes[byte] = letter.charCodeAt(0);
const places: Readonly<Record<InputPrecision, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/** Where a value goes. */
export interface TextRange {
  readonly leaf: schema.Leaf;
  /** Number of its column for the encoder; -1 where it goes nowhere. */
  readonly cell: number;
  readonly isTime: boolean;
  /** Type of the field that the options ask for; null where it is left to the file, or is none. */
  readonly asked: FieldTypeName | null;
}

export class RowText {
  /** Why the row cannot be taken; null as long as it can. */
  reason: Reason | null = null;
  found = '';
  bytes: Uint8Array;
  readonly #cells: Cells;
  readonly #layout: RowLayout;
  readonly #options: TimeOptions;
  readonly #zone: Zone;
  readonly #unit: number;
  #scratch = 0;

  constructor(bytes: Uint8Array, layout: RowLayout, cells: Cells, options: TimeOptions) {
    this.bytes = bytes;
    this.#cells = cells;
    this.#layout = layout;
    this.#options = options;
    this.#zone = zone(options.timezone);
    this.#unit = places[options.precision];
  }

  begin(): void {
    this.reason = null;
    this.#scratch = this.#layout.scratch;
  }

  /** Room that a value of so many bytes takes at most. */
  static most(bytes: number): number {
    return 6 * bytes + shortValue;
  }

  /** Bytes that a text takes, to the byte. */
  static size(source: Uint8Array, from: number, to: number): number {
    let size = to - from + shortValue;
    for (let p = from; p < to; p++) {
      const letter = escapes[source[p]!]!;
      if (letter > 0) size += letter === 1 ? 5 : 1;
    }
    return size;
  }

  /** Writes the value at `at`, where `most` of its bytes are free. @returns the offset behind it */
  put(place: TextRange, cursor: PageCursor, value: number, at: number): number {
    const { leaf } = place;
    const { view, from } = cursor.values;
    const p = from + value * leaf.width;
    switch (leaf.kind) {
      case schema.BOOL: {
        const is = view.getUint8(from + value) === 1;
        const end = putText(this.bytes, at, is ? 'true' : 'false');
        return this.#cell(place, place.asked === 'string' ? BARE : is ? TRUE : FALSE, at, end);
      }
      case schema.INT:
      case schema.UINT:
        return this.#whole(place, view, p, at);
      case schema.FLOAT32:
        return this.#float(place, view.getFloat32(p, true), at);
      case schema.FLOAT64:
        return this.#float(place, view.getFloat64(p, true), at);
      case schema.TIMESTAMP:
        return this.#timestamp(place, view, p, at);
      default:
        return this.#rare(place, cursor, value, at);
    }
  }

  /** Text as it is, with quotes; what has to be escaped there is put aside for the encoder. */
  string(place: TextRange, source: Uint8Array, from: number, to: number, at: number): number {
    const { bytes } = this;
    let o = at;
    bytes[o++] = QUOTE;
    let p = from;
    while (p < to && escapes[source[p]!] === 0) bytes[o++] = source[p++]!;
    if (p === to) {
      bytes[o] = QUOTE;
      this.#cell(place, TEXT, at + 1, o);
      return o + 1;
    }
    for (; p < to; p++) o = escaped(bytes, o, source[p]!);
    bytes[o++] = QUOTE;
    if (place.cell >= 0) this.#aside(place, TEXT, source.subarray(from, to));
    return o;
  }

  #whole(place: TextRange, view: DataView, p: number, at: number): number {
    const { leaf } = place;
    const signed = leaf.kind === schema.INT;
    const isWide = leaf.width === 8;
    const low = view.getInt32(p, true);
    const high = isWide ? view.getInt32(p + 4, true) : signed ? low >> 31 : 0;
    const end = putInt64(this.bytes, at, low, high, signed);
    if (place.asked === 'float' && isWide && (high > 0x1f_ffff || high < -0x20_0000)) this.#exact(at, end);
    return this.#cell(place, place.asked === 'string' ? BARE : NUMBER, at, end);
  }

  /** A whole number that is to be a float has to be one. */
  #exact(from: number, to: number): void {
    const text = this.#text(from, to);
    if (BigInt(Number(text)) !== BigInt(text)) this.refuse('inexact-integer', text);
  }

  #float(place: TextRange, value: number, at: number): number {
    if (Number.isFinite(value))
      return this.#cell(place, place.asked === 'string' ? BARE : NUMBER, at, putFloat64(this.bytes, at, value));
    // JSON has no such number.
    return this.#quoted(place, BARE, String(value), at);
  }

  #timestamp(place: TextRange, view: DataView, p: number, at: number): number {
    const { scale, utc, width } = place.leaf;
    const { timeFormat, timezone } = this.#options;
    const isPlain = place.isTime && timeFormat === 'auto' && (utc || timezone === 'UTC') && scale <= this.#unit;
    if (!isPlain || width !== 8)
      return this.#moment(
        place,
        momentOf(width === 8 ? view.getBigInt64(p, true) : BigInt(view.getInt32(p, true)), scale),
        utc,
        at,
      );
    const low = view.getInt32(p, true);
    const high = view.getInt32(p + 4, true);
    let end = putInt64(this.bytes, at, low, high, true);
    if (low !== 0 || high !== 0) for (let i = scale; i < this.#unit; i++) this.bytes[end++] = ZERO;
    return this.#cell(place, INSTANT, at, end);
  }

  #rare(place: TextRange, cursor: PageCursor, value: number, at: number): number {
    const { leaf } = place;
    const { view, from } = cursor.values;
    const p = from + value * leaf.width;
    const whole = (): bigint => (leaf.width === 8 ? view.getBigInt64(p, true) : BigInt(view.getInt32(p, true)));
    if (leaf.kind === schema.DATE) {
      const moment = dateMoment(whole());
      const text = written(moment, false)?.slice(0, 10) ?? null;
      return place.isTime || text === null
        ? this.#moment(place, moment, false, at)
        : this.#quoted(place, TEXT, text, at);
    }
    if (leaf.kind === schema.TIME) return this.#quoted(place, TEXT, timeOfDay(whole(), leaf.scale), at);
    if (leaf.kind === schema.INT96)
      return this.#moment(place, int96Moment(view.getInt32(p + 8, true), view.getBigInt64(p, true)), true, at);
    cursor.locate(value, leaf.width);
    const { source, from: first, to } = cursor;
    if (leaf.kind === schema.DECIMAL) {
      const small = smallWhole(leaf, view, p, source, first, to);
      if (small !== null) return this.#cell(place, BARE, at, putDecimal(this.bytes, at, small, leaf.scale));
      const unscaled = leaf.physical.startsWith('INT') ? whole() : wholeOf(source, first, to);
      return this.#decimal(place, decimalText(unscaled, leaf.scale), at);
    }
    if (leaf.kind === schema.FLOAT16)
      return this.#float(place, float16(source[first]! | (source[first + 1]! << 8)), at);
    if (leaf.kind === schema.UUID) {
      const digits = Buffer.from(source.subarray(first, to)).toString('hex');
      return this.#quoted(place, TEXT, digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), at);
    }
    return this.string(place, source, first, to, at);
  }

  #decimal(place: TextRange, text: string, at: number): number {
    if (place.asked === null && place.cell >= 0 && place.leaf.scale > 0 && !isFloatExact(text))
      this.refuse('inexact-decimal', text);
    return this.#cell(place, BARE, at, putText(this.bytes, at, text));
  }

  #moment(place: TextRange, moment: Moment, utc: boolean, at: number): number {
    const text = written(moment, utc);
    const { timezone, ambiguousTime, precision, timeFormat } = this.#options;
    if (!place.isTime) {
      const asNumber = place.asked !== null && place.asked !== 'string';
      if (text !== null && !asNumber) return this.#quoted(place, TEXT, text, at);
      const units = moment.seconds * 10n ** BigInt(moment.scale) + moment.fraction;
      return this.#cell(place, NUMBER, at, putText(this.bytes, at, units.toString()));
    }
    const instant = utc || timezone === 'UTC' ? moment : inZone(moment, this.#zone, ambiguousTime);
    if (instant === null) {
      this.refuse('ambiguous-time', text ?? 'a time');
      return this.#quoted({ ...place, cell: -1 }, TEXT, text ?? '', at);
    }
    const digits = inUnit(instant, precision);
    if (digits.includes('.')) this.refuse('bad-timestamp', digits);
    else if (timeFormat !== 'auto') this.#aside(place, INSTANT, Buffer.from(digits));
    if (timeFormat === 'auto') return this.#cell(place, INSTANT, at, putText(this.bytes, at, digits));
    return this.#quoted({ ...place, cell: -1 }, TEXT, text ?? digits, at);
  }

  /** The first thing that is wrong with a row counts. */
  refuse(reason: Reason, found: string): void {
    if (this.reason !== null) return;
    this.reason = reason;
    this.found = found;
  }

  #quoted(place: TextRange, kind: number, text: string, at: number): number {
    this.bytes[at] = QUOTE;
    const end = putText(this.bytes, at + 1, text);
    this.bytes[end] = QUOTE;
    this.#cell(place, kind, at + 1, end);
    return end + 1;
  }

  #aside({ cell }: TextRange, kind: number, text: Uint8Array): void {
    const { bytes } = this;
    const from = this.#scratch;
    if (text.length > this.#layout.scratchEnd - from) {
      this.refuse('too-long', `${text.length} bytes of text`);
      return;
    }
    bytes.set(text, from);
    this.#scratch += text.length;
    this.#cells.kinds[cell] = kind;
    this.#cells.starts[cell] = from;
    this.#cells.ends[cell] = this.#scratch;
  }

  #cell({ cell }: TextRange, kind: number, from: number, to: number): number {
    if (cell >= 0) {
      const { kinds, starts, ends } = this.#cells;
      kinds[cell] = kind;
      starts[cell] = from;
      ends[cell] = to;
    }
    return to;
  }

  #text(from: number, to: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString('latin1');
  }
}

function escaped(bytes: Uint8Array, at: number, byte: number): number {
  const letter = escapes[byte]!;
  if (letter === 0) {
    bytes[at] = byte;
    return at + 1;
  }
  bytes[at] = BACKSLASH;
  if (letter > 1) {
    bytes[at + 1] = letter;
    return at + 2;
  }
  const end = putText(bytes, at + 1, 'u00');
  bytes[end] = hex[byte >>> 4]!;
  bytes[end + 1] = hex[byte & 15]!;
  return end + 2;
}

/** A whole number of at most 15 digits; null for a longer one. */
function smallWhole(
  { physical }: schema.Leaf,
  view: DataView,
  p: number,
  source: Uint8Array,
  from: number,
  to: number,
): number | null {
  let value = 0;
  if (physical === 'INT32') value = view.getInt32(p, true);
  else if (physical === 'INT64') value = view.getInt32(p + 4, true) * 2 ** 32 + view.getUint32(p, true);
  else {
    const sign = from < to && source[from]! >= 0x80 ? 0xff : 0;
    let first = from;
    while (first < to && source[first] === sign) first++;
    if (to - first > 6) return null;
    for (let i = first; i < to; i++) value = value * 256 + source[i]!;
    if (sign !== 0) value -= 256 ** (to - first);
  }
  return Math.abs(value) < 1e15 ? value : null;
}

/** A whole number of any length, the highest byte first. */
function wholeOf(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  for (let i = from; i < to; i++) value = (value << 8n) | BigInt(bytes[i]!);
  return BigInt.asIntN((to - from) * 8, value);
}

function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 0) return sign * 2 ** -14 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction);
}
