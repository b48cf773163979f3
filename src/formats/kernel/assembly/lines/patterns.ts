// Patterns of earlier lines, and the order of these patterns. A line that matches the expected pattern needs no walk.

import { COMMA, CR, LF, QUOTE, SPACE } from '../byte-marks';
import { digitMask, wholeNumber } from '../digits';
import { enter } from '../entry';
import { PATTERNS, STRING } from './line-memory';
import { maxPointBytes, timeLimit } from './line-settings';
import { cursor, endingFrom, structuralFrom } from './structural';
import { plainKind } from './plain-values';

/** A pattern: its header, then the measurement, tags and fields of a line, each with the byte that ends it. */
const PATTERN_BYTES: usize = 2048;
const PATTERNS_MASK: u32 = 15;
// Words of the header: shape number + 1; end of the tags; end of the fields; bytes that the tags add to the series key;
// the pattern that followed; whether another pattern followed last time; misses left before another pattern may replace it.
const NUMBER: usize = 0;
const TAGS_END: usize = 4;
const FIELDS_END: usize = 8;
const KEY_EXTRA: usize = 12;
const NEXT: usize = 16;
const DOUBT: usize = 20;
const STAY: usize = 24;
const FIRST: usize = 32;
// A part: up to 31 bytes of name and separator, a mask with a bit for each of these bytes, their number, the kind of the
// value, and the byte that ends the value.
const MASK: usize = 32;
const LENGTH: usize = 36;
const KIND: usize = 40;
const ENDED_BY: usize = 44;
const PART_BYTES: usize = 48;
const MAX_STAY: u32 = 8;
/** One misprediction costs as much as sixteen correct predictions save. */
const LOSS: i32 = 16;
const MAX_TRUST: i32 = 64;

// The pattern of the previous line, and the pattern expected next; 0 without a pattern.
let latest: usize = 0;
let expected: usize = 0;
/** Lines are compared with the expected pattern while this number is positive. */
let trust: i32 = 0;

/** Stores the bytes before a value as a part of a pattern. Returns false for more than 31 bytes. */
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

/** Learns the valid line at the cursor as a pattern. Returns false if the line has no timestamp or is too long. */
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

/** Returns the pattern for the valid line with this shape number at the cursor; 0 if no pattern matches. */
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
  // Set even if the line cannot be learned, so that the next such line does not try at once.
  store<u32>(pattern, MAX_STAY, STAY);
  return learned ? pattern : 0;
}

/** Records a line of this pattern, and expects the pattern that followed it. */
@inline
function pass(pattern: usize): void {
  latest = pattern;
  expected = load<u32>(pattern, NEXT);
  store<u32>(pattern, MAX_STAY, STAY);
}

/** Records that the walk took a line of this pattern. A successor that is seen twice in a row becomes the expected pattern. */
export function follow(pattern: usize): void {
  trust = pattern != 0 && pattern == expected ? min(trust + 1, MAX_TRUST) : max(trust - LOSS, -LOSS);
  // A line without a pattern leaves the expectation unchanged.
  if (pattern == 0) return;
  if (latest != 0 && expected != pattern) {
    if (expected == 0 || load<u32>(latest, DOUBT) != 0) store<u32>(latest, u32(pattern), NEXT);
    store<u32>(latest, u32(load<u32>(latest, DOUBT) == 0), DOUBT);
  }
  pass(pattern);
}

/** Tests whether the bytes at `p` are those of the part. */
@inline
function isAt(part: usize, p: usize): bool {
  const mask = load<u32>(part, MASK);
  const low = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p), v128.load(part))));
  if (mask >> 16 == 0) return (low & mask) == mask;
  const high = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p, 16), v128.load(part, 16))));
  return ((low | (high << 16)) & mask) == mask;
}

/** Takes the line at `start`, as `line` of ./walk does, if the line matches the expected pattern; otherwise returns 0. */
@inline
export function takeExpected(start: usize, limit: usize, entry: usize, lineNumber: u32): usize {
  const pattern = expected;
  if (pattern == 0 || trust <= 0) return 0;
  // The pattern may be empty: a line of another shape was to replace it, but could not be stored.
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
