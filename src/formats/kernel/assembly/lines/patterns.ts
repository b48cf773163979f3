// Patterns of earlier lines. A pattern stores the names of a line and the types of its values. It also stores which
// pattern the next line probably has (the expected pattern). A line that matches the expected pattern needs no walk
// along the list of structural bytes.

import { COMMA, CR, LF, QUOTE, SPACE } from '../byte-marks';
import { digitMask, wholeNumber } from '../digits';
import { enter } from '../entry';
import { PATTERNS, STRING } from './line-memory';
import { maxPointBytes, timeLimit } from './line-settings';
import { cursor, endingFrom, structuralFrom } from './structural';
import { plainKind } from './plain-values';

/** Size of a pattern in bytes: a header, one part for the measurement, and one part for each tag and each field. */
const PATTERN_BYTES: usize = 2048;
const PATTERNS_MASK: u32 = 15;
// Offsets of the 32-bit words in the header of a pattern.
/** Offset of the word with the number of the shape (table and columns) plus 1. The word is 0 if no line is stored. */
const NUMBER: usize = 0;
/** Offset of the word with the address at which the parts of the tags end. */
const TAGS_END: usize = 4;
/** Offset of the word with the address at which the parts of the fields end. */
const FIELDS_END: usize = 8;
/**
 * Offset of the word with a number of bytes. The series key exceeds the text of measurement and tags by at most this
 * number.
 */
const KEY_EXTRA: usize = 12;
/** Offset of the word with the address of a pattern: the one that the line after this line is expected to have. */
const NEXT: usize = 16;
/** Offset of a flag: 1 if the pattern in NEXT was wrong the last time; otherwise 0. */
const DOUBT: usize = 20;
/**
 * Offset of a counter that protects the pattern. A line of another shape that needs the same slot lowers the counter.
 * If the counter is 0, such a line replaces the pattern.
 */
const STAY: usize = 24;
/** Offset of the first part within the pattern. */
const FIRST: usize = 32;
// A part begins with up to 31 bytes: a name, and the separator after the name. Four 32-bit words follow, at these
// offsets within the part.
/** Offset of the word with a mask. One bit is set for each byte of name and separator. */
const MASK: usize = 32;
/** Offset of the word with the number of bytes of name and separator. */
const LENGTH: usize = 36;
/** Offset of the word with the kind of the value. The word is 0 for the measurement and for tags. */
const KIND: usize = 40;
/** Offset of the word with the byte that ends the value, such as a comma. The word is 0 for the measurement. */
const ENDED_BY: usize = 44;
const PART_BYTES: usize = 48;
const MAX_STAY: u32 = 8;
/** One misprediction costs as much as sixteen correct predictions save. */
const LOSS: i32 = 16;
const MAX_TRUST: i32 = 64;

/** Offset of the previous line's pattern; 0 if no pattern is known. */
let latest: usize = 0;
/** Offset of the pattern that the next line is expected to match; 0 if no pattern is expected. */
let expected: usize = 0;
/** The next line is compared with the expected pattern only while this number is positive. */
let trust: i32 = 0;

/** Stores the bytes before a value as a part of a pattern. Returns false if there are more than 31 bytes. */
@inline
function storePart(part: usize, from: usize, to: usize, kind: u32, endedBy: u32): bool {
  const length = u32(to - from);
  if (length > 31) return false;
  v128.store(part, v128.load(from));
  v128.store(part, v128.load(from, 16), 16);
  store<u32>(part, (u32(1) << length) - 1, MASK);
  store<u32>(part, length, LENGTH);
  store<u32>(part, kind, KIND);
  store<u32>(part, endedBy, ENDED_BY);
  return true;
}

/**
 * Stores the valid line at `start` as a pattern. The list cursor is at the first structural byte of the line. Returns
 * false if the line has no timestamp, a part has more than 31 bytes, or the line has too many parts.
 */
function learn(pattern: usize, start: usize): bool {
  const last = pattern + PATTERN_BYTES - PART_BYTES;
  let part = pattern + FIRST;
  let i = cursor;
  let q = usize(load<u32>(i));
  let byte = u32(load<u8>(q));
  if (!storePart(part, start, q + 1, 0, 0)) return false;
  part += PART_BYTES;
  while (byte == COMMA) {
    const keyAt = q + 1;
    const valueAt = usize(load<u32>(i, 4)) + 1;
    i += 8;
    q = load<u32>(i);
    byte = load<u8>(q);
    if (part > last || !storePart(part, keyAt, valueAt, 0, byte)) return false;
    part += PART_BYTES;
  }
  store<u32>(pattern, u32(part), TAGS_END);
  store<u32>(pattern, 7 + u32(i - cursor), KEY_EXTRA);
  do {
    const keyAt = q + 1;
    const valueAt = usize(load<u32>(i, 4)) + 1;
    i += 8;
    q = load<u32>(i);
    byte = load<u8>(q);
    let kind: u32 = STRING;
    if (byte == QUOTE) {
      do {
        i += 4;
        q = load<u32>(i);
      } while (load<u8>(q) != QUOTE);
      i += 4;
      q = load<u32>(i);
      byte = load<u8>(q);
    } else {
      kind = plainKind(valueAt, q - valueAt);
    }
    if (part > last || !storePart(part, keyAt, valueAt, kind, byte)) return false;
    part += PART_BYTES;
  } while (byte == COMMA);
  store<u32>(pattern, u32(part), FIELDS_END);
  return byte == SPACE;
}

/**
 * Returns the stored pattern for the shape of the valid line at `start`; 0 if the pattern is not stored. If the slot of
 * the shape contains another pattern, this function lowers the counter STAY of that pattern. If STAY is already 0, the
 * line replaces that pattern.
 * @param number the line's shape number + 1
 */
export function patternOf(start: usize, number: u32): usize {
  const pattern = PATTERNS + usize(number & PATTERNS_MASK) * PATTERN_BYTES;
  const stored = load<u32>(pattern, NUMBER);
  if (stored == number) return pattern;
  const stay = load<u32>(pattern, STAY);
  if (stay > 0) {
    store<u32>(pattern, stay - 1, STAY);
    return 0;
  }
  const learned = learn(pattern, start);
  store<u32>(pattern, learned ? number : 0, NUMBER);
  store<u32>(pattern, 0, NEXT);
  store<u32>(pattern, 0, DOUBT);
  // STAY is set even if `learn` failed. Otherwise, the next line of this shape would call `learn` again.
  store<u32>(pattern, MAX_STAY, STAY);
  return learned ? pattern : 0;
}

/** Records that the last line has this pattern. The stored next pattern becomes the expected pattern. */
@inline
function pass(pattern: usize): void {
  latest = pattern;
  expected = load<u32>(pattern, NEXT);
  store<u32>(pattern, MAX_STAY, STAY);
}

/**
 * Records that the walk accepted a line. `pattern` is the pattern of this line; 0 if it is not stored. If the expected
 * pattern was wrong twice in succession, `pattern` becomes the stored next pattern of the previous line's pattern.
 */
export function follow(pattern: usize): void {
  trust = pattern != 0 && pattern == expected ? min(trust + 1, MAX_TRUST) : max(trust - LOSS, -LOSS);
  // A line whose pattern is not stored does not change the expected pattern.
  if (pattern == 0) return;
  if (latest != 0 && expected != pattern) {
    if (expected == 0 || load<u32>(latest, DOUBT) != 0) store<u32>(latest, u32(pattern), NEXT);
    store<u32>(latest, u32(load<u32>(latest, DOUBT) == 0), DOUBT);
  }
  pass(pattern);
}

/** Tests whether the bytes at `p` equal the name and separator of the part. */
@inline
function isAt(part: usize, p: usize): bool {
  const mask = load<u32>(part, MASK);
  const low = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p), v128.load(part))));
  if (mask >> 16 == 0) return (low & mask) == mask;
  const high = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p, 16), v128.load(part, 16))));
  return ((low | (high << 16)) & mask) == mask;
}

/**
 * Tests whether the line at `start` matches the expected pattern. If so, writes its entry and returns the offset after
 * the line. Otherwise returns 0, and the caller must read the line by the walk along the list of structural bytes.
 */
@inline
export function takeExpected(start: usize, limit: usize, entry: usize, lineNumber: u32): usize {
  const pattern = expected;
  if (pattern == 0 || trust <= 0) return 0;
  // `number` is 0 if a line of another shape took the slot, but did not fit into a pattern.
  const number = load<u32>(pattern, NUMBER);
  if (number == 0) return 0;
  let part = pattern + FIRST;
  if (!isAt(part, start)) return 0;
  let p = start + usize(load<u32>(part, LENGTH));
  part += PART_BYTES;
  const tagsEnd = usize(load<u32>(pattern, TAGS_END));
  for (; part < tagsEnd; part += PART_BYTES) {
    if (!isAt(part, p)) return 0;
    const valueAt = p + usize(load<u32>(part, LENGTH));
    const q = structuralFrom(valueAt);
    if (load<u8>(q) != load<u8>(part, ENDED_BY) || q == valueAt) return 0;
    p = q + 1;
  }
  if (p - 1 - start + usize(load<u32>(pattern, KEY_EXTRA)) > 511) return 0;
  const fieldsEnd = usize(load<u32>(pattern, FIELDS_END));
  for (; part < fieldsEnd; part += PART_BYTES) {
    if (!isAt(part, p)) return 0;
    const valueAt = p + usize(load<u32>(part, LENGTH));
    const kind = load<u32>(part, KIND);
    let q: usize;
    if (kind == STRING) {
      if (load<u8>(valueAt) != QUOTE) return 0;
      q = endingFrom(valueAt + 1);
      if (load<u8>(q) != QUOTE) return 0;
      q++;
    } else {
      q = structuralFrom(valueAt);
      if (plainKind(valueAt, q - valueAt) != kind) return 0;
    }
    if (load<u8>(q) != load<u8>(part, ENDED_BY)) return 0;
    p = q + 1;
  }
  const digits = digitMask(p) | (digitMask(p + 16) << 16);
  const end = p + usize(ctz(~digits));
  const time = wholeNumber(p, end - p);
  if (time > timeLimit) return 0;
  const after = end + usize(load<u8>(end) == CR);
  if (load<u8>(after) != LF || after >= limit || after - start > maxPointBytes) return 0;
  enter(entry, start, end, start, end, lineNumber, number - 1, time);
  trust = min(trust + 1, MAX_TRUST);
  store<u32>(latest, 0, DOUBT);
  pass(pattern);
  return after + 1;
}
