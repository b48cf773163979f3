// Encodes rows of Parquet columns as points. Also writes each row as JSON, because this text becomes the dead letter if
// the row is rejected. Leaves some rows to the encoder in TypeScript: rows with numbers that are not finite, rows with
// rejected entries, and rows longer than --max-point-bytes.

import { LF, QUOTE } from '../../byte-marks';
import { putDouble, putSigned, putWhole, setPowers } from './put-double';
import { copy } from '../put-values';
import { BACKSLASH, CELLS, FALSE, NONE, TRUE } from '../row-memory';
import { maxPointBytes } from '../row-settings';
import { addRow, beginRun, saveState } from '../take-rows';
import {
  CELL,
  CELL_KIND,
  DESCRIPTOR_BYTES,
  ENDS,
  ENTRIES,
  ENTRY_WORDS,
  FLAGS,
  FLOAT32,
  FLOAT64,
  INDEXES,
  INT32,
  INT64,
  KEY_AT,
  KEY_LENGTH,
  LEVELS,
  MAX_LEVEL,
  NEXT_VALUE,
  REJECTED,
  STARTS,
  STORAGE,
  TEXTS,
  UINT64,
  VALUES,
  ZEROS,
} from './column-memory';

const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;
const COMMA: u32 = 0x2c;
const ZERO: u32 = 0x30;
/**
 * Largest size of a number and the comma after it, bytes. This size also covers the quotes and the comma of a text.
 */
const MAX_NUMBER: usize = 48;
/** Largest number of bytes in JSON for one byte of text: 0x01 becomes `\u0001`. */
const MAX_ESCAPE: usize = 6;
/** Result if the encoder in TypeScript must read the row. */
const NOT_HERE: usize = 0;

let first: usize = 0;
let last: usize = 0;
let cellsEnd: usize = 0;
let row: u32 = 0;
let rows: u32 = 0;

/**
 * Sets the memory range [from, to) that contains the column descriptors. Also sets the number of cells of a row, and
 * the address of the table with the powers of ten.
 */
export function columns(from: u32, to: u32, cells: u32, powers: u32): void {
  first = from;
  last = to;
  cellsEnd = CELLS + (cells << 4);
  setPowers(powers);
}

/** Sets the number of rows in the block, and the index of the next row to encode. */
export function block(count: u32, next: u32): void {
  rows = count;
  row = next;
}

@inline
function setCell(column: usize, from: usize, to: usize, kind: u32): void {
  const cell = CELLS + (usize(load<u32>(column, CELL)) << 4);
  store<u32>(cell, u32(from));
  store<u32>(cell, u32(to), 4);
  store<u32>(cell, kind, 8);
}

@inline
function isPresent(column: usize): bool {
  const levels = usize(load<u32>(column, LEVELS));
  return levels == 0 || load<u8>(levels + row) == load<u32>(column, MAX_LEVEL);
}

/**
 * Writes the text `"name":value,` at `out` and sets the cell of the column.
 * @returns the end of this text; NOT_HERE if the encoder in TypeScript must read the row
 */
function putColumn(column: usize, value: usize, out: usize, limit: usize): usize {
  const storage = load<u32>(column, STORAGE);
  const values = usize(load<u32>(column, VALUES));
  if (storage == ENTRIES) return putEntry(column, values, value, out, limit);
  const length = usize(load<u32>(column, KEY_LENGTH));
  if (out + length + MAX_NUMBER > limit) return NOT_HERE;
  const at = copy(out, load<u32>(column, KEY_AT), length);
  if (storage == TEXTS) return putText(column, values, value, at, limit);
  let kind = load<u32>(column, CELL_KIND);
  let end = at;
  if (storage == FLOAT64 || storage == FLOAT32) {
    const number = storage == FLOAT64 ? load<f64>(values + (value << 3)) : f64(load<f32>(values + (value << 2)));
    if (!(abs(number) < Infinity)) return NOT_HERE;
    end = putDouble(number, at);
  } else if (storage == INT64) {
    const number = load<i64>(values + (value << 3));
    end = putSigned(number, at);
    if (number != 0) for (let i = load<u32>(column, ZEROS); i > 0; i--) store<u8>(end++, ZERO);
  } else if (storage == INT32) end = putSigned(i64(load<i32>(values + (value << 2))), at);
  else if (storage == FLAGS) {
    const isTrue = load<u8>(values + value) == 1;
    store<u32>(at, isTrue ? 0x65757274 : 0x736c6166);
    store<u8>(at, 0x65, 4);
    if (kind == TRUE && !isTrue) kind = FALSE;
    end = at + (isTrue ? 4 : 5);
  } else end = putWhole(storage == UINT64 ? load<u64>(values + (value << 3)) : load<u32>(values + (value << 2)), at);
  setCell(column, at, end, kind);
  store<u8>(end, COMMA);
  return end + 1;
}

@inline
function putEntry(column: usize, entries: usize, value: usize, out: usize, limit: usize): usize {
  const indexes = usize(load<u32>(column, INDEXES));
  const number = indexes == 0 ? value : usize(load<u32>(indexes + (value << 2)));
  const entry = entries + number * usize(ENTRY_WORDS << 2);
  const length = usize(load<u32>(entry, 4));
  const kind = load<u32>(entry, 16);
  if (kind == REJECTED || out + length > limit) return NOT_HERE;
  setCell(column, load<u32>(entry, 8), load<u32>(entry, 12), kind);
  return copy(out, load<u32>(entry), length);
}

@inline
function putText(column: usize, bytes: usize, value: usize, out: usize, limit: usize): usize {
  const from = bytes + usize(load<u32>(usize(load<u32>(column, STARTS)) + (value << 2)));
  const to = bytes + usize(load<u32>(usize(load<u32>(column, ENDS)) + (value << 2)));
  if (out + MAX_ESCAPE * (to - from) + MAX_NUMBER > limit) return NOT_HERE;
  setCell(column, from, to, load<u32>(column, CELL_KIND));
  store<u8>(out, QUOTE);
  const end = putJson(from, to, out + 1);
  store<u8>(end, QUOTE);
  store<u8>(end, COMMA, 1);
  return end + 2;
}

/** Writes the text [from, to) at `out`, escaped as in JSON. @returns the end of the written text */
function putJson(from: usize, to: usize, out: usize): usize {
  let p = from;
  let o = out;
  while (p < to) {
    const v = v128.load(p);
    v128.store(o, v);
    const marks = v128.or(v128.eq<i8>(v, v128.splat<u8>(u8(QUOTE))), v128.eq<i8>(v, v128.splat<u8>(u8(BACKSLASH))));
    const bits = v128.bitmask<i8>(v128.or(v128.lt<u8>(v, v128.splat<u8>(0x20)), marks));
    const plain = min<usize>(min<usize>(usize(ctz(bits)), 16), to - p);
    p += plain;
    o += plain;
    if (plain == 16 || p == to) continue;
    o = putEscape(u32(load<u8>(p)), o);
    p++;
  }
  return o;
}

function putEscape(byte: u32, out: usize): usize {
  store<u8>(out, BACKSLASH);
  const letter: u32 =
    byte == QUOTE || byte == BACKSLASH
      ? byte
      : byte == 0x08
        ? 0x62
        : byte == 0x09
          ? 0x74
          : byte == LF
            ? 0x6e
            : byte == 0x0c
              ? 0x66
              : byte == 0x0d
                ? 0x72
                : 0;
  if (letter != 0) {
    store<u8>(out, letter, 1);
    return out + 2;
  }
  const low = byte & 15;
  store<u32>(out, 0x30307500 | BACKSLASH);
  store<u8>(out, ZERO + (byte >> 4), 4);
  store<u8>(out, low + (low < 10 ? ZERO : 0x57), 5);
  return out + 6;
}

/**
 * Moves the read positions of the columns before `end` back by one value, because the current row was not accepted.
 */
function putBack(end: usize): void {
  for (let column = first; column < end; column += DESCRIPTOR_BYTES)
    if (isPresent(column)) store<u32>(column, load<u32>(column, NEXT_VALUE) - 1, NEXT_VALUE);
}

/**
 * Writes the current row as JSON at `start`.
 * @returns the end of the row; NOT_HERE if the encoder in TypeScript must read the row
 */
function putRow(start: usize): usize {
  const limit = start + maxPointBytes;
  for (let cell = CELLS; cell < cellsEnd; cell += 16) store<u32>(cell, NONE, 8);
  store<u8>(start, OPEN);
  let p = start + 1;
  for (let column = first; column < last; column += DESCRIPTOR_BYTES) {
    if (!isPresent(column)) continue;
    const value = load<u32>(column, NEXT_VALUE);
    p = putColumn(column, value, p, limit);
    if (p == NOT_HERE) {
      putBack(column);
      return NOT_HERE;
    }
    store<u32>(column, value + 1, NEXT_VALUE);
  }
  // The closing brace replaces the comma after the last value. A row without values has no such comma.
  const end = p == start + 1 ? p + 1 : p;
  store<u8>(end - 1, CLOSE);
  return end;
}

/**
 * Encodes common rows of the block, and writes them as JSON from `at` on. No row begins after `limit`.
 * @returns the offset at which the next row must be written
 */
export function parquet(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  beginRun(entry, entriesEnd);
  let p = at;
  while (row < rows && p <= limit) {
    const end = putRow(p);
    if (end == NOT_HERE) break;
    if (!addRow(p, end, 1)) {
      putBack(last);
      break;
    }
    store<u8>(end, LF);
    p = end + 1;
    row++;
  }
  saveState();
  return p;
}
