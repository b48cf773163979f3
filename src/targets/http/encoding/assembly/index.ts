// Deflate (RFC 1951) for text with similar lines. The only candidate for a match at a position is the latest position
// whose bytes have the same hash. So there are few decisions for each byte, and the compressor is fast. zlib at level 1
// does not find more matches.

import { beginOutput, endOutput } from './bits';
import { beginLikeBefore, endBlock, writeBlock, writeLiterals, writeMatch } from './block';
import {
  BODY, COUNTS_BYTES, DISTANCE_COUNTS, HASH_BITS, HEADS, HEADS_BYTES, LENGTH_COUNTS, LITERAL_COUNTS, MATCHES,
  MAX_MATCHES, HEADER_BYTES, OUTPUT,
} from './deflate-memory';
import { distanceSymbol } from './symbols';

/**
 * Number of bytes whose symbols are counted before they are written, so that their codes fit. The next `UNCOUNTED`
 * bytes are written in one pass with codes from the same counts. Counting all bytes took a third longer and made output
 * 0.3 % smaller (IoT points, Node 20.20; 2026-11-30).
 */
const COUNTED: usize = 64 * 1024;
const UNCOUNTED: usize = 448 * 1024;
const WINDOW: usize = 32768;
/**
 * Shifting a 64-bit word left by this number of bits removes its last two bytes, so that only the first six bytes
 * count. A match has at least six bytes, because a shorter match of digits seldom saves bits.
 */
const BEYOND: u64 = 16;
const MAX_MATCH: usize = 258;
/** In the last 16 bytes of a block, no match begins. */
const REACH: usize = 16;
/**
 * If 2^4 bytes contain no match, the search then tries only every second byte. After 2^4 more bytes, it tries every
 * third byte, and so on.
 */
const PATIENCE: usize = 4;

let matchesEnd: usize = 0;

/** Compresses the first `length` bytes of the body. Returns the length of the compressed body. */
export function deflate(length: usize): usize {
  memory.fill(HEADS, 0, HEADS_BYTES);
  beginOutput(OUTPUT + HEADER_BYTES);
  const end = BODY + length;
  let at = BODY;
  do {
    const from = at;
    at = findMatches(from, min(end, from + COUNTED));
    writeBlock(from, at, matchesEnd, at == end);
    if (at < end) at = writeLikeBefore(at, min(end, at + UNCOUNTED), at + UNCOUNTED >= end);
  } while (at < end);
  return endOutput() - OUTPUT - HEADER_BYTES;
}

/** Returns the address of the table entry (head) for the first six bytes of a word. */
@inline
function headOf(word: u64): usize {
  return HEADS + (usize(((word << BEYOND) * 889523592379) >> u64(64 - HASH_BITS)) << 2);
}

@inline
function increment(counts: usize, symbol: usize): void {
  const at = counts + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
}

@inline
function countLiterals(from: usize, to: usize): void {
  for (let at = from; at < to; at++) increment(LITERAL_COUNTS, usize(load<u8>(at)));
}

/**
 * Lists the matches in the bytes [from, stop), and counts all symbols. Returns the end of the block. It is before
 * `stop` if the list became full.
 */
function findMatches(from: usize, stop: usize): usize {
  memory.fill(LITERAL_COUNTS, 0, COUNTS_BYTES);
  matchesEnd = MATCHES;
  return scan(from, stop, true);
}

/** Writes a block in one pass, with codes from the counts of the previous block. Returns `stop`. */
function writeLikeBefore(from: usize, stop: usize, isLast: bool): usize {
  beginLikeBefore(isLast);
  scan(from, stop, false);
  endBlock();
  return stop;
}

/**
 * Finds the matches in the bytes [from, stop). If `lists` is true, lists them and counts symbols. Otherwise, writes
 * them and the literals between them. Returns the end of the block.
 */
@inline
function scan(from: usize, stop: usize, lists: bool): usize {
  let anchor = from;
  let at = from;
  while (at + REACH < stop) {
    const word = load<u64>(at);
    const head = headOf(word);
    const before = usize(load<u32>(head));
    store<u32>(head, u32(at));
    const distance = at - before;
    // If its list became full, the previous call of `scan` may have stored `at` in the table and stopped there. The
    // distance is then 0, and `distance - 1` wraps to a very large number. So the search skips this position.
    if (distance - 1 >= WINDOW || ((load<u64>(before) ^ word) << BEYOND) != 0) {
      at += 1 + ((at - anchor) >> PATIENCE);
      continue;
    }
    const end = matchEnd(at, distance, stop);
    while (at > anchor && at - distance > BODY && load<u8>(at - 1) == load<u8>(at - distance - 1)) at--;
    if (lists) {
      countLiterals(anchor, at);
      anchor = listMatch(at, at - anchor, end, distance);
      if (anchor < end) return anchor;
    } else {
      writeLiterals(anchor, at);
      const symbol = distanceSymbol(distance);
      while (at < end) {
        const length = partLength(end - at);
        writeMatch(length, u32(distance), symbol);
        at += length;
      }
      anchor = end;
    }
    at = end;
  }
  if (lists) countLiterals(anchor, stop);
  else writeLiterals(anchor, stop);
  return stop;
}

/**
 * Returns the end of the match at `at`: the first byte that differs from the byte at `distance` before it, or `stop`.
 */
@inline
function matchEnd(at: usize, distance: usize, stop: usize): usize {
  for (let end = at; end < stop; end += 8) {
    const different = load<u64>(end) ^ load<u64>(end - distance);
    if (different != 0) return min(stop, end + usize(ctz(different) >> 3));
  }
  return stop;
}

/**
 * Divides a match into parts of 3 to 258 bytes. Returns the length of the next part, if `left` bytes are left. For
 * 260 bytes, it is 255, because after 258 bytes the rest would be too short.
 */
@inline
function partLength(left: usize): usize {
  return left <= MAX_MATCH ? left : left - MAX_MATCH < 3 ? MAX_MATCH - 3 : MAX_MATCH;
}

/**
 * Adds a match to the list, in parts of at most 258 bytes. Returns the end of the listed parts. It is before `end` if
 * the list became full.
 */
@inline
function listMatch(from: usize, literals: usize, end: usize, distance: usize): usize {
  const symbol = distanceSymbol(distance);
  let at = from;
  while (at < end && matchesEnd < MATCHES + 12 * MAX_MATCHES) {
    const length = partLength(end - at);
    increment(LENGTH_COUNTS, length);
    increment(DISTANCE_COUNTS, usize(symbol));
    store<u32>(matchesEnd, u32(at == from ? literals : 0));
    store<u32>(matchesEnd, u32(length), 4);
    store<u32>(matchesEnd, u32(distance) | (symbol << 16), 8);
    matchesEnd += 12;
    at += length;
  }
  return at;
}
