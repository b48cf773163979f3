// Reads one JSON object into the cells of a row. Numbers keep all digits. Only strings with escapes are copied.

import { isUtf8 } from 'node:buffer';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../../core/ascii.js';
import type { Reason } from '../reasons.js';
import { BARE, type Cells, FALSE, LIST, NONE, NUMBER, TEXT, TRUE } from '../rows/cells.js';
import type { RowRun } from '../rows/row-run.js';
import { type Entry, type Keys, maxDepth, NOWHERE } from './key-tree.js';

/** Contains 1 for each byte at which the fast search for the end of a string must stop. */
const stops = new Uint8Array(256).fill(1, 0, 0x20);
stops[QUOTE] = 1;
stops[BACKSLASH] = 1;
const literals = [
  { bytes: Buffer.from('true'), kind: TRUE },
  { bytes: Buffer.from('false'), kind: FALSE },
  { bytes: Buffer.from('null'), kind: NONE },
  // Python writes these literals, although JSON does not allow them. --null can declare them as missing values.
  { bytes: Buffer.from('NaN'), kind: BARE },
  { bytes: Buffer.from('Infinity'), kind: BARE },
  { bytes: Buffer.from('-Infinity'), kind: BARE },
];

/** Reads JSON objects. `reason` and `found` describe the error in the last invalid object. */
export class ObjectReader {
  reason: Reason = 'bad-json';
  found = '';
  readonly #run: RowRun;
  readonly #cells: Cells;
  readonly #columns: readonly string[] | null;
  readonly #nulls: readonly Buffer[];
  /**
   * For each column, the number of the last object with a value for this column. A second value in the same object is
   * an error.
   */
  #lastSeen = new Int32Array(64);
  #objectNumber = 0;
  #scratch = 0;
  #keys: Keys | null = null;

  /**
   * @param columns column names for rows that are JSON lists; null if rows may not be lists
   * @param nulls strings that stand for a missing value
   */
  constructor(run: RowRun, cells: Cells, columns: readonly string[] | null, nulls: readonly string[]) {
    this.#nulls = nulls.map((word) => Buffer.from(word));
    this.#columns = columns;
    this.#run = run;
    this.#cells = cells;
  }

  /**
   * Reads the object at `start`. A line feed must be stored at `limit` of the `RowRun`. Returns the offset after the
   * object; -1 if the object is invalid or does not end before `limit`.
   */
  read(start: number, keys: Keys): number {
    this.#objectNumber = this.#objectNumber === 0x7fff_ffff ? 1 : this.#objectNumber + 1;
    this.#scratch = this.#run.layout.scratch;
    this.#keys = keys;
    this.#cells.clear(keys.columns);
    if (this.#run.bytes[start] === OPEN_BRACKET && this.#columns !== null) return this.#row(start, this.#columns);
    if (this.#run.bytes[start] !== OPEN_BRACE) return this.#fail(start, 'no object');
    return this.#object(start, keys.root, 0);
  }

  /** Reads a row that is a JSON list. `columns` contains the name for each element. */
  #row(start: number, columns: readonly string[]): number {
    const { bytes } = this.#run;
    let p = this.#blanks(start + 1);
    for (let i = 0; ; i++) {
      const name = columns[i];
      if (name === undefined) return this.#failForLength(`more than ${columns.length} elements`);
      const entry = this.#keys!.named(name);
      if (typeof entry === 'string') return this.#failFor(entry, start, p);
      p = this.#value(p, entry, 1);
      if (p < 0) return p;
      p = this.#blanks(p);
      if (bytes[p] === CLOSE_BRACKET)
        return i + 1 === columns.length ? p + 1 : this.#failForLength(`${i + 1} of ${columns.length} elements`);
      if (bytes[p] !== COMMA) return this.#fail(p, 'no comma after an element');
      p = this.#blanks(p + 1);
    }
  }

  /**
   * Reads an object. Returns the offset after the object; -1 for an invalid object.
   * @param entry the key whose value is the object; null to skip the object
   */
  #object(start: number, entry: Entry | null, depth: number): number {
    const { bytes } = this.#run;
    if (depth > maxDepth) return this.#fail(start, `an object nested more than ${maxDepth} levels deep`);
    let p = this.#blanks(start + 1);
    let expected = 0;
    if (bytes[p] === CLOSE_BRACE) return p + 1;
    for (;;) {
      if (bytes[p] !== QUOTE) return this.#fail(p, 'no key');
      const from = p + 1;
      let member = entry === null ? null : this.#keys!.expected(entry, expected, bytes, from);
      let to = member === null ? this.#stringEnd(from) : from + member.key.length;
      if (to < 0) return to;
      if (member === null && entry !== null) {
        const found = this.#keys!.find(entry, bytes, from, to);
        if (typeof found === 'string') return this.#failFor(found, from, to);
        member = found;
      }
      if (member !== null) expected = member.index + 1;
      to += 1;
      p = bytes[to] === COLON ? to : this.#blanks(to);
      if (bytes[p] !== COLON) return this.#fail(p, 'no colon after a key');
      p = this.#value(this.#blanks(p + 1), member, depth);
      if (p < 0) return p;
      p = this.#blanks(p);
      const byte = bytes[p];
      if (byte === CLOSE_BRACE) return p + 1;
      if (byte !== COMMA) return this.#fail(p, 'no comma after a value');
      p = this.#blanks(p + 1);
    }
  }

  #value(p: number, entry: Entry | null, depth: number): number {
    const byte = this.#run.bytes[p]!;
    if (byte === QUOTE) return this.#string(p + 1, entry);
    if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) return this.#number(p, entry);
    if (byte === OPEN_BRACE) return this.#object(p, entry, depth + 1);
    if (byte === OPEN_BRACKET) return this.#list(p, entry, depth + 1);
    return this.#literal(p, entry);
  }

  /** Reads a list. Elements that an option names are treated as object members with the keys 0, 1, 2 and so on. */
  #list(start: number, entry: Entry | null, depth: number): number {
    const { bytes } = this.#run;
    if (depth > maxDepth) return this.#fail(start, `a list nested more than ${maxDepth} levels deep`);
    const isWanted = entry !== null && this.#keys!.hasWantedElement(entry);
    if (entry !== null && !isWanted && this.#put(entry, LIST, start, start + 1) < 0) return -1;
    let p = this.#blanks(start + 1);
    if (bytes[p] === CLOSE_BRACKET) return p + 1;
    for (let i = 0; ; i++) {
      const element = isWanted ? this.#keys!.element(entry, i) : null;
      if (typeof element === 'string') return this.#failFor(element, start, p);
      p = this.#value(p, element, depth);
      if (p < 0) return p;
      p = this.#blanks(p);
      if (bytes[p] === CLOSE_BRACKET) return p + 1;
      if (bytes[p] !== COMMA) return this.#fail(p, 'no comma after an element');
      p = this.#blanks(p + 1);
    }
  }

  #string(from: number, entry: Entry | null): number {
    const { bytes } = this.#run;
    let p = from;
    while (stops[bytes[p]!] === 0) p++;
    if (bytes[p] === QUOTE) return entry === null || this.#putText(entry, from, p) >= 0 ? p + 1 : -1;
    const end = this.#stringEnd(p);
    if (end < 0) return end;
    const decoded = entry === null ? 0 : this.#decode(from, end, entry);
    if (decoded < 0) return decoded;
    const written = entry === null ? 0 : this.#putText(entry, this.#scratch, decoded);
    if (entry !== null) this.#scratch = decoded;
    return written < 0 ? written : end + 1;
  }

  /** Stores the cell of a string, unless the string stands for a missing value. */
  #putText(entry: Entry, from: number, to: number): number {
    const isNull = this.#nulls.some(
      (word) => word.length === to - from && word.equals(this.#run.bytes.subarray(from, to)),
    );
    return isNull ? 0 : this.#put(entry, TEXT, from, to);
  }

  /** Returns the offset of the closing quote; -1 for a string without a closing quote. */
  #stringEnd(from: number): number {
    const { bytes } = this.#run;
    let p = from;
    for (;;) {
      while (stops[bytes[p]!] === 0) p++;
      if (bytes[p] === QUOTE) return p;
      if (bytes[p] !== BACKSLASH) return this.#fail(p, 'an unterminated string');
      p += bytes[p + 1] === 0x0a ? 1 : 2;
    }
  }

  /** Decodes a string with escapes into scratch memory. Returns the offset after the text; -1 for an invalid string. */
  #decode(from: number, to: number, entry: Entry): number {
    const { bytes, layout } = this.#run;
    const quoted = Buffer.from(bytes.buffer, bytes.byteOffset + from - 1, to - from + 2);
    // `toString` would silently replace bytes that are not UTF-8.
    if (!isUtf8(quoted) && this.#keys!.columnOf(entry) !== NOWHERE) return this.#failFor('invalid-utf8', from, to);
    let text: string;
    try {
      text = JSON.parse(quoted.toString()) as string;
    } catch {
      return this.#fail(from, 'an invalid escape');
    }
    // UTF-8 cannot express a lone surrogate.
    if (/\p{Cs}/u.test(text)) return this.#fail(from, 'half of a surrogate pair');
    const room = Buffer.from(bytes.buffer, bytes.byteOffset + this.#scratch, layout.scratchEnd - this.#scratch);
    return this.#scratch + room.write(text);
  }

  #number(from: number, entry: Entry | null): number {
    const { bytes } = this.#run;
    let p = bytes[from] === MINUS ? from + 1 : from;
    if (bytes[p] === 0x49) return this.#literal(from, entry);
    const whole = p;
    p = this.#digits(p);
    if (p === whole || (bytes[whole] === 0x30 && p > whole + 1)) return this.#fail(p, 'an invalid number');
    if (bytes[p] === 0x2e) {
      const fraction = ++p;
      p = this.#digits(p);
      if (p === fraction) return this.#fail(p, 'an invalid number');
    }
    if ((bytes[p]! | 0x20) === 0x65) {
      p += bytes[p + 1] === MINUS || bytes[p + 1] === 0x2b ? 2 : 1;
      const exponent = p;
      p = this.#digits(p);
      if (p === exponent) return this.#fail(p, 'an invalid number');
    }
    return entry === null || this.#put(entry, NUMBER, from, p) >= 0 ? p : -1;
  }

  #digits(from: number): number {
    const { bytes } = this.#run;
    let p = from;
    while (bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    return p;
  }

  #literal(from: number, entry: Entry | null): number {
    const { bytes } = this.#run;
    for (const literal of literals) {
      const to = from + literal.bytes.length;
      if (bytes[from] !== literal.bytes[0] || !literal.bytes.every((byte, i) => bytes[from + i] === byte)) continue;
      return entry === null || this.#put(entry, literal.kind, from, to) >= 0 ? to : -1;
    }
    return this.#fail(from, 'no value');
  }

  #put(entry: Entry, kind: number, from: number, to: number): number {
    if (kind === NONE) return 0;
    const column = this.#keys!.columnOf(entry);
    if (typeof column === 'string') return this.#failFor(column, from, to);
    if (column < 0) return 0;
    const { kinds, starts, ends } = this.#cells;
    if (column >= this.#lastSeen.length) this.#lastSeen = grown(this.#lastSeen, column);
    if (this.#lastSeen[column] === this.#objectNumber) {
      this.reason = 'duplicate-column';
      this.found = `${JSON.stringify(entry.path)} twice`;
      return -1;
    }
    this.#lastSeen[column] = this.#objectNumber;
    kinds[column] = kind;
    starts[column] = from;
    ends[column] = to;
    return 0;
  }

  #blanks(from: number): number {
    const { bytes } = this.#run;
    let p = from;
    while (bytes[p] === 0x20 || bytes[p] === 0x09 || bytes[p] === 0x0d) p++;
    return p;
  }

  #failForLength(found: string): -1 {
    this.reason = 'ragged-row';
    this.found = found;
    return -1;
  }

  #failFor(reason: Reason, from: number, to: number): -1 {
    this.reason = reason;
    this.found = JSON.stringify(Buffer.from(this.#run.bytes.subarray(from, Math.min(to, from + 64))).toString());
    return -1;
  }

  #fail(at: number, found: string): -1 {
    this.reason = 'bad-json';
    this.found = `${found} at byte ${Math.min(at, this.#run.limit) - this.#run.at} of the line`;
    return -1;
  }
}

function grown(from: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(2 ** Math.ceil(Math.log2(index + 1)));
  to.set(from);
  return to;
}
