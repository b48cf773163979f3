// Structural bytes: the list of them for a block, where a walk stands in it, and a search for the next one without a list.

import { LF, marked } from '../bytes';
import { BLOCK, GUARD, LIST } from './memory';

/** Bytes of a block behind a line that was taken as expected: of one that is not, with what may follow it. */
const FEW: usize = 512;

// The block listed last: [from, to), its list's end, and where the walk stands in it.
let listedFrom: usize = 0;
let listedTo: usize = 0;
let listEnd: usize = 0;
export let cursor: usize = 0;
let listBytes: usize = BLOCK;

/** To be called when other bytes come to stand in the windows. */
export function forget(): void {
  listedTo = 0;
}

/** A line was taken without a list: the next one need not reach far. */
@inline
export function expectFew(): void {
  listBytes = FEW;
}

@inline
function structural(v: v128): v128 {
  return marked(v, 0x21, i8x16(-1, -1, -1, -1, 0x22, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f));
}

/** What a text in quotes may not hold as it is. */
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

/** Lists the structural bytes of a block that starts at `from`, and a guard behind them. The next block may be larger. */
function list(from: usize, limit: usize): void {
  const to = min(from + listBytes, limit);
  listBytes = min(listBytes << 2, BLOCK);
  const last = to - 64;
  let out = LIST;
  for (let p = from; p < to; p += 64) {
    let bits = mask64(p);
    if (p > last) bits &= (u64(1) << (to - p)) - 1;
    // Eight at once, needed or not: a branch that depends on the data costs more than a store too many.
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

/** Puts the cursor at the first structural byte from `at` on, the start of a line. */
@inline
export function reach(at: usize, limit: usize): void {
  if (at >= listedTo) list(at, limit);
  while (load<u32>(cursor) < u32(at) && cursor < listEnd) cursor += 4;
}

/** Puts the cursor at an entry of the list. */
@inline
export function goOn(entry: usize): void {
  cursor = entry;
}

/** Lists from the line at the cursor on, which the block may have cut; false when there is no more of it to be had. */
export function reachFurther(at: usize, limit: usize): bool {
  if (lineFeedListed() || (at == listedFrom && (listedTo == limit || listedTo - at == BLOCK))) return false;
  listBytes = BLOCK;
  list(at, limit);
  return true;
}

/** Whether the line at the cursor ends within the block. */
function lineFeedListed(): bool {
  for (let i = cursor; i < listEnd; i += 4) {
    if (load<u8>(load<u32>(i)) == LF) return true;
  }
  return false;
}

/** The next structural byte from `p` on; there is always the line feed behind the window. */
@inline
export function structuralFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(structural(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(structural(v128.load(p)));
  }
  return p + usize(ctz(bits));
}

/** The next byte from `p` on that a text in quotes may not hold as it is. */
@inline
export function endingFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(ending(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(ending(v128.load(p)));
  }
  return p + usize(ctz(bits));
}
