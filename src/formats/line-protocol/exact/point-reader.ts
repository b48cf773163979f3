// The exact check of one point of line protocol. The fast path (kernel) must give the same results, and leaves uncommon
// points to this check.

import { BACKSLASH, COMMA, CR, EQUALS, LF, QUOTE, SPACE } from '../../../core/ascii.js';
import { type InputPrecision, type NameLimits, strictestNameLimits } from '../../../core/types/index.js';
import { TAG } from '../../kernel/assembly/lines/line-memory.js';
import * as names from './byte-classes.js';
import { ColumnSet } from './column-set.js';
import { Hash } from './hash.js';
import { PointCursor } from './point-cursor.js';
import { TimeReader } from './time-reader.js';
import { valueKind } from './value-kind.js';

/**
 * A series key takes `SERIES_KEY_BASE` bytes and the table name. Each tag adds `SERIES_KEY_PER_TAG` bytes and the tag's
 * value.
 */
const SERIES_KEY_BASE = 7;
const SERIES_KEY_PER_TAG = 9;

/** `incomplete`: the bytes in memory are valid so far, but the point may continue in the next bytes of the input. */
export type PointOutcome = 'point' | 'reject' | 'incomplete';

export interface PointOptions {
  readonly maxPointBytes: number;
  readonly precision: InputPrecision;
  readonly names?: NameLimits;
}

/** Reads one point at a time. The public fields contain the result until the next `read`. */
export class PointReader extends PointCursor {
  /** Offset after the last byte to send. */
  end = 0;
  hasTime = false;
  readonly shape: Hash;
  readonly time: TimeReader;
  readonly #limits: NameLimits;
  readonly #columns = new ColumnSet();
  readonly #name: Hash;

  constructor(bytes: Uint8Array, options: PointOptions, seed: bigint) {
    const { maxPointBytes, precision, names: limits = strictestNameLimits } = options;
    super(bytes, maxPointBytes, limits.slashes ? names.slashClasses : names.measurementClasses, limits.backslashes);
    this.shape = new Hash(seed);
    this.#name = new Hash(seed);
    this.#limits = limits;
    this.time = new TimeReader(precision);
  }

  /**
   * Reads the point that begins at `start`, which must not be a space. `limit` is the end of the available bytes; the
   * byte at `limit` must be an LF. If `final` is true, this LF counts as the end of the last line.
   */
  read(start: number, limit: number, final: boolean): PointOutcome {
    this.start = start;
    this.at = start;
    this.limit = limit;
    this.final = final;
    this.needsMore = false;
    this.newlines = 0;
    this.inserted = 0;
    this.hasTime = false;
    this.#columns.clear();
    const good = this.#measurement(start) && this.#fields() && this.#timestamp();
    if (this.needsMore && !this.isTooLong()) return 'incomplete';
    if (this.isTooLong()) {
      this.fail('too-long', `a point of more than ${this.maxPointBytes} bytes, or an unterminated string`);
      return 'reject';
    }
    return good ? 'point' : 'reject';
  }

  #measurement(start: number): boolean {
    const bytes = this.bytes;
    if (bytes[start] === BACKSLASH) return this.fail('bad-escape', 'a backslash as the first byte of a measurement');
    if (!this.passName(this.measurementClasses)) return false;
    if (this.at === start) return this.fail('no-measurement', 'a comma');
    if (this.nameEquals && this.nameBackslash)
      return this.fail('bad-escape', 'a measurement with both = and a backslash');
    const key = SERIES_KEY_BASE + this.nameLength;
    this.shape.bytes(bytes, start, this.at);
    return this.#tags(key);
  }

  #tags(keyBytes: number): boolean {
    const bytes = this.bytes;
    let key = keyBytes;
    while (bytes[this.at] === COMMA) {
      this.at++;
      if (!this.#key('tag')) return false;
      const valueAt = this.at;
      if (!this.passName(names.tagValueClasses)) return false;
      if (this.at === valueAt) return this.fail('empty-tag-value', 'a tag without a value');
      // Servers refuse a tag value with `=` and a backslash. Often the backslash is the end of a path, as in
      // `dir=C:\,host=a`. It then escapes the comma by mistake.
      if (this.nameEquals && this.nameBackslash)
        return this.fail('bad-escape', 'a tag value with both = and a backslash');
      key += SERIES_KEY_PER_TAG + this.nameLength;
      this.shape.mix(this.#name.low ^ TAG, this.#name.high);
    }
    if (bytes[this.at] !== SPACE) return this.failAtLineEnd('no-fields', 'the end of the line before any field');
    if (key <= this.#limits.seriesKeyBytes) return true;
    return this.fail('series-key-too-long', `a series key that counts as ${key} bytes`);
  }

  /** Reads `key=` and adds the key to the columns of the point. Returns false after a failure. */
  #key(what: 'tag' | 'field'): boolean {
    const bytes = this.bytes;
    const start = this.at;
    if (!this.passName(names.keyClasses)) return false;
    const stop = bytes[this.at];
    if (stop === LF || stop === CR) {
      return what === 'field' && this.#isTimestamp(start)
        ? this.failAtLineEnd('no-fields', 'a timestamp in place of the fields')
        : this.failAtLineEnd('newline-in-name', `the end of the line in a ${what} key`);
    }
    if (stop !== EQUALS) {
      return this.fail(what === 'tag' ? 'no-tag-value' : 'no-field-value', `a ${what} key without =`);
    }
    if (this.at === start) return this.fail(what === 'tag' ? 'empty-tag-key' : 'empty-field-key', `an empty key`);
    return this.#addColumn(start, what) && ++this.at > 0;
  }

  #isTimestamp(start: number): boolean {
    const { bytes, at } = this;
    let p = bytes[start] === 0x2d ? start + 1 : start;
    if (p === at) return false;
    while (p < at && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    return p === at;
  }

  #addColumn(start: number, what: 'tag' | 'field'): boolean {
    const bytes = this.bytes;
    const end = this.at;
    if (end - start === 4 && bytes[start] === 0x74 && bytes[start + 1] === 0x69) {
      if (bytes[start + 2] === 0x6d && bytes[start + 3] === 0x65) {
        return this.fail('column-named-time', `a ${what} named time`);
      }
    }
    this.#name.bytes(bytes, start, end);
    const added = this.#columns.add(bytes, start, end, this.#name.low, what === 'tag');
    if (added === 'new' || (added !== what && added !== 'full' && this.#limits.sharedNames)) return true;
    if (added === 'full') return this.fail('too-many-columns', 'more columns');
    const name = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(end, start + 64))).toString());
    if (added !== what) return this.fail('tag-and-field-same-name', `a tag and a field named ${name}`);
    return this.fail(what === 'tag' ? 'duplicate-tag' : 'duplicate-field', `a second ${what} named ${name}`);
  }

  #fields(): boolean {
    const bytes = this.bytes;
    this.passSpaces();
    if (bytes[this.at] === LF || bytes[this.at] === CR) {
      return this.failAtLineEnd('no-fields', 'the end of the line before any field');
    }
    do {
      if (bytes[this.at] === BACKSLASH) {
        return this.fail('bad-escape', 'a backslash as the first byte of a field key');
      }
      if (!this.#key('field')) return false;
      const kind = bytes[this.at] === QUOTE ? this.passString() : this.#plainValue();
      if (kind === 0) return false;
      this.shape.mix(this.#name.low ^ kind, this.#name.high);
    } while (bytes[this.at++] === COMMA);
    this.at--;
    return true;
  }

  /** Reads a value without quotes. @returns its kind; 0 after a failure */
  #plainValue(): number {
    const bytes = this.bytes;
    const start = this.at;
    let p = start;
    for (;;) {
      const byte = bytes[p]!;
      if (byte <= COMMA && (byte === COMMA || byte === SPACE || byte === LF || byte === CR)) break;
      p++;
    }
    this.at = p;
    if (p === this.limit && !this.final) return Number(this.fail('bad-value', ''));
    if (p === start) return Number(this.fail('empty-field-value', 'a field without a value'));
    const kind = valueKind(bytes, start, p, this.#limits.leadingPoints);
    if (typeof kind === 'number') return kind;
    const shown = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(p, start + 64))).toString());
    return Number(this.fail(kind, `the value ${shown}`));
  }

  #timestamp(): boolean {
    const bytes = this.bytes;
    this.end = this.at;
    this.passSpaces();
    const first = bytes[this.at]!;
    if (first === LF || first === CR) return this.passRestOfLine('carriage-return');
    const negative = first === 0x2d;
    const start = negative ? this.at + 1 : this.at;
    let p = start;
    while (bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    this.at = p;
    const after = bytes[p];
    if (p > start && after! < SPACE && after !== LF && after !== CR) {
      return this.fail('trailing-data', 'a control character after the timestamp');
    }
    if (p === start || p - start > 19 || (after !== LF && after !== SPACE && after !== CR)) {
      return this.fail('bad-timestamp', 'text instead of a timestamp after the fields');
    }
    this.end = p;
    this.hasTime = true;
    return this.passRestOfLine('trailing-data') && this.#inRange(start, p, negative);
  }

  #inRange(start: number, end: number, negative: boolean): boolean {
    if (this.time.read(this.bytes, start, end, negative)) return true;
    return this.fail('timestamp-range', `the timestamp ${negative ? '-' : ''}${this.#digits(start, end)}`);
  }

  #digits(start: number, end: number): string {
    return Buffer.from(this.bytes.subarray(start, end)).toString('latin1');
  }
}
