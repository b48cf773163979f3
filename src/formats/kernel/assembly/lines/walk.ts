// The walk along the list of structural bytes. The walk checks one line, hashes its table and columns, and writes its
// index entry.

import { COMMA, CR, EQUALS, LF, mix, MULTIPLIER, QUOTE, SPACE } from '../byte-marks';
import { wholeNumber } from '../digits';
import { enter } from '../entry';
import { STRING, TAG } from './line-memory';
import { follow, patternOf } from './patterns';
import { maxPointBytes, seed, shapes, shapesMask, stampMissing, timeLimit } from './line-settings';
import { cursor, moveCursor } from './structural';
import { plainKind } from './plain-values';

@inline
function hashName(from: usize, to: usize): u64 {
  let left = to - from;
  let state = seed ^ u64(left);
  let p = from;
  while (left > 8) {
    state = mix(state, load<u64>(p));
    p += 8;
    left -= 8;
  }
  // The last 1 to 8 bytes of the name remain. The mask removes the bytes after the name. The final shift of `mix` is
  // not needed here, because the caller passes the result to `mix`.
  return (state ^ (load<u64>(p) & (u64.MAX_VALUE >> (u64(8 - left) << 3)))) * MULTIPLIER;
}

/** Returns the number of the known shape (table and columns) with this hash, plus 1; 0 if the shape is unknown. */
@inline
function shapeNumber(hash: u64): u32 {
  let slot = u32(hash) & shapesMask;
  let at = shapes + (usize(slot) << 4);
  while (load<u32>(at, 8) != 0 && load<u64>(at) != hash) {
    slot = (slot + 1) & shapesMask;
    at = shapes + (usize(slot) << 4);
  }
  return load<u32>(at, 8);
}

/**
 * Accepts the line at `start` and writes its entry.
 * @returns the offset after the line; 0 if the exact check must read the line
 */
@inline
export function line(start: usize, entry: usize, lineNumber: u32): usize {
  let i = cursor;
  let q = usize(load<u32>(i));
  let byte = u32(load<u8>(q));
  if (q < start + 1) return 0;
  let shape = hashName(start, q);
  while (byte == COMMA) {
    const keyAt = q + 1;
    q = load<u32>(i, 4);
    if (load<u8>(q) != EQUALS || q == keyAt) return 0;
    const hash = hashName(keyAt, q);
    const valueAt = q + 1;
    i += 8;
    q = load<u32>(i);
    byte = load<u8>(q);
    if ((byte != COMMA && byte != SPACE) || q == valueAt) return 0;
    shape = mix(shape, hash ^ u64(TAG));
  }
  // Upper bound for the length of the series key, which the server limits. In the key, a tag takes its value and 9
  // bytes. In this bound, a tag takes its name, its value, two separators, and 8 bytes for its two list entries. That
  // is always more.
  const keyBytes: usize = 7 + (q - start) + (i - cursor);
  if (byte != SPACE || keyBytes > 511) return 0;
  do {
    const keyAt = q + 1;
    q = load<u32>(i, 4);
    if (load<u8>(q) != EQUALS || q == keyAt) return 0;
    const hash = hashName(keyAt, q);
    const valueAt = q + 1;
    i += 8;
    q = load<u32>(i);
    byte = load<u8>(q);
    let kind: u32;
    if (byte == QUOTE && q == valueAt) {
      do {
        i += 4;
        q = load<u32>(i);
        byte = load<u8>(q);
      } while (byte == COMMA || byte == SPACE || byte == EQUALS);
      if (byte != QUOTE) return 0;
      const closing = q;
      i += 4;
      q = load<u32>(i);
      byte = load<u8>(q);
      if (q != closing + 1) return 0;
      kind = STRING;
    } else {
      kind = plainKind(valueAt, q - valueAt);
    }
    if (kind == 0) return 0;
    shape = mix(shape, hash ^ u64(kind));
  } while (byte == COMMA);
  let time: u64 = 0;
  let missing: u32 = 0;
  if (byte == SPACE) {
    const timeAt = q + 1;
    i += 4;
    q = load<u32>(i);
    byte = load<u8>(q);
    time = wholeNumber(timeAt, q - timeAt);
    if (time > timeLimit) return 0;
  } else {
    if (!stampMissing) return 0;
    missing = 0x80000000;
  }
  const end = q;
  if (byte == CR) {
    i += 4;
    q = load<u32>(i);
    if (q != end + 1) return 0;
    byte = load<u8>(q);
  }
  if (byte != LF || q - start > maxPointBytes) return 0;
  const number = shapeNumber(shape);
  if (number == 0) return 0;
  enter(entry, start, end, start, end, lineNumber, (number - 1) | missing, time);
  follow(patternOf(start, number));
  moveCursor(i + 4);
  return q + 1;
}
