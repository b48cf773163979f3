// Reads the names, strings and line ends of a point byte by byte.

import { BACKSLASH, COMMA, CR, EQUALS, LF, QUOTE, SPACE } from '../../../core/ascii.js';
import { STRING } from '../../kernel/assembly/lines/line-memory.js';
import type { Reason } from '../../reasons.js';
import * as names from './byte-classes.js';

/** Reads the bytes of one point. Reading a valid point allocates nothing. */
export abstract class PointCursor {
  /** Offset of the LF that ends the point. */
  lineEnd = 0;
  /** Number of line feeds inside the strings of the point. */
  newlines = 0;
  /** Number of backslashes that `rewrite` adds. */
  inserted = 0;
  /** Reason to reject the point, and a description of the bytes found. */
  reason: Reason = 'no-measurement';
  found = '';
  protected readonly bytes: Uint8Array;
  protected readonly maxPointBytes: number;
  protected readonly measurementClasses: Uint8Array;
  /** True if a backslash in a name is literal before a byte that needs no escape, as in `a\b`. */
  readonly #backslashes: boolean;
  protected start = 0;
  protected at = 0;
  protected limit = 0;
  protected final = false;
  protected needsMore = false;
  /** Length of the last name without its escapes, and whether this name contains an equals sign or a backslash. */
  protected nameLength = 0;
  protected nameEquals = false;
  protected nameBackslash = false;
  /**
   * The last search for a closing quote began at `#openFrom` and ended at `#openTo`. A string that begins between these
   * offsets ends at `#openTo` or later.
   */
  #openFrom = 0;
  #openTo = 0;

  constructor(bytes: Uint8Array, maxPointBytes: number, measurementClasses: Uint8Array, backslashes: boolean) {
    this.bytes = bytes;
    this.maxPointBytes = maxPointBytes;
    this.measurementClasses = measurementClasses;
    this.#backslashes = backslashes;
  }

  /** Forgets the results of earlier searches. Must be called when the bytes in memory change. */
  forget(): void {
    this.#openTo = 0;
  }

  protected isTooLong(): boolean {
    return this.at - this.start > this.maxPointBytes;
  }

  /**
   * Sets the reason why the point is invalid, and returns false. If the failure is at the end of the bytes in memory
   * but the input continues, more bytes are needed to decide.
   */
  protected fail(reason: Reason, found: string): false {
    if (this.at >= this.limit && !this.final) this.needsMore = true;
    this.reason = reason;
    this.found = found;
    return false;
  }

  protected failAt(at: number, reason: Reason, found: string): false {
    this.at = at;
    return this.fail(reason, found);
  }

  /** Reads a string. @returns the kind STRING; 0 after a failure */
  protected passString(): number {
    const bytes = this.bytes;
    const start = this.at;
    if (this.#isKnownOpen(start)) {
      return Number(this.failAt(this.#openTo, 'unterminated-string', 'an unterminated string'));
    }
    let p = start + 1;
    for (;;) {
      while (names.stringClasses[bytes[p]!] === names.ORDINARY) p++;
      const byte = bytes[p]!;
      if (byte === QUOTE) break;
      if (byte === LF) {
        if (p === this.limit) return this.#openString(start, p);
        this.newlines++;
        p++;
      } else if (byte === BACKSLASH) {
        p = this.#stringEscape(p);
      } else if (byte === 0) {
        return Number(this.failAt(p, 'control-character', 'a NUL in a string'));
      } else {
        p = this.passSequence(p);
      }
      if (p < 0) return 0;
    }
    this.#openFrom = start;
    this.#openTo = p;
    this.at = p + 1;
    const after = bytes[p + 1];
    if (after === COMMA || after === SPACE || after === LF || after === CR) return STRING;
    return Number(this.fail('bad-value', 'bytes after the closing quote of a string'));
  }

  /**
   * Tests whether an earlier search shows that the string at `start` does not end in memory, or that its point exceeds
   * --max-point-bytes.
   */
  #isKnownOpen(start: number): boolean {
    if (start <= this.#openFrom || start >= this.#openTo) return false;
    return this.#openTo >= this.limit || this.#openTo - this.start > this.maxPointBytes;
  }

  #openString(start: number, p: number): number {
    this.#openFrom = start;
    this.#openTo = p;
    return Number(this.failAt(p, 'unterminated-string', 'an unterminated string'));
  }

  /**
   * Moves past consecutive backslashes, and past the quote that the last backslash escapes.
   * @returns the offset after these bytes; -1 after a failure
   */
  #stringEscape(from: number): number {
    const bytes = this.bytes;
    let p = from;
    while (bytes[p] === BACKSLASH) p++;
    if ((p - from) % 2 === 0) return p;
    if (p === this.limit && !this.final) return p;
    if (bytes[p] === QUOTE) {
      if (p === from + 1) return p + 1;
      this.failAt(p, 'bad-string-escape', `${p - from} backslashes before a quote`);
      return -1;
    }
    if (bytes[p] !== 0x27) this.inserted++;
    return p;
  }

  protected passSequence(p: number): number {
    const next = names.sequenceEnd(this.bytes, p);
    if (next >= 0) return next;
    this.failAt(
      -1 - next,
      'invalid-utf8',
      `byte 0x${this.bytes[-1 - next]?.toString(16)}, which UTF-8 does not allow here`,
    );
    return -1;
  }

  /** Reads a name, up to the byte that ends it. Returns false after a failure. */
  protected passName(classes: Uint8Array): boolean {
    const bytes = this.bytes;
    const start = this.at;
    let p = start;
    let escapes = 0;
    this.nameEquals = false;
    this.nameBackslash = false;
    for (;;) {
      while (classes[bytes[p]!] === names.ORDINARY) p++;
      const meaning = classes[bytes[p]!];
      if (meaning === names.STOP) break;
      if (meaning === names.BACKSLASH) {
        this.nameBackslash = true;
        const next = this.#nameEscape(p, classes);
        if (next < 0) return false;
        escapes += bytes[p + 1] === COMMA || bytes[p + 1] === SPACE || bytes[p + 1] === EQUALS ? 1 : 0;
        p = next;
      } else if (meaning === names.HIGH) {
        p = this.passSequence(p);
        if (p < 0) return false;
      } else if (meaning === names.EQUALS) {
        this.nameEquals = true;
        if (classes === names.tagValueClasses) this.inserted++;
        p++;
      } else {
        return this.#forbidden(p);
      }
    }
    this.at = p;
    this.nameLength = p - start - escapes;
    return true;
  }

  #forbidden(p: number): false {
    const byte = this.bytes[p]!;
    if (byte === 0x2f) return this.failAt(p, 'slash-in-measurement', '/ in a measurement');
    return this.failAt(p, 'control-character', `byte 0x${byte.toString(16).padStart(2, '0')} in a name`);
  }

  /** Moves past the escape at `p`. @returns the offset after the escape; -1 after a failure */
  #nameEscape(p: number, classes: Uint8Array): number {
    const bytes = this.bytes;
    const next = bytes[p + 1]!;
    if (next === COMMA || next === SPACE) return p + 2;
    if (next === EQUALS && classes !== this.measurementClasses) return p + 2;
    if (next === QUOTE || next === 0x27) return p + 2;
    if (next !== BACKSLASH) {
      if (this.#backslashes && next !== EQUALS && next !== LF && next !== CR) return p + 1;
      this.failAt(p + 1, 'bad-escape', 'a backslash before a character that needs no escape');
      return -1;
    }
    // Older servers read the second backslash of `a\\ ` as the escape of the space. So no name may end with `\\`.
    const after = bytes[p + 2]!;
    if (after !== COMMA && after !== SPACE && after !== EQUALS && after !== LF && after !== CR) return p + 2;
    this.failAt(p + 2, 'bad-escape', 'a backslash at the end of a name');
    return -1;
  }

  protected passSpaces(): void {
    let p = this.at;
    while (this.bytes[p] === SPACE) p++;
    this.at = p;
  }

  /**
   * Moves past spaces and carriage returns, up to the LF. If other bytes follow, fails with the reason `otherwise`.
   */
  protected passRestOfLine(otherwise: Reason): boolean {
    const bytes = this.bytes;
    let p = this.at;
    while (bytes[p] === SPACE || bytes[p] === CR) p++;
    this.at = p;
    this.lineEnd = p;
    if (p === this.limit && !this.final) return this.fail(otherwise, '');
    const found = otherwise === 'trailing-data' ? 'text after the timestamp' : 'text after a carriage return';
    return bytes[p] === LF || this.fail(otherwise, found);
  }

  /**
   * Sets the reason for a line that ends too early, and returns false. A carriage return ends a line only before an LF.
   */
  protected failAtLineEnd(reason: Reason, found: string): false {
    return this.passRestOfLine('carriage-return') && this.fail(reason, found);
  }
}
