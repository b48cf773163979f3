// Hashes points of line protocol. A point has one hash of its identity (table, tags and time), and one hash of its
// field values. The hash of the values is the sum of one hash for each field. So it depends neither on the order of the
// fields nor on their distribution over several lines. Equal values have equal hashes even if they are written
// differently: `1.0` and `1e0`, `t` and `true`, or `\=` and `=` in a tag.

import { BACKSLASH, COMMA, EQUALS, LF, MINUS, QUOTE, SMALL_I, SMALL_U, SPACE, ZERO } from '../../core/ascii.js';
import type { InputPrecision } from '../../core/types/index.js';
import { absorb, absorbWord, addTo, finish, finishIdentity, HASH_WORDS, seed } from './hash-128.js';

/** Each value is hashed together with the number of its type, so that `1` and `1i` have different hashes. */
const types = { float: 1, integer: 2, unsigned: 3, boolean: 4, string: 5 } as const;

/** Number of decimal digits for the fraction of a second in a timestamp, by precision. */
const fractionDigits = { ns: 9, us: 6, ms: 3, s: 0 } as const;
const powers = Array.from({ length: 23 }, (_, i) => 10 ** i);
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

/** Reads points of line protocol. After each call of `read`, its properties describe the point that was just read. */
export class PointHasher {
  /** Hash of table, tags and time. */
  readonly identity = new Int32Array(HASH_WORDS);
  /** Sum of the hashes of the field values. Each hash includes the hash of table, tags and time. */
  readonly values = new Int32Array(HASH_WORDS);
  count = 0;
  /** Time since 1970 as whole seconds and nanoseconds. */
  seconds = 0;
  nanos = 0;
  /** Start and end offset of the table name, which may contain escapes. */
  tableStart = 0;
  tableEnd = 0;
  readonly #fraction: number;
  readonly #hash = new Int32Array(HASH_WORDS);
  readonly #tags = new Int32Array(HASH_WORDS);
  #scratch = new Uint8Array(256);
  #escaped = false;

  /** @param precision unit of the timestamps */
  constructor(precision: InputPrecision) {
    this.#fraction = fractionDigits[precision];
  }

  /** Reads the point at `start` up to its LF, and returns the offset after the LF. The point must be valid. */
  read(bytes: Uint8Array, start: number): number {
    const fieldsAt = this.#series(bytes, start);
    const end = lineEnd(bytes, this.#fieldsEnd(bytes, fieldsAt));
    this.#time(bytes, end);
    finishIdentity(this.identity, this.#tags, this.seconds, this.nanos);
    this.#fields(bytes, fieldsAt);
    return end + 1;
  }

  /** Reads only table and time of a point, three times as fast as `read`. Returns the offset after the LF. */
  locate(bytes: Uint8Array, start: number): number {
    this.tableStart = start;
    let p = this.#nameEnd(bytes, start, COMMA, SPACE);
    this.tableEnd = p;
    while (bytes[p] === COMMA) p = this.#nameEnd(bytes, p + 1, COMMA, SPACE);
    while (bytes[p] === SPACE) p += 1;
    const end = lineEnd(bytes, this.#fieldsEnd(bytes, p));
    this.#time(bytes, end);
    return end + 1;
  }

  /** Tests whether two points have the same field values. Both points must have the same table, tags and time. */
  hasSameValues({ count, values }: PointHasher): boolean {
    return count === this.count && values.every((word, i) => word === this.values[i]);
  }

  /** Reads table and tags, and returns the offset of the first field. */
  #series(bytes: Uint8Array, start: number): number {
    const { identity } = this;
    const tags = this.#tags.fill(0);
    seed(identity);
    let p = this.#nameEnd(bytes, start, COMMA, SPACE);
    this.tableStart = start;
    this.tableEnd = p;
    this.#absorbName(identity, bytes, start, p);
    while (bytes[p] === COMMA) {
      const equals = this.#nameEnd(bytes, p + 1, EQUALS, EQUALS);
      seed(this.#hash);
      this.#absorbName(this.#hash, bytes, p + 1, equals);
      p = this.#nameEnd(bytes, equals + 1, COMMA, SPACE);
      // Skips a tag with an empty value. CnosDB stores the tag and other targets drop it, but queries treat an empty
      // tag like a missing tag.
      if (p === equals + 1) continue;
      this.#absorbName(this.#hash, bytes, equals + 1, p);
      finish(this.#hash);
      addTo(tags, this.#hash);
    }
    while (bytes[p] === SPACE) p += 1;
    return p;
  }

  #fields(bytes: Uint8Array, start: number): void {
    this.values.fill(0);
    this.count = 0;
    for (let p = start; ; p += 1) {
      const equals = this.#nameEnd(bytes, p, EQUALS, EQUALS);
      this.#hash.set(this.identity);
      this.#absorbName(this.#hash, bytes, p, equals);
      p = this.#absorbValue(bytes, equals + 1);
      finish(this.#hash);
      addTo(this.values, this.#hash);
      this.count += 1;
      if (bytes[p] !== COMMA) return;
    }
  }

  /** Returns the offset after the last field. */
  #fieldsEnd(bytes: Uint8Array, start: number): number {
    for (let p = start; ; p += 1) {
      const value = this.#nameEnd(bytes, p, EQUALS, EQUALS) + 1;
      p = bytes[value] === QUOTE ? stringEnd(bytes, value) + 1 : plainEnd(bytes, value);
      if (bytes[p] !== COMMA) return p;
    }
  }

  #time(bytes: Uint8Array, lf: number): void {
    let end = lf;
    while (bytes[end - 1] === SPACE) end -= 1;
    let seconds = 0;
    let nanos = 0;
    let start = end;
    let scale = powers[9 - this.#fraction]!;
    for (let digit = 0; ; digit += 1) {
      const value = bytes[start - 1]! - ZERO;
      if (value < 0 || value > 9) break;
      if (digit === this.#fraction) scale = 1;
      if (digit < this.#fraction) nanos += value * scale;
      else seconds += value * scale;
      scale *= 10;
      start -= 1;
    }
    const negative = bytes[start - 1] === MINUS;
    this.seconds = negative ? -seconds - (nanos > 0 ? 1 : 0) : seconds;
    this.nanos = negative && nanos > 0 ? 1_000_000_000 - nanos : nanos;
  }

  #nameEnd(bytes: Uint8Array, from: number, stop: number, other: number): number {
    let p = from;
    this.#escaped = false;
    for (;;) {
      const byte = bytes[p];
      if (byte === stop || byte === other || byte === undefined) return p;
      if (byte === BACKSLASH) this.#escaped = true;
      p += byte === BACKSLASH ? 2 : 1;
    }
  }

  /** Adds to the hash the name that `#nameEnd` found last. `#nameEnd` has recorded whether the name has escapes. */
  #absorbName(hash: Int32Array, bytes: Uint8Array, from: number, to: number): void {
    if (this.#escaped) this.#absorbUnescaped(hash, bytes, from, to, isNameEscape);
    else absorb(hash, bytes, from, to);
  }

  /** Adds a value to the hash. Returns the offset after the value. */
  #absorbValue(bytes: Uint8Array, from: number): number {
    const first = bytes[from]!;
    if (first === QUOTE) {
      const end = stringEnd(bytes, from);
      absorbWord(this.#hash, types.string);
      this.#absorbUnescaped(this.#hash, bytes, from + 1, end, isStringEscape);
      return end + 1;
    }
    const end = plainEnd(bytes, from);
    const last = bytes[end - 1];
    if (last === SMALL_I || last === SMALL_U) this.#absorbWhole(bytes, from, end - 1, last);
    else if ((first | 0x20) === 0x74 || (first | 0x20) === 0x66) {
      absorbWord(this.#hash, types.boolean);
      absorbWord(this.#hash, (first | 0x20) === 0x74 ? 1 : 0);
    } else {
      double[0] = floatOf(bytes, from, end);
      absorbWord(this.#hash, types.float);
      absorbWord(this.#hash, doubleWords[0]!);
      absorbWord(this.#hash, doubleWords[1]!);
    }
    return end;
  }

  /** Adds an integer to the hash: its type, its sign, and its digits without leading zeros. */
  #absorbWhole(bytes: Uint8Array, from: number, to: number, suffix: number): void {
    const negative = bytes[from] === MINUS;
    let p = negative ? from + 1 : from;
    while (p < to - 1 && bytes[p] === ZERO) p += 1;
    absorbWord(this.#hash, suffix === SMALL_I ? types.integer : types.unsigned);
    absorbWord(this.#hash, negative && bytes[p] !== ZERO ? 1 : 0);
    absorb(this.#hash, bytes, p, to);
  }

  #absorbUnescaped(
    hash: Int32Array,
    bytes: Uint8Array,
    from: number,
    to: number,
    isEscape: (byte: number | undefined) => boolean,
  ): void {
    if (this.#scratch.length < to - from) this.#scratch = new Uint8Array(2 * (to - from));
    let length = 0;
    for (let p = from; p < to; p += 1) {
      if (bytes[p] === BACKSLASH && p + 1 < to && isEscape(bytes[p + 1])) p += 1;
      this.#scratch[length++] = bytes[p]!;
    }
    absorb(hash, this.#scratch, 0, length);
  }
}

function isNameEscape(byte: number | undefined): boolean {
  return byte === COMMA || byte === EQUALS || byte === SPACE;
}

function isStringEscape(byte: number | undefined): boolean {
  return byte === QUOTE || byte === BACKSLASH;
}

/** Returns the offset of the next LF, or of the end of the bytes. */
function lineEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end < 0 ? bytes.length : end;
}

/** Returns the offset of the quote that closes the string at `from`. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let p = from + 1;
  while (p < bytes.length && bytes[p] !== QUOTE) p += bytes[p] === BACKSLASH ? 2 : 1;
  return p;
}

/** Returns the offset after a value that is not a string. */
function plainEnd(bytes: Uint8Array, from: number): number {
  let p = from;
  while (p < bytes.length && bytes[p] !== COMMA && bytes[p] !== SPACE && bytes[p] !== LF) p += 1;
  return p;
}

/**
 * Parses a decimal number exactly. A number of up to 15 digits without an exponent needs only one division, which is
 * rounded correctly.
 */
function floatOf(bytes: Uint8Array, from: number, to: number): number {
  const negative = bytes[from] === MINUS;
  let digits = 0;
  let fraction = -1;
  let value = 0;
  for (let p = negative ? from + 1 : from; p < to; p += 1) {
    const byte = bytes[p]!;
    if (byte === 0x2e && fraction < 0) fraction = 0;
    else if (byte >= ZERO && byte <= 0x39 && digits < 15) {
      value = value * 10 + byte - ZERO;
      digits += value === 0 ? 0 : 1;
      if (fraction >= 0) fraction += 1;
    } else return Number(Buffer.from(bytes.subarray(from, to)).toString('latin1'));
  }
  if (fraction > 22) return Number(Buffer.from(bytes.subarray(from, to)).toString('latin1'));
  const size = fraction > 0 ? value / powers[fraction]! : value;
  return negative ? -size : size;
}
