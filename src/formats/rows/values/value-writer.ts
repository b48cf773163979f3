// Writes one field value. Rejects a cell that contradicts the known type of the field, and never converts between
// types.

import { BACKSLASH, DOT, MINUS, QUOTE, SPACE } from '../../../core/ascii.js';
import { BARE, FALSE, LIST, NUMBER, TEXT, TRUE } from '../cells.js';
import { BOOLEAN, FLOAT, INTEGER, STRING, UNKNOWN, UNSIGNED } from './field-types.js';
import { code, putFloat, putInteger, putString } from './put-value.js';

/** A decimal number with at most this many characters never loses digits as a float. */
const shortNumber = 15;

const wrongType = code('wrong-type');
const list = code('array-value');
const nonFinite = code('non-finite');
const inexact = code('inexact-integer');
const badString = code('bad-string-escape');

const letters = new Set(['t', 'T', 'f', 'F']);
const words = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE']);

/**
 * Unusual notations of values. `literal`: the cell contains a value as in line protocol, such as `12i` or `"text"`.
 * `words`: a function recognises the words for true and false. `converted`: a function converts the text of the cell.
 * Both functions return null for invalid text.
 */
export type ValueReading =
  | { readonly kind: 'literal' }
  | { readonly kind: 'words'; readonly words: (word: string) => boolean | null }
  | { readonly kind: 'converted'; readonly convert: (text: string) => string | null };

export class ValueWriter {
  /** Type of the last value written. */
  type = UNKNOWN;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * Writes the cell in [from, to) at `out` as a value of `type`. If `type` is UNKNOWN, infers the type from the cell.
   * @param level 1 if the type is declared, 2 if inferred from quoted cells, otherwise 0
   * @returns the offset after the value, or the code of a reason
   */
  put(kind: number, from: number, to: number, out: number, type: number, level: number): number {
    const declared = level === 1;
    if (type === FLOAT && to - from <= shortNumber && (kind === BARE || kind === NUMBER)) {
      this.type = FLOAT;
      const end = this.#plainFloat(from, to, out);
      if (end > 0) return end;
    }
    this.type = type === UNKNOWN ? this.#typeOf(kind, from, to, out) : type;
    // Quoted text is a string, unless the type is declared or was inferred from quoted cells.
    if (kind === TEXT && this.type !== STRING && level === 0) return wrongType;
    if (kind === BARE || kind === TEXT) return this.#text(from, to, out, declared);
    if (kind === LIST) return list;
    if (kind === NUMBER) return this.#number(from, to, out, declared);
    return this.type === BOOLEAN ? this.#boolean(kind === TRUE, out) : wrongType;
  }

  /** Writes the value of a cell with an unusual notation. Returns an offset or a code, as `put` does. */
  putRead(reading: ValueReading, from: number, to: number, out: number, type: number): number {
    if (reading.kind === 'literal') return this.#literal(from, to, out, type);
    const text = Buffer.from(this.#bytes.subarray(from, to)).toString();
    if (reading.kind === 'converted') {
      this.type = type;
      const value = reading.convert(text);
      return value === null ? wrongType : out + Buffer.from(this.#bytes.buffer).write(value, out);
    }
    this.type = BOOLEAN;
    const is = reading.words(text);
    return is === null ? wrongType : this.#boolean(is, out);
  }

  #literal(from: number, to: number, out: number, type: number): number {
    const bytes = this.#bytes;
    const last = bytes[to - 1]!;
    const quoted = to - from > 1 && bytes[from] === QUOTE && last === QUOTE;
    const whole = last === 0x69 ? INTEGER : last === 0x75 ? UNSIGNED : UNKNOWN;
    const word = this.#word(from, to);
    const shown = quoted ? STRING : words.has(word) || letters.has(word) ? BOOLEAN : whole === UNKNOWN ? FLOAT : whole;
    this.type = shown;
    if (type !== UNKNOWN && type !== shown) {
      this.type = type;
      return wrongType;
    }
    if (shown === BOOLEAN) return this.#boolean(word[0] === 't' || word[0] === 'T', out);
    if (shown === STRING) return this.#quoted(from, to, out);
    return this.#number(from, whole === UNKNOWN ? to : to - 1, out, true, shown);
  }

  /** Writes a quoted string. Rejects a backslash or quote inside, because servers interpret escapes differently. */
  #quoted(from: number, to: number, out: number): number {
    const inner = this.#bytes.subarray(from + 1, to - 1);
    return inner.includes(BACKSLASH) || inner.includes(QUOTE)
      ? badString
      : putString(this.#bytes, from + 1, to - 1, out);
  }

  /** Copies a number in the most common form, such as `-12.5`. Returns 0 if the cell has another form. */
  #plainFloat(from: number, to: number, out: number): number {
    const bytes = this.#bytes;
    let o = out;
    let p = from;
    if (bytes[p] === MINUS) bytes[o++] = bytes[p++]!;
    const first = p;
    let dots = 0;
    for (; p < to; p++) {
      const byte = bytes[p]!;
      if (byte === DOT) dots++;
      else if (byte < 0x30 || byte > 0x39) return 0;
      bytes[o++] = byte;
    }
    return dots > 1 || p === first || bytes[first] === DOT || bytes[to - 1] === DOT ? 0 : o;
  }

  #typeOf(kind: number, from: number, to: number, out: number): number {
    if (kind === TEXT) return STRING;
    if (kind === NUMBER) return FLOAT;
    if (kind === TRUE || kind === FALSE) return BOOLEAN;
    if (words.has(this.#word(from, to))) return BOOLEAN;
    const tried = this.#number(from, to, out, true, FLOAT);
    // A number that a float cannot store still shows that the column contains numbers.
    return tried >= 0 || tried === nonFinite || tried === inexact ? FLOAT : STRING;
  }

  #text(from: number, to: number, out: number, declared: boolean): number {
    if (this.type === STRING) return putString(this.#bytes, from, to, out);
    if (this.type !== BOOLEAN) return this.#number(from, to, out, declared);
    const word = this.#word(from, to);
    const known = words.has(word) || (declared && letters.has(word));
    return known ? this.#boolean(word[0] === 't' || word[0] === 'T', out) : wrongType;
  }

  #number(from: number, to: number, out: number, declared: boolean, type = this.type): number {
    const bytes = this.#bytes;
    let start = from;
    let end = to;
    while (end > start && bytes[end - 1] === SPACE) end--;
    while (start < end && bytes[start] === SPACE) start++;
    if (type === FLOAT) return putFloat(bytes, start, end, out, !declared);
    if (type === INTEGER || type === UNSIGNED) return putInteger(bytes, start, end, out, type === UNSIGNED);
    return wrongType;
  }

  #boolean(is: boolean, out: number): number {
    this.#bytes[out] = is ? 0x74 : 0x66;
    return out + 1;
  }

  /** Returns the text in [from, to) without surrounding spaces; an empty text if the range has more than 16 bytes. */
  #word(from: number, to: number): string {
    if (to - from > 16) return '';
    return String.fromCharCode(...this.#bytes.subarray(from, to)).trim();
  }
}
