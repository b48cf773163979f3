// Splits rows of CSV and TSV into cells and encodes them as points. Leaves rows with a wrong number of cells,
// empty lines and incomplete rows to the encoder in TypeScript.

import { CR, LF, QUOTE, SPACE } from '../byte-marks';
import { copy } from './put-values';
import { BARE, CELLS, DOUBLED, JOINED, TEXT } from './row-memory';
import { maxPointBytes } from './row-settings';
import { addRow, beginRun, saveState } from './take-rows';

/**
 * Largest number of bytes in which the end of a quoted cell is searched. Without this limit, every row after an
 * unclosed quote would cause a search to the end of the input.
 */
const MAX_QUOTE: usize = 16_384;
const BLOCK: usize = 64;
/** Largest total length of a date and a time of day, bytes. */
const MAX_JOINED: u32 = 62;

let columns: usize = 0;
let delimiter: u32 = 0;
let quote: u32 = 0;
let escape: u32 = 0;
/** Column numbers of the date and of the time of day; -1 if one column contains the whole time. */
let dateColumn: i32 = -1;
let clockColumn: i32 = -1;
let newlines: u32 = 0;
/** Offset of the block of 64 input bytes that was searched last for delimiters and LFs. */
let nextBlock: usize = 0;
/** Mask of the block at `nextBlock`. A bit is set for each delimiter and LF that lies after the previous row. */
let nextMarks: u64 = 0;

/**
 * Sets the dialect. `quoteByte` or `escapeByte` above 255 means that the dialect has no quote or escape. `date` and
 * `clock` are the column numbers of date and time of day; -1 if one column contains the whole time.
 */
export function dialect(cells: u32, delimiterByte: u32, quoteByte: u32, escapeByte: u32, date: i32, clock: i32): void {
  columns = cells;
  delimiter = delimiterByte;
  quote = quoteByte;
  escape = escapeByte;
  dateColumn = date;
  clockColumn = clock;
}

/** Joins date and time of day in an additional cell. Returns false if the encoder in TypeScript must read the row. */
function joinTime(): bool {
  const date = CELLS + (usize(dateColumn) << 4);
  const clock = CELLS + (usize(clockColumn) << 4);
  const dateLength = load<u32>(date, 4) - load<u32>(date);
  const clockLength = load<u32>(clock, 4) - load<u32>(clock);
  if (load<u32>(date, 8) > TEXT || load<u32>(clock, 8) > TEXT || dateLength + clockLength > MAX_JOINED) return false;
  const blank = copy(JOINED, load<u32>(date), dateLength);
  store<u8>(blank, SPACE);
  const cell = CELLS + (columns << 4);
  store<u32>(cell, u32(JOINED));
  store<u32>(cell, u32(copy(blank + 1, load<u32>(clock), clockLength)), 4);
  store<u32>(cell, TEXT, 8);
  return true;
}

/**
 * Returns the offset of the first `byte` or LF at or after `from`. The search ends at the latest at the LF after the
 * input bytes in memory.
 */
@inline
function find(from: usize, byte: u32): usize {
  const wanted = v128.splat<u8>(u8(byte));
  const feeds = v128.splat<u8>(u8(LF));
  let p = from;
  while (true) {
    const v = v128.load(p);
    const bits = v128.bitmask<i8>(v128.or(v128.eq<i8>(v, wanted), v128.eq<i8>(v, feeds)));
    if (bits != 0) return p + usize(ctz(bits));
    p += 16;
  }
}

/**
 * Reads the quoted cell whose opening quote is at `open`.
 * @returns the offset after the cell; 0 if the encoder in TypeScript must read the row
 */
function quoted(open: usize, cell: usize, limit: usize): usize {
  let kind = TEXT;
  let p = find(open + 1, quote);
  while (load<u8>(p) == LF || load<u8>(p, 1) == quote) {
    if (p + 1 >= limit || p - open > MAX_QUOTE) return 0;
    if (load<u8>(p) == LF) {
      newlines++;
      p = find(p + 1, quote);
    } else {
      kind = DOUBLED;
      p = find(p + 2, quote);
    }
  }
  if (kind == DOUBLED && quote != QUOTE) return 0;
  store<u32>(cell, u32(open + 1));
  store<u32>(cell, u32(p), 4);
  store<u32>(cell, kind, 8);
  const after = u32(load<u8>(p, 1));
  if (after == delimiter || after == LF) return p + 1;
  return after == CR && load<u8>(p, 2) == LF ? p + 2 : 0;
}

/** Returns a mask of the 64 bytes at `p`: a bit for each delimiter and LF. */
function marksIn(p: usize): u64 {
  const delimiters = v128.splat<u8>(u8(delimiter));
  const feeds = v128.splat<u8>(u8(LF));
  let bits: u64 = 0;
  for (let n: usize = 0; n < BLOCK; n += 16) {
    const v = v128.load(p + n);
    bits |= u64(u32(v128.bitmask<i8>(v128.or(v128.eq<i8>(v, delimiters), v128.eq<i8>(v, feeds))))) << n;
  }
  return bits;
}

/**
 * Splits the row at `start` into cells.
 * @returns the offset of the row's LF; 0 if the encoder in TypeScript must read the row
 */
function split(start: usize, limit: usize): usize {
  const last = CELLS + (columns << 4);
  let block = nextBlock;
  let marks = nextMarks;
  let p = start;
  newlines = 0;
  for (let cell = CELLS; cell < last; cell += 16) {
    if (load<u8>(p) == quote) {
      p = quoted(p, cell, limit);
      if (p == 0) return 0;
      for (; p - block >= BLOCK; marks = marksIn(block)) block += BLOCK;
      marks &= u64(-2) << (p - block);
    } else {
      for (; marks == 0; marks = marksIn(block)) block += BLOCK;
      const from = p;
      p = block + usize(ctz(marks));
      marks &= marks - 1;
      store<u32>(cell, u32(from));
      store<u32>(cell, u32(p), 4);
      store<u32>(cell, BARE, 8);
    }
    if (load<u8>(p) != LF) {
      p++;
      continue;
    }
    const end = usize(load<u32>(cell, 4));
    if (end == p && p > load<u32>(cell) && load<u8>(p - 1) == CR) store<u32>(cell, u32(p - 1), 4);
    if (cell + 16 != last || p >= limit || p - start > maxPointBytes) return 0;
    nextBlock = block;
    nextMarks = marks;
    return escape < 256 && find(start, escape) < p ? 0 : p;
  }
  return 0;
}

/**
 * Encodes common rows from `at`, the start of a row, while there is room for their entries and points.
 * @returns the start of the row at which the fast path stopped
 */
export function csv(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  beginRun(entry, entriesEnd);
  nextBlock = at;
  nextMarks = marksIn(at);
  let p = at;
  while (p < limit) {
    const first = load<u8>(p);
    if (first == LF || first == CR) break;
    const end = split(p, limit);
    if (end == 0 || (dateColumn >= 0 && !joinTime()) || !addRow(p, end, newlines + 1)) break;
    p = end + 1;
  }
  saveState();
  return p;
}
