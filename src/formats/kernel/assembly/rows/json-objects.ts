// Parses objects of NDJSON into the cells of the current row. Expects the keys of earlier objects in the same order.
// Leaves objects with lists, objects with unknown keys, and invalid JSON to the encoder in TypeScript.

import { COMMA, CR, DOT, LF, MINUS, QUOTE, SPACE } from '../byte-marks';
import { digitMask } from '../digits';
import { BACKSLASH, CELLS, COLON, ESCAPED, FALSE, NONE, NULLS, NUMBER, TEXT, TRUE } from './row-memory';
import { isNull } from './put-point';
import { firstBits } from './put-values';
import { maxPointBytes, nullsEnd } from './row-settings';
import { addRow, beginRun, saveState } from './take-rows';

// Offsets of the five 32-bit words that describe a key.
/** Offset of the word with the address of the key's bytes. */
const KEY_AT: usize = 0;
const KEY_LENGTH: usize = 4;
/** Offset of the word with the column number of the key's values. */
const COLUMN: usize = 8;
/**
 * Offset of the word with the address of the first key in the object that is this key's value; 0 if no object was seen.
 */
const MEMBERS: usize = 12;
/** Offset of the word with the address after the last key in the object that is this key's value. */
const MEMBERS_END: usize = 16;
const KEY_BYTES: usize = 20;
/**
 * A search compares at most 32 keys from the expected key on, then at most 32 keys from the first key on. With more
 * keys, the encoder in TypeScript is faster, because it has an index.
 */
const MAX_TRIED: usize = 32 * KEY_BYTES;
/**
 * Column number of a key whose values are ignored. Any other negative number means that the column is not known yet.
 */
const NOWHERE: i32 = -1;

const TAB: u32 = 0x09;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

let members: usize = 0;
let membersEnd: usize = 0;
let columns: usize = 0;

/** Sets the memory range [first, end) of the keys of the outermost object, and the number of columns. */
export function keys(first: u32, end: u32, cells: u32): void {
  members = first;
  membersEnd = end;
  columns = cells;
}

@inline
function blanks(from: usize): usize {
  let p = from;
  let byte = u32(load<u8>(p));
  while (byte == SPACE || byte == TAB || byte == CR) byte = load<u8>(++p);
  return p;
}

/**
 * Tests whether the bytes at `from` are the key `key` and a quote. A key never contains an LF, so the LF after the
 * input bytes in memory ends the comparison at the latest.
 */
@inline
function isKey(key: usize, from: usize): bool {
  const length = usize(load<u32>(key, KEY_LENGTH));
  const at = usize(load<u32>(key, KEY_AT));
  for (let n: usize = 0; n < length; n += 16) {
    const differs = v128.bitmask<i8>(v128.ne<i8>(v128.load(at + n), v128.load(from + n)));
    if (firstBits(differs, length - n) != 0) return false;
  }
  return load<u8>(from + length) == QUOTE;
}

/** Returns the known key whose bytes begin at `from`; 0 for an unknown key. Tries the key `expected` first. */
function keyAt(from: usize, expected: usize, first: usize, end: usize): usize {
  for (let key = expected; key < min(end, expected + MAX_TRIED); key += KEY_BYTES) if (isKey(key, from)) return key;
  for (let key = first; key < min(expected, first + MAX_TRIED); key += KEY_BYTES) if (isKey(key, from)) return key;
  return 0;
}

/**
 * Sets the cell of a value. Returns false if the encoder in TypeScript must read the row: the key's column is not
 * known, or the row already has a value for this column.
 */
@inline
function put(key: usize, from: usize, to: usize, kind: u32): bool {
  const column = load<i32>(key, COLUMN);
  if (column < 0) return column == NOWHERE;
  const cell = CELLS + (usize(column) << 4);
  if (load<u32>(cell, 8) != NONE) return false;
  store<u32>(cell, u32(from));
  store<u32>(cell, u32(to), 4);
  store<u32>(cell, kind, 8);
  return true;
}

/**
 * Parses the object that opens at `open`. @returns the end of the object; 0 if the encoder in TypeScript must read the
 * row
 */
function object(open: usize, first: usize, end: usize): usize {
  let expected = first;
  let p = blanks(open + 1);
  if (load<u8>(p) == CLOSE) return p + 1;
  while (load<u8>(p) == QUOTE) {
    const key = keyAt(p + 1, expected, first, end);
    if (key == 0) return 0;
    expected = key + KEY_BYTES;
    p += 2 + load<u32>(key, KEY_LENGTH);
    if (load<u8>(p) != COLON) p = blanks(p);
    if (load<u8>(p) != COLON) return 0;
    p = value(blanks(p + 1), key);
    if (p == 0) return 0;
    p = blanks(p);
    const byte = u32(load<u8>(p));
    if (byte == CLOSE) return p + 1;
    if (byte != COMMA) return 0;
    p = blanks(p + 1);
  }
  return 0;
}

function value(p: usize, key: usize): usize {
  const byte = u32(load<u8>(p));
  if (byte == QUOTE) return text(p + 1, key);
  if (byte == MINUS || byte - 0x30 <= 9) return number(p, key);
  if (byte != OPEN) return word(p, key);
  const first = usize(load<u32>(key, MEMBERS));
  return first == 0 ? 0 : object(p, first, load<u32>(key, MEMBERS_END));
}

function text(from: usize, key: usize): usize {
  let kind = TEXT;
  let p = plainEnd(from);
  while (load<u8>(p) == BACKSLASH) {
    if (load<u8>(p, 1) == LF) return 0;
    kind = ESCAPED;
    p = plainEnd(p + 2);
  }
  // Escapes are validated only when a string is written, but an ignored string is not written. So the encoder in
  // TypeScript must read an ignored string with escapes.
  if (load<u8>(p) != QUOTE || (kind == ESCAPED && load<i32>(key, COLUMN) < 0)) return 0;
  if (nullsEnd > NULLS) {
    if (kind == ESCAPED) return 0;
    if (isNull(from, p - from)) return p + 1;
  }
  return put(key, from, p, kind) ? p + 1 : 0;
}

/**
 * Returns the offset of the first quote, backslash or control character at or after `from`. The LF after the input
 * bytes in memory ends every search.
 */
@inline
function plainEnd(from: usize): usize {
  let p = from;
  while (true) {
    const v = v128.load(p);
    const marks = v128.or(v128.eq<i8>(v, v128.splat<u8>(u8(QUOTE))), v128.eq<i8>(v, v128.splat<u8>(u8(BACKSLASH))));
    const bits = v128.bitmask<i8>(v128.or(v128.lt<u8>(v, v128.splat<u8>(0x20)), marks));
    if (bits != 0) return p + usize(ctz(bits));
    p += 16;
  }
}

@inline
function digits(from: usize): usize {
  const run = usize(ctz(~digitMask(from)));
  if (run < 16) return from + run;
  let p = from + 16;
  while (u32(load<u8>(p)) - 0x30 <= 9) p++;
  return p;
}

function number(from: usize, key: usize): usize {
  const whole = from + usize(load<u8>(from) == MINUS);
  let p = digits(whole);
  if (p == whole || (load<u8>(whole) == 0x30 && p > whole + 1)) return 0;
  if (load<u8>(p) == DOT) {
    const fraction = p + 1;
    p = digits(fraction);
    if (p == fraction) return 0;
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    const sign = u32(load<u8>(p, 1));
    const exponent = p + (sign == MINUS || sign == 0x2b ? 2 : 1);
    p = digits(exponent);
    if (p == exponent) return 0;
  }
  return put(key, from, p, NUMBER) ? p : 0;
}

function word(p: usize, key: usize): usize {
  const head = load<u32>(p);
  if (head == 0x65757274) return put(key, p, p + 4, TRUE) ? p + 4 : 0;
  if (head == 0x6c6c756e) return p + 4;
  return head == 0x736c6166 && load<u8>(p, 4) == 0x65 && put(key, p, p + 5, FALSE) ? p + 5 : 0;
}

/** Encodes objects, one per line. Parameters and result are the same as for `csv`. */
export function ndjson(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  beginRun(entry, entriesEnd);
  const cellsEnd = CELLS + (columns << 4);
  let p = at;
  while (p < limit) {
    const start = blanks(p);
    if (load<u8>(start) != OPEN) break;
    for (let cell = CELLS; cell < cellsEnd; cell += 16) store<u32>(cell, NONE, 8);
    let end = object(start, members, membersEnd);
    if (end == 0) break;
    end = blanks(end);
    if (load<u8>(end) != LF || end >= limit || end - p > maxPointBytes || !addRow(p, end, 1)) break;
    p = end + 1;
  }
  saveState();
  return p;
}
