// Writes each value once, as JSON. The JSON of a rejected row becomes its dead letter, and the cells refer to ranges of
// the JSON. If a text needs escapes in JSON, its cell refers to a copy without escapes in scratch memory.

import { BACKSLASH, QUOTE, ZERO } from '../../../core/ascii.js';
import { unitDecimals } from '../../../core/units.js';
import type { Reason } from '../../reasons.js';
import { BARE, type Cells, FALSE, INSTANT, NUMBER, TEXT, TRUE } from '../../rows/cells.js';
import type { FieldTypeName } from '../../rows/mapping/mapping.js';
import type { RowLayout } from '../../rows/rows-layout.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import { type Zone, zone } from '../../timestamps/zone.js';
import * as schema from '../metadata/parquet-schema.js';
import type { PageCursor } from '../pages/page-cursor.js';
import { dateMoment, int96Moment, inUnit, inZone, type Moment, momentOf, rfc3339Text, timeOfDay } from './moments.js';
import * as numbers from './number-text.js';

/** Largest size of a value that is not text, as JSON, bytes. */
export const maxShortValue = 128;

const hex = Buffer.from('0123456789abcdef');
/** For each byte, the letter that follows the backslash in its JSON escape. 0: no escape is needed. 1: a \u escape. */
const escapes = new Uint8Array(256).fill(1, 0, 0x20);
escapes[QUOTE] = QUOTE;
escapes[BACKSLASH] = BACKSLASH;
// Bytes 8 to 13: backspace, tab, line feed, a byte with a \u escape, form feed, carriage return.
escapes.set(Buffer.from('btn\x01fr'), 8);

/** A column of values, and the cell of a row that receives a value of the column. */
export interface CellTarget {
  readonly leaf: schema.Leaf;
  /** Index of the cell; -1 if the value is only written as JSON. */
  readonly cell: number;
  readonly isTime: boolean;
  readonly isField: boolean;
  /** Field type that the options declare; null for an undeclared field, for a tag and for the time. */
  readonly declared: FieldTypeName | null;
}

export class RowText {
  /** Reason to reject the row; null if the row is valid so far. */
  reason: Reason | null = null;
  found = '';
  bytes: Uint8Array;
  readonly #cells: Cells;
  readonly #layout: RowLayout;
  readonly #options: TimeOptions;
  readonly #zone: Zone;
  /** Number of decimal places of a second in the precision of the load, such as 3 for ms. */
  readonly places: number;
  #scratch = 0;

  constructor(bytes: Uint8Array, layout: RowLayout, cells: Cells, options: TimeOptions) {
    this.bytes = bytes;
    this.#cells = cells;
    this.#layout = layout;
    this.#options = options;
    this.#zone = zone(options.timezone);
    this.places = unitDecimals[options.precision];
  }

  /** Starts a new row. */
  begin(): void {
    this.reason = null;
    this.#scratch = this.#layout.scratch;
  }

  /** Returns how many bytes of JSON a text of this size needs at most: a \u escape replaces one byte by six. */
  static maxSize(bytes: number): number {
    return 6 * bytes + maxShortValue;
  }

  /** Returns how many bytes of JSON this text needs, plus `maxShortValue` bytes. */
  static size(source: Uint8Array, from: number, to: number): number {
    let size = to - from + maxShortValue;
    for (let p = from; p < to; p++) {
      const letter = escapes[source[p]!]!;
      if (letter > 0) size += letter === 1 ? 5 : 1;
    }
    return size;
  }

  /** Writes a value at offset `at`. The caller must reserve room (see `size`). Returns the offset after the value. */
  put(target: CellTarget, cursor: PageCursor, value: number, at: number): number {
    const { leaf } = target;
    const { view, from } = cursor.values;
    const p = from + value * leaf.width;
    switch (leaf.kind) {
      case schema.BOOL: {
        const isTrue = view.getUint8(from + value) === 1;
        const end = numbers.putText(this.bytes, at, isTrue ? 'true' : 'false');
        return this.#cell(target, target.declared === 'string' ? BARE : isTrue ? TRUE : FALSE, at, end);
      }
      case schema.INT:
      case schema.UINT:
        return this.#integer(target, view, p, at);
      case schema.FLOAT32:
        return this.#float(target, view.getFloat32(p, true), at);
      case schema.FLOAT64:
        return this.#float(target, view.getFloat64(p, true), at);
      case schema.TIMESTAMP:
        return this.#timestamp(target, view, p, at);
      default:
        return this.#rareKind(target, cursor, value, at);
    }
  }

  /** Tests whether appending zeros to the stored number converts a time to the precision of the load. */
  isPlainTime({ isTime, leaf }: CellTarget): boolean {
    const { timeFormat, timezone } = this.#options;
    const { kind, width, utc, scale } = leaf;
    const isNumber = kind === schema.TIMESTAMP && width === 8 && scale <= this.places;
    return isTime && isNumber && timeFormat === 'auto' && (utc || timezone === 'UTC');
  }

  /** Writes text with quotes and escapes. Returns the offset after the closing quote. */
  string(target: CellTarget, source: Uint8Array, from: number, to: number, at: number): number {
    const { bytes } = this;
    let o = at;
    bytes[o++] = QUOTE;
    let p = from;
    while (p < to && escapes[source[p]!] === 0) bytes[o++] = source[p++]!;
    if (p === to) {
      bytes[o] = QUOTE;
      this.#cell(target, TEXT, at + 1, o);
      return o + 1;
    }
    for (; p < to; p++) o = putEscaped(bytes, o, source[p]!);
    bytes[o++] = QUOTE;
    if (target.cell >= 0) this.#scratchCell(target, TEXT, source.subarray(from, to));
    return o;
  }

  #integer(target: CellTarget, view: DataView, p: number, at: number): number {
    const { leaf } = target;
    const signed = leaf.kind === schema.INT;
    const isWide = leaf.width === 8;
    const low = view.getInt32(p, true);
    const high = isWide ? view.getInt32(p + 4, true) : signed ? low >> 31 : 0;
    const end = numbers.putInt64(this.bytes, at, low, high, signed);
    if (target.declared === 'float' && isWide && (high > 0x1f_ffff || high < -0x20_0000)) this.#assertExact(at, end);
    return this.#cell(target, target.declared === 'string' ? BARE : NUMBER, at, end);
  }

  /** Rejects the row if a float cannot store this integer exactly. */
  #assertExact(from: number, to: number): void {
    const text = this.#text(from, to);
    if (BigInt(Number(text)) !== BigInt(text)) this.refuse('inexact-integer', text);
  }

  #float(target: CellTarget, value: number, at: number): number {
    if (Number.isFinite(value)) {
      const end = numbers.putFloat64(this.bytes, at, value);
      return this.#cell(target, target.declared === 'string' ? BARE : NUMBER, at, end);
    }
    // NaN and infinity are written as strings, because JSON has no literals for them.
    return this.#quoted(target, BARE, String(value), at);
  }

  #timestamp(target: CellTarget, view: DataView, p: number, at: number): number {
    const { scale, utc, width } = target.leaf;
    if (!this.isPlainTime(target))
      return this.#moment(target, momentOf(numbers.wholeNumber(view, p, width), scale), utc, at);
    const low = view.getInt32(p, true);
    const high = view.getInt32(p + 4, true);
    let end = numbers.putInt64(this.bytes, at, low, high, true);
    if (low !== 0 || high !== 0) for (let i = scale; i < this.places; i++) this.bytes[end++] = ZERO;
    return this.#cell(target, INSTANT, at, end);
  }

  #rareKind(target: CellTarget, cursor: PageCursor, value: number, at: number): number {
    const { leaf } = target;
    const { view, from } = cursor.values;
    const p = from + value * leaf.width;
    if (leaf.kind === schema.DATE) {
      const moment = dateMoment(numbers.wholeNumber(view, p, leaf.width));
      const text = rfc3339Text(moment, false)?.slice(0, 10) ?? null;
      return target.isTime || text === null
        ? this.#moment(target, moment, false, at)
        : this.#quoted(target, TEXT, text, at);
    }
    if (leaf.kind === schema.TIME)
      return this.#quoted(target, TEXT, timeOfDay(numbers.wholeNumber(view, p, leaf.width), leaf.scale), at);
    if (leaf.kind === schema.INT96)
      return this.#moment(target, int96Moment(view.getInt32(p + 8, true), view.getBigInt64(p, true)), true, at);
    cursor.locate(value, leaf.width);
    const { source, from: first, to } = cursor;
    if (leaf.kind === schema.DECIMAL) return this.#decimal(target, cursor, p, at);
    if (leaf.kind === schema.FLOAT16)
      return this.#float(target, numbers.float16(source[first]! | (source[first + 1]! << 8)), at);
    if (leaf.kind === schema.UUID) {
      const digits = Buffer.from(source.subarray(first, to)).toString('hex');
      return this.#quoted(target, TEXT, digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), at);
    }
    return this.string(target, source, first, to, at);
  }

  #decimal(target: CellTarget, { values, source, from, to }: PageCursor, p: number, at: number): number {
    const { leaf } = target;
    const isInteger = leaf.physical === 'INT32' || leaf.physical === 'INT64';
    const small = isInteger
      ? numbers.smallWholeNumber(values.view, p, leaf.width)
      : numbers.smallInteger(source, from, to);
    if (small !== null) return this.#cell(target, BARE, at, numbers.putDecimal(this.bytes, at, small, leaf.scale));
    if (!isInteger && to - from > numbers.maxDecimalBytes) {
      this.refuse('bad-number', `a decimal of ${to - from} bytes`);
      return numbers.putText(this.bytes, at, 'null');
    }
    const unscaled = isInteger
      ? numbers.wholeNumber(values.view, p, leaf.width)
      : numbers.bigEndianInteger(source, from, to);
    const text = numbers.decimalText(unscaled, leaf.scale);
    if (target.isField && target.declared === null && leaf.scale > 0 && !numbers.isFloatExact(text))
      this.refuse('inexact-decimal', text);
    return this.#cell(target, BARE, at, numbers.putText(this.bytes, at, text));
  }

  #moment(target: CellTarget, moment: Moment, utc: boolean, at: number): number {
    const text = rfc3339Text(moment, utc);
    const { timezone, ambiguousTime, precision, timeFormat } = this.#options;
    if (!target.isTime) {
      const asNumber = target.declared !== null && target.declared !== 'string';
      if (text !== null && !asNumber) return this.#quoted(target, TEXT, text, at);
      const units = moment.seconds * 10n ** BigInt(moment.scale) + moment.fraction;
      return this.#cell(target, NUMBER, at, numbers.putText(this.bytes, at, units.toString()));
    }
    const instant = utc || timezone === 'UTC' ? moment : inZone(moment, this.#zone, ambiguousTime);
    if (instant === null) {
      this.refuse('ambiguous-time', text ?? 'a time');
      return this.#quoted({ ...target, cell: -1 }, TEXT, text ?? '', at);
    }
    const digits = inUnit(instant, precision);
    if (digits.includes('.')) this.refuse('bad-timestamp', digits);
    else if (timeFormat !== 'auto') this.#scratchCell(target, INSTANT, Buffer.from(digits));
    if (timeFormat === 'auto') return this.#cell(target, INSTANT, at, numbers.putText(this.bytes, at, digits));
    return this.#quoted({ ...target, cell: -1 }, TEXT, text ?? digits, at);
  }

  /** Marks the row as rejected. The first reason is kept. */
  refuse(reason: Reason, found: string): void {
    if (this.reason !== null) return;
    this.reason = reason;
    this.found = found;
  }

  #quoted(target: CellTarget, kind: number, text: string, at: number): number {
    this.bytes[at] = QUOTE;
    const end = numbers.putText(this.bytes, at + 1, text);
    this.bytes[end] = QUOTE;
    this.#cell(target, kind, at + 1, end);
    return end + 1;
  }

  /** Copies text to scratch memory, and fills a cell with it. The text of other cells lies in the JSON of the row. */
  #scratchCell(target: CellTarget, kind: number, text: Uint8Array): void {
    const from = this.#scratch;
    // A row in a separate buffer may have no scratch memory. Such a row is too long, so it is rejected anyway.
    if (text.length > Math.min(this.#layout.scratchEnd, this.bytes.length) - from) {
      this.refuse('too-long', `${text.length} bytes of text`);
      return;
    }
    this.bytes.set(text, from);
    this.#scratch += text.length;
    this.#cell(target, kind, from, this.#scratch);
  }

  #cell({ cell }: CellTarget, kind: number, from: number, to: number): number {
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

function putEscaped(bytes: Uint8Array, at: number, byte: number): number {
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
  const end = numbers.putText(bytes, at + 1, 'u00');
  bytes[end] = hex[byte >>> 4]!;
  bytes[end + 1] = hex[byte & 15]!;
  return end + 2;
}
