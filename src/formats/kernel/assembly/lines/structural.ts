// Finds structural bytes: bytes that may end a name or value, such as spaces, commas and quotes. This module lists the
// structural bytes of a block. The parser in walk.ts moves a cursor along this list. For lines that match the expected
// pattern, `structuralFrom` finds one structural byte at a time, without a list.

import { LF, marked } from '../byte-marks';
import { BLOCK, GUARD, LIST } from './line-memory';

/** Size in bytes of the block that is listed after a line matched the expected pattern. A line is usually shorter. */
const FEW: usize = 512;

/** Start and end of the block whose structural bytes are listed. */
let listedFrom: usize = 0;
let listedTo: usize = 0;
/** Address after the last entry of the list. */
let listEnd: usize = 0;
/** Address of the current entry in the list. */
export let cursor: usize = 0;
/** Size in bytes of the next block to list. */
let listBytes: usize = BLOCK;

/** Discards the list. TypeScript must call this when the bytes of the input in memory change. */
export function forget(): void {
  listedTo = 0;
}

/** Makes the next listed block small, because the last line needed no list. */
@inline
export function keepBlockSmall(): void {
  listBytes = FEW;
}

@inline
function structural(v: v128): v128 {
  return marked(v, 0x21, i8x16(-1, -1, -1, -1, 0x22, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f));
}

/**
 * Returns 0xff for each byte of `v` that ends plain text inside quotes: quote, backslash, control character or byte
 * beyond ASCII.
 */
@inline
function ending(v: v128): v128 {
  return marked(v, 0x20, i8x16(-1, -1, -1, -1, 0x22, -1, -1, -1, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f));
}

@inline
function mask64(p: usize): u64 {
  return (
    u64(v128.bitmask<i8>(structural(v128.load(p)))) |
    (u64(v128.bitmask<i8>(structural(v128.load(p, 16)))) << 16) |
    (u64(v128.bitmask<i8>(structural(v128.load(p, 32)))) << 32) |
    (u64(v128.bitmask<i8>(structural(v128.load(p, 48)))) << 48)
  );
}

/**
 * Lists the structural bytes of the block at `from`, and ends the list with the offset GUARD. The next block will be
 * four times as large, but not larger than BLOCK.
 */
function list(from: usize, limit: usize): void {
  const to = min(from + listBytes, limit);
  listBytes = min(listBytes << 2, BLOCK);
  const last = to - 64;
  let out = LIST;
  for (let p = from; p < to; p += 64) {
    let bits = mask64(p);
    if (p > last) bits &= (u64(1) << (to - p)) - 1;
    // Each iteration stores eight offsets, even if fewer bits are left. `out = end` discards the surplus. Surplus
    // stores cost less than a branch that depends on the data.
    const end = out + (usize(popcnt(bits)) << 2);
    while (out < end) {
      store<u32>(out, u32(p) + u32(ctz(bits)), 0);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 4);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 8);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 12);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 16);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 20);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 24);
      bits &= bits - 1;
      store<u32>(out, u32(p) + u32(ctz(bits)), 28);
      bits &= bits - 1;
      out += 32;
    }
    out = end;
  }
  store<u32>(out, u32(GUARD));
  listedFrom = from;
  listedTo = to;
  listEnd = out;
  cursor = LIST;
}

/**
 * Moves the cursor to the first structural byte of the line at `at`. Lists a new block if the line is not in the block.
 */
@inline
export function reach(at: usize, limit: usize): void {
  if (at >= listedTo) list(at, limit);
  while (load<u32>(cursor) < u32(at) && cursor < listEnd) cursor += 4;
}

/** Moves the cursor to an entry of the list. */
@inline
export function moveCursor(entry: usize): void {
  cursor = entry;
}

/**
 * Lists a larger block, which begins with the line at `at`. Returns false if the list already includes the end of the
 * line, or if no larger block is possible.
 */
export function listFurther(at: usize, limit: usize): bool {
  if (lineFeedListed() || (at == listedFrom && (listedTo == limit || listedTo - at == BLOCK))) return false;
  listBytes = BLOCK;
  list(at, limit);
  return true;
}

/** Tests whether the list includes the LF of the line at the cursor. */
function lineFeedListed(): bool {
  for (let i = cursor; i < listEnd; i += 4) {
    if (load<u8>(load<u32>(i)) == LF) return true;
  }
  return false;
}

/**
 * Returns the offset of the first structural byte at or after `p`. The LF after the input bytes in memory ends every
 * search.
 */
@inline
export function structuralFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(structural(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(structural(v128.load(p)));
  }
  return p + usize(ctz(bits));
}

/** Returns the offset of the first byte at or after `p` that ends plain text inside quotes. */
@inline
export function endingFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(ending(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(ending(v128.load(p)));
  }
  return p + usize(ctz(bits));
}
