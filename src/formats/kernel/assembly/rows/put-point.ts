// Encodes one row as one point, with the same result as rows/encoder.ts. The plan of a table lists its tags and fields:
// which cell contains the value, and which type it has. Rows with a field of unknown type, with a new combination of
// columns, or with an error are left to the encoder in TypeScript.

import { isFalseWord, isTrueWord, mix, SPACE } from '../byte-marks';
import {
  BARE,
  BOOLEAN,
  CELLS,
  COLUMNS_AT,
  COLUMN_BYTES,
  DOUBLED,
  FALSE,
  FIELDS_END,
  FLOAT,
  INSTANT,
  INTEGER,
  MASK,
  MASK_BYTES,
  MAX_BYTES,
  NAME_AT,
  KEY_LENGTH,
  NAME_LENGTH,
  NEXT_PLAN,
  NONE,
  NULLS,
  NUMBER,
  PREFIX_AT,
  PREFIX_LENGTH,
  SHAPES_AT,
  SHAPE_SLOTS,
  STRING,
  TAGS_END,
  TEXT,
  TRUE,
  UNSIGNED,
} from './row-memory';
import { copy, putFloat, putInteger, putName } from './put-values';
import { maxKeyBytes, maxPointBytes, nameColumn, nullsEnd, outEnd, timeColumn } from './row-settings';
import { putString } from './put-string';
import { putNumber, putTime } from './put-time';

/** Size of the fixed part of a series key, bytes. The server indexes each series under its key. */
const KEY_BASE: usize = 7;
/** Number of bytes that each tag adds to the series key, in addition to the length of the tag's value. */
const KEY_PER_TAG: usize = 9;
/**
 * Number of slots that are searched for a shape. With only one slot, two shapes that need the same slot would replace
 * each other again and again. Each replaced shape costs one call of the encoder in TypeScript.
 */
const TRIED_SLOTS: u32 = 4;

let firstPlan: usize = 0;
let plan: usize = 0;
/** Shape number of the last point written. */
export let shape: u32 = 0;

/**
 * Sets the offset of the first plan in the linked list of plans; 0 if no plan exists. A plan states how to encode the
 * rows of one table.
 */
export function plans(first: u32): void {
  firstPlan = first;
  plan = first;
}

@inline
function cellOf(column: u32): usize {
  return CELLS + (usize(column) << 4);
}

function same(a: usize, b: usize, length: usize): bool {
  let n: usize = 0;
  for (; n + 8 <= length; n += 8) if (load<u64>(a + n) != load<u64>(b + n)) return false;
  for (; n < length; n++) if (load<u8>(a + n) != load<u8>(b + n)) return false;
  return true;
}

/** Tests whether the text is one of the words that stand for a missing value. */
export function isNull(from: usize, length: usize): bool {
  for (let word = NULLS; word < nullsEnd; ) {
    const size = usize(load<u32>(word));
    if (size == length && same(word + 4, from, size)) return true;
    word += 4 + size;
  }
  return false;
}

@inline
function isNone(cell: usize): bool {
  const kind = load<u32>(cell, 8);
  if (kind != BARE) return kind == NONE;
  const from = usize(load<u32>(cell));
  const to = usize(load<u32>(cell, 4));
  return from == to || (nullsEnd > NULLS && isNull(from, to - from));
}

/** Finds the plan of the table that the row names. Returns false if this table has no plan. */
function choose(): bool {
  const cell = cellOf(nameColumn);
  if (isNone(cell) || load<u32>(cell, 8) > TEXT) return false;
  const from = usize(load<u32>(cell));
  const length = usize(load<u32>(cell, 4)) - from;
  // Consecutive rows mostly name the same table. So the plan of the previous row is tried first.
  if (length == load<u32>(plan, NAME_LENGTH) && same(load<u32>(plan, NAME_AT), from, length)) return true;
  for (let other = firstPlan; other != 0; other = load<u32>(other, NEXT_PLAN)) {
    if (length != load<u32>(other, NAME_LENGTH) || !same(load<u32>(other, NAME_AT), from, length)) continue;
    plan = other;
    return true;
  }
  return false;
}

/**
 * Writes the point of the current row at `out`.
 * @returns the end of the point; 0 if the encoder in TypeScript must read the row
 */
export function point(out: usize, rowBytes: usize): usize {
  if (plan == 0 || (nameColumn >= 0 && !choose())) return 0;
  if (out + load<u32>(plan, MAX_BYTES) + 2 * rowBytes > outEnd) return 0;
  const tagsEnd = usize(load<u32>(plan, TAGS_END));
  const fieldsEnd = usize(load<u32>(plan, FIELDS_END));
  let column = usize(load<u32>(plan, COLUMNS_AT));
  let at = copy(out, load<u32>(plan, PREFIX_AT), load<u32>(plan, PREFIX_LENGTH));
  let key = KEY_BASE + load<u32>(plan, KEY_LENGTH);
  let maskAt = MASK;
  let bit: u32 = 1;
  let mask: u32 = 0;
  for (; column < tagsEnd; column += COLUMN_BYTES) {
    const cell = cellOf(load<u32>(column));
    const from = usize(load<u32>(cell));
    const to = usize(load<u32>(cell, 4));
    if (!isNone(cell) && from != to) {
      if (load<u32>(cell, 8) >= DOUBLED) return 0;
      at = putName(from, to, copy(at, load<u32>(column, 4), load<u32>(column, 8)));
      if (at == 0) return 0;
      key += KEY_PER_TAG + to - from;
      mask |= bit;
    }
    bit <<= 1;
    if (bit != 0) continue;
    store<u32>(maskAt, mask);
    maskAt += 4;
    mask = 0;
    bit = 1;
  }
  if (key > maxKeyBytes) return 0;
  const tagged = at;
  for (; column < fieldsEnd; column += COLUMN_BYTES) {
    const cell = cellOf(load<u32>(column));
    if (!isNone(cell)) {
      const valueAt = copy(at, load<u32>(column, 4), load<u32>(column, 8));
      if (at == tagged) store<u8>(at, SPACE);
      at = putValue(cell, load<u32>(column, 12), load<u32>(column, 16), valueAt);
      if (at == 0) return 0;
      mask |= bit;
    }
    bit <<= 1;
    if (bit != 0) continue;
    store<u32>(maskAt, mask);
    maskAt += 4;
    mask = 0;
    bit = 1;
  }
  store<u32>(maskAt, mask);
  if (at == tagged || timeColumn < 0) return 0;
  const time = cellOf(timeColumn);
  if (isNone(time) || load<u32>(time, 8) >= DOUBLED) return 0;
  store<u8>(at, SPACE);
  at =
    load<u32>(time, 8) == INSTANT
      ? putNumber(load<u32>(time), load<u32>(time, 4), at + 1)
      : putTime(load<u32>(time), load<u32>(time, 4), at + 1);
  if (at == 0 || at - out > maxPointBytes || !readShape()) return 0;
  return at;
}

function putValue(cell: usize, type: u32, level: u32, out: usize): usize {
  const from = usize(load<u32>(cell));
  const to = usize(load<u32>(cell, 4));
  const kind = load<u32>(cell, 8);
  if (type == STRING) return kind <= TEXT || kind >= DOUBLED ? putString(from, to, out, kind) : 0;
  if (kind == TEXT && (level == 0 || from == to || (nullsEnd > NULLS && isNull(from, to - from)))) return 0;
  if (type == BOOLEAN) {
    const isTrue = kind == TRUE || isTrueWord(from, to - from);
    if (!isTrue && kind != FALSE && !isFalseWord(from, to - from)) return 0;
    store<u8>(out, isTrue ? 0x74 : 0x66);
    return out + 1;
  }
  if (kind > NUMBER) return 0;
  if (type == FLOAT) return putFloat(from, to, out, level != 1);
  return type == INTEGER || type == UNSIGNED ? putInteger(from, to, out, type == UNSIGNED) : 0;
}

/**
 * Returns the slot of the shape with the columns of the current row. If the shape has no slot yet, returns the slot
 * that it may take: an empty slot, otherwise the first slot that was tried.
 */
function shapeSlot(): usize {
  const bytes = usize(load<u32>(plan, MASK_BYTES));
  let hash: u64 = 0;
  for (let n: usize = 0; n < bytes; n += 4) hash = mix(hash, u64(load<u32>(MASK + n)));
  const slots = usize(load<u32>(plan, SHAPES_AT));
  const first = u32(hash);
  for (let tried: u32 = 0; tried < TRIED_SLOTS; tried++) {
    const slot = slots + usize((first + tried) & (SHAPE_SLOTS - 1)) * (4 + bytes);
    if (load<u32>(slot) == 0 || same(slot + 4, MASK, bytes)) return slot;
  }
  return slots + usize(first & (SHAPE_SLOTS - 1)) * (4 + bytes);
}

function readShape(): bool {
  const slot = shapeSlot();
  const number = load<u32>(slot);
  if (number == 0 || !same(slot + 4, MASK, load<u32>(plan, MASK_BYTES))) return false;
  shape = number - 1;
  return true;
}

/**
 * Stores a shape number in the plan `planAt`, for the set of columns of the current row. The next row tries this plan
 * first.
 */
export function learn(planAt: u32, number: u32): void {
  plan = planAt;
  const slot = shapeSlot();
  store<u32>(slot, number + 1);
  memory.copy(slot + 4, MASK, load<u32>(plan, MASK_BYTES));
}
