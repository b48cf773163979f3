// Structural bytes: the list of those in a block, the walk's cursor in this list, and a search that needs no list.

import { LF, marked } from '../byte-marks';
import { BLOCK, GUARD, LIST } from './line-memory';

/** Bytes of the block after a line that matched its pattern: enough for one line that does not match. */
const FEW: usize = 512;

// The listed block [from, to), the end of its list, and the cursor in the list.
let listedFrom: usize = 0;
let listedTo: usize = 0;
let listEnd: usize = 0;
export let cursor: usize = 0;
let listBytes: usize = BLOCK;

/** Discards the list. Must be called when the bytes of the windows change. */
export function forget(): void {
  listedTo = 0;
}

/** Makes the next block small, because the last line needed no list. */
@inline
export function keepBlockSmall(): void {
  listBytes = FEW;
}

@inline
function structural(v: v128): v128 {
  return marked(v, 0x21, i8x16(-1, -1, -1, -1, 0x22, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f));
}

/** Marks bytes that end a plain run inside quotes. */
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

/** Lists the structural bytes of the block at `from`, followed by a guard. The next block may be larger. */
function list(from: usize, limit: usize): void {
  const to = min(from + listBytes, limit);
  listBytes = min(listBytes << 2, BLOCK);
  const last = to - 64;
  let out = LIST;
  for (let p = from; p < to; p += 64) {
    let bits = mask64(p);
    if (p > last) bits &= (u64(1) << (to - p)) - 1;
    // Stores eight offsets at once: surplus stores are cheaper than a branch that depends on the data.
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

/** Moves the cursor to the first structural byte from `at` on, where a line starts. */
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

/** Lists a larger block from the line at the cursor on. Returns false if a larger block would not hold more of the line. */
export function listFurther(at: usize, limit: usize): bool {
  if (lineFeedListed() || (at == listedFrom && (listedTo == limit || listedTo - at == BLOCK))) return false;
  listBytes = BLOCK;
  list(at, limit);
  return true;
}

/** Tests whether the line at the cursor ends within the block. */
function lineFeedListed(): bool {
  for (let i = cursor; i < listEnd; i += 4) {
    if (load<u8>(load<u32>(i)) == LF) return true;
  }
  return false;
}

/** Returns the next structural byte from `p` on. An LF after the window ends the search. */
@inline
export function structuralFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(structural(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(structural(v128.load(p)));
  }
  return p + usize(ctz(bits));
}

/** Returns the next byte from `p` on that ends a plain run inside quotes. */
@inline
export function endingFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(ending(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(ending(v128.load(p)));
  }
  return p + usize(ctz(bits));
}
