// The exact check of one point, byte by byte: the reference for the kernel, and its slow path. One class, because
// every step moves the same cursor; a good point allocates nothing.

import { type InputPrecision, type NameLimits, strictestNameLimits } from '../../../core/types/index.js';
import type { Reason } from '../../reasons.js';
import * as names from './byte-classes.js';
import { ColumnSet } from './column-set.js';
import { Hash } from './hash.js';
import { TimeReader } from './time-reader.js';
import { sequenceEnd } from './utf8.js';
import { STRING, TAG, valueKind } from './value-kind.js';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS_SIGN = 0x3d;
const BACKSLASH = 0x5c;

/** Fixed part, and part per tag beside its value, of the key under which the server indexes a series. */
const SERIES_KEY_BASE = 7;
const SERIES_KEY_PER_TAG = 9;

/** `incomplete`: everything up to the end of the window fits, and more is needed to tell. */
export type PointOutcome = 'point' | 'reject' | 'incomplete';

export interface PointOptions {
  readonly maxPointBytes: number;
  readonly precision: InputPrecision;
  readonly names?: NameLimits;
}

/** Reads one point at a time; what it found stays in the public fields until the next `read`. */
export class PointReader {
  /** Offset of the LF that ends the point. */
  lineEnd = 0;
  /** Offset behind its last byte to be sent. */
  end = 0;
  /** Line feeds inside its strings. */
  newlines = 0;
  /** Backslashes to insert to make it portable. */
  inserted = 0;
  hasTime = false;
  readonly shape: Hash;
  readonly time: TimeReader;
  reason: Reason = 'no-measurement';
  found = '';

  readonly #bytes: Uint8Array;
  readonly #maxPointBytes: number;
  readonly #seriesKeyBytes: number;
  readonly #measurementClasses: Uint8Array;
  readonly #columns = new ColumnSet();
  readonly #name: Hash;
  #start = 0;
  #at = 0;
  #limit = 0;
  #final = false;
  #needsMore = false;
  /** Unescaped length and oddities of the name just passed. */
  #nameLength = 0;
  #nameEquals = false;
  #nameBackslash = false;
  /** A string that opens inside (openFrom, openTo) does not end before openTo. */
  #openFrom = 0;
  #openTo = 0;

  constructor(bytes: Uint8Array, options: PointOptions, seed: bigint) {
    const { maxPointBytes, precision, names: limits = strictestNameLimits } = options;
    this.shape = new Hash(seed);
    this.#name = new Hash(seed);
    this.#bytes = bytes;
    this.#maxPointBytes = maxPointBytes;
    this.#seriesKeyBytes = limits.seriesKeyBytes;
    this.#measurementClasses = limits.slashes ? names.slashClasses : names.measurementClasses;
    this.time = new TimeReader(precision);
  }

  /** To be called when other bytes come to stand where points were read. */
  forget(): void {
    this.#openTo = 0;
  }

  /**
   * Reads the point at `start`, its first byte that is no blank. `limit` is the end of the bytes at hand, and an LF has
   * to stand there; with `final` that LF is taken for one of the input's.
   */
  read(start: number, limit: number, final: boolean): PointOutcome {
    this.#start = start;
    this.#at = start;
    this.#limit = limit;
    this.#final = final;
    this.#needsMore = false;
    this.newlines = 0;
    this.inserted = 0;
    this.hasTime = false;
    this.#columns.clear();
    const good = this.#measurement(start) && this.#fields() && this.#timestamp();
    if (this.#needsMore && !this.#beyond()) return 'incomplete';
    if (this.#beyond()) {
      this.#fail('too-long', `a point of more than ${this.#maxPointBytes} bytes, or a string that does not end`);
      return 'reject';
    }
    return good ? 'point' : 'reject';
  }

  #beyond(): boolean {
    return this.#at - this.#start > this.#maxPointBytes;
  }

  /** At the end of the window nothing can be told yet, unless it is the end of the input as well. */
  #fail(reason: Reason, found: string): false {
    if (this.#at >= this.#limit && !this.#final) this.#needsMore = true;
    this.reason = reason;
    this.found = found;
    return false;
  }

  #failAt(at: number, reason: Reason, found: string): false {
    this.#at = at;
    return this.#fail(reason, found);
  }

  #measurement(start: number): boolean {
    const bytes = this.#bytes;
    if (bytes[start] === BACKSLASH) return this.#fail('bad-escape', 'an escape as the first byte of a measurement');
    if (!this.#passName(this.#measurementClasses)) return false;
    if (this.#at === start) return this.#fail('no-measurement', 'a comma');
    if (this.#nameEquals && this.#nameBackslash) return this.#fail('bad-escape', 'a measurement with = and an escape');
    const key = SERIES_KEY_BASE + this.#nameLength;
    this.shape.bytes(bytes, start, this.#at);
    return this.#tags(key);
  }

  #tags(keyBytes: number): boolean {
    const bytes = this.#bytes;
    let key = keyBytes;
    while (bytes[this.#at] === COMMA) {
      this.#at++;
      if (!this.#key('tag')) return false;
      const valueAt = this.#at;
      if (!this.#passName(names.tagValueClasses)) return false;
      if (this.#at === valueAt) return this.#fail('empty-tag-value', 'a tag without a value');
      key += SERIES_KEY_PER_TAG + this.#nameLength;
      this.shape.mix(this.#name.low ^ TAG, this.#name.high);
    }
    if (bytes[this.#at] !== SPACE) return this.#lineEnded('no-fields', 'the end of the line before any field');
    if (key <= this.#seriesKeyBytes) return true;
    return this.#fail('series-key-too-long', `a series key of up to ${key} bytes`);
  }

  /** Passes `key=` and notes the key. */
  #key(what: 'tag' | 'field'): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    if (!this.#passName(names.keyClasses)) return false;
    const stop = bytes[this.#at];
    if (stop === LF || stop === CR) return this.#lineEnded('newline-in-name', `the end of the line in a ${what} key`);
    if (stop !== EQUALS_SIGN) {
      return this.#fail(what === 'tag' ? 'no-tag-value' : 'no-field-value', `a ${what} key without =`);
    }
    if (this.#at === start) return this.#fail(what === 'tag' ? 'empty-tag-key' : 'empty-field-key', `an empty key`);
    return this.#addColumn(start, what) && ++this.#at > 0;
  }

  #addColumn(start: number, what: 'tag' | 'field'): boolean {
    const bytes = this.#bytes;
    const end = this.#at;
    if (end - start === 4 && bytes[start] === 0x74 && bytes[start + 1] === 0x69) {
      if (bytes[start + 2] === 0x6d && bytes[start + 3] === 0x65) {
        return this.#fail('column-named-time', `a ${what} named time`);
      }
    }
    this.#name.bytes(bytes, start, end);
    const added = this.#columns.add(bytes, start, end, this.#name.low, what === 'tag');
    if (added === 'new') return true;
    if (added === 'full') return this.#fail('too-many-columns', 'more columns');
    const name = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(end, start + 64))).toString());
    if (added !== what) return this.#fail('tag-and-field-same-name', `a tag and a field named ${name}`);
    return this.#fail(what === 'tag' ? 'duplicate-tag' : 'duplicate-field', `a second ${what} named ${name}`);
  }

  #fields(): boolean {
    const bytes = this.#bytes;
    this.#passSpaces();
    if (bytes[this.#at] === LF || bytes[this.#at] === CR) {
      return this.#lineEnded('no-fields', 'the end of the line before any field');
    }
    do {
      if (bytes[this.#at] === BACKSLASH) {
        return this.#fail('bad-escape', 'an escape as the first byte of a field key');
      }
      if (!this.#key('field')) return false;
      const kind = bytes[this.#at] === QUOTE ? this.#string() : this.#plainValue();
      if (kind === 0) return false;
      this.shape.mix(this.#name.low ^ kind, this.#name.high);
    } while (bytes[this.#at++] === COMMA);
    this.#at--;
    return true;
  }

  /** @returns the kind, 0 for none. */
  #plainValue(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let p = start;
    for (;;) {
      const byte = bytes[p]!;
      if (byte <= COMMA && (byte === COMMA || byte === SPACE || byte === LF || byte === CR)) break;
      p++;
    }
    this.#at = p;
    if (p === this.#limit && !this.#final) return Number(this.#fail('bad-value', ''));
    if (p === start) return Number(this.#fail('empty-field-value', 'a field without a value'));
    const kind = valueKind(bytes, start, p);
    if (typeof kind === 'number') return kind;
    const shown = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(p, start + 64))).toString());
    return Number(this.#fail(kind, `the value ${shown}`));
  }

  #string(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#knownOpen(start)) {
      return Number(this.#failAt(this.#openTo, 'unterminated-string', 'a string that does not end'));
    }
    let p = start + 1;
    for (;;) {
      while (names.stringClasses[bytes[p]!] === names.ORDINARY) p++;
      const byte = bytes[p]!;
      if (byte === QUOTE) break;
      if (byte === LF) {
        if (p === this.#limit) return this.#openString(start, p);
        this.newlines++;
        p++;
      } else if (byte === BACKSLASH) {
        p = this.#stringEscape(p);
      } else if (byte === 0) {
        return Number(this.#failAt(p, 'control-character', 'a NUL in a string'));
      } else {
        p = this.#sequence(p);
      }
      if (p < 0) return 0;
    }
    this.#openFrom = start;
    this.#openTo = p;
    this.#at = p + 1;
    const after = bytes[p + 1];
    if (after === COMMA || after === SPACE || after === LF || after === CR) return STRING;
    return Number(this.#fail('bad-value', 'bytes behind the closing quote of a string'));
  }

  /** Without this, lines that each open a string which ends far away would each be searched to there. */
  #knownOpen(start: number): boolean {
    if (start <= this.#openFrom || start >= this.#openTo) return false;
    return this.#openTo >= this.#limit || this.#openTo - this.#start > this.#maxPointBytes;
  }

  #openString(start: number, p: number): number {
    this.#openFrom = start;
    this.#openTo = p;
    return Number(this.#failAt(p, 'unterminated-string', 'a string that does not end'));
  }

  /** Passes a run of backslashes and the quote it escapes. @returns -1 after a failure. */
  #stringEscape(from: number): number {
    const bytes = this.#bytes;
    let p = from;
    while (bytes[p] === BACKSLASH) p++;
    if ((p - from) % 2 === 0) return p;
    if (p === this.#limit && !this.#final) return p;
    if (bytes[p] === QUOTE) {
      if (p === from + 1) return p + 1;
      this.#failAt(p, 'bad-string-escape', `${p - from} backslashes before a quote`);
      return -1;
    }
    if (bytes[p] !== 0x27) this.inserted++;
    return p;
  }

  #sequence(p: number): number {
    const next = sequenceEnd(this.#bytes, p);
    if (next >= 0) return next;
    this.#failAt(-1 - next, 'invalid-utf8', `byte 0x${this.#bytes[-1 - next]?.toString(16)} where it cannot be`);
    return -1;
  }

  /** Passes a name up to the byte that ends it. */
  #passName(classes: Uint8Array): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let p = start;
    let escapes = 0;
    this.#nameEquals = false;
    this.#nameBackslash = false;
    for (;;) {
      while (classes[bytes[p]!] === names.ORDINARY) p++;
      const meaning = classes[bytes[p]!];
      if (meaning === names.STOP) break;
      if (meaning === names.BACKSLASH) {
        this.#nameBackslash = true;
        const next = this.#nameEscape(p, classes);
        if (next < 0) return false;
        escapes += bytes[p + 1] === COMMA || bytes[p + 1] === SPACE || bytes[p + 1] === EQUALS_SIGN ? 1 : 0;
        p = next;
      } else if (meaning === names.HIGH) {
        p = this.#sequence(p);
        if (p < 0) return false;
      } else if (meaning === names.EQUALS) {
        this.#nameEquals = true;
        if (classes === names.tagValueClasses) this.inserted++;
        p++;
      } else {
        return this.#forbidden(p);
      }
    }
    this.#at = p;
    this.#nameLength = p - start - escapes;
    return true;
  }

  #forbidden(p: number): false {
    const byte = this.#bytes[p]!;
    if (byte === 0x2f) return this.#failAt(p, 'slash-in-measurement', '/ in a measurement');
    return this.#failAt(p, 'control-character', `byte 0x${byte.toString(16).padStart(2, '0')} in a name`);
  }

  /** @returns the offset behind the escape at `p`, -1 after a failure. */
  #nameEscape(p: number, classes: Uint8Array): number {
    const bytes = this.#bytes;
    const next = bytes[p + 1]!;
    if (next === COMMA || next === SPACE) return p + 2;
    if (next === EQUALS_SIGN && classes !== this.#measurementClasses) return p + 2;
    if (next === QUOTE || next === 0x27) return p + 2;
    if (next !== BACKSLASH) {
      this.#failAt(p + 1, 'bad-escape', 'a backslash before a byte that needs none');
      return -1;
    }
    // Older servers take the second backslash of `a\\ ` for the escape of the space.
    const after = bytes[p + 2]!;
    if (after !== COMMA && after !== SPACE && after !== EQUALS_SIGN && after !== LF && after !== CR) return p + 2;
    this.#failAt(p + 2, 'bad-escape', 'a backslash at the end of a name');
    return -1;
  }

  #passSpaces(): void {
    let p = this.#at;
    while (this.#bytes[p] === SPACE) p++;
    this.#at = p;
  }

  #timestamp(): boolean {
    const bytes = this.#bytes;
    this.end = this.#at;
    this.#passSpaces();
    const first = bytes[this.#at]!;
    if (first === LF || first === CR) return this.#restOfLine('carriage-return');
    const negative = first === 0x2d;
    const start = negative ? this.#at + 1 : this.#at;
    let p = start;
    while (bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    this.#at = p;
    const after = bytes[p];
    if (p > start && after! < SPACE && after !== LF && after !== CR) {
      return this.#fail('trailing-data', 'a control character after the timestamp');
    }
    if (p === start || p - start > 19 || (after !== LF && after !== SPACE && after !== CR)) {
      return this.#fail('bad-timestamp', 'something else where the timestamp should be');
    }
    this.end = p;
    this.hasTime = true;
    return this.#restOfLine('trailing-data') && this.#inRange(start, p, negative);
  }

  #inRange(start: number, end: number, negative: boolean): boolean {
    if (this.time.read(this.#bytes, start, end, negative)) return true;
    return this.#fail('timestamp-range', `the timestamp ${negative ? '-' : ''}${this.#digits(start, end)}`);
  }

  #digits(start: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(start, end)).toString('latin1');
  }

  /** Passes spaces and carriage returns up to the LF. */
  #restOfLine(otherwise: Reason): boolean {
    const bytes = this.#bytes;
    let p = this.#at;
    while (bytes[p] === SPACE || bytes[p] === CR) p++;
    this.#at = p;
    this.lineEnd = p;
    if (p === this.#limit && !this.#final) return this.#fail(otherwise, '');
    return bytes[p] === LF || this.#fail(otherwise, 'more bytes on the line');
  }

  /** Fails for a line that ended early; a carriage return ends it only together with the LF. */
  #lineEnded(reason: Reason, found: string): false {
    return this.#restOfLine('carriage-return') && this.#fail(reason, found);
  }
}
