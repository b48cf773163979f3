// Computes Huffman codes of limited length in two steps: first code sizes (in bits) from counts, then codes from sizes.

import { CODE_WORK } from './deflate-memory';

/**
 * Counts of the symbols in ascending order. `minimize` replaces them by nodes of the Huffman tree, then by code sizes.
 */
const NODES: usize = CODE_WORK;
/** The symbol of each count in NODES, in the same order. */
const NAMES: usize = CODE_WORK + 1152;
/** Number of codes of each size. `codesOf` replaces these numbers by the next code of each size. */
const NUMBERS: usize = CODE_WORK + 1728;

@inline
function get(list: usize, i: i32): i32 {
  return load<i32>(list + (usize(i) << 2));
}

@inline
function set(list: usize, i: i32, value: i32): void {
  store<i32>(list + (usize(i) << 2), value);
}

/** Writes the code size of each symbol to `sizes`, at most `max` bits; 0 for a symbol that does not occur. */
export function sizesOf(counts: usize, symbols: i32, max: i32, sizes: usize): void {
  memory.fill(sizes, 0, usize(symbols));
  const used = sorted(counts, symbols);
  if (used < 2) {
    // Gives codes to two symbols even if fewer symbols occur, because some decoders expect two codes.
    const symbol = used == 1 ? usize(load<u16>(NAMES)) : 0;
    store<u8>(sizes + symbol, 1);
    store<u8>(sizes + (symbol == 0 ? 1 : 0), 1);
    return;
  }
  minimize(used);
  limit(used, max);
  let i = used;
  for (let size = 1; size <= max; size++)
    for (let n = get(NUMBERS, size); n > 0; n--) store<u8>(sizes + usize(load<u16>(NAMES + (usize(--i) << 1))), u8(size));
}

/**
 * Writes the counts above 0 to NODES in ascending order, and their symbols to NAMES. Returns the number of these
 * counts.
 */
function sorted(counts: usize, symbols: i32): i32 {
  let used: i32 = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = get(counts, symbol);
    if (count == 0) continue;
    let at = used++;
    for (; at > 0 && get(NODES, at - 1) > count; at--) {
      set(NODES, at, get(NODES, at - 1));
      store<u16>(NAMES + (usize(at) << 1), load<u16>(NAMES + (usize(at - 1) << 1)));
    }
    set(NODES, at, count);
    store<u16>(NAMES + (usize(at) << 1), u16(symbol));
  }
  return used;
}

/** Replaces the `n` sorted counts in NODES by optimal code sizes, in place (Moffat and Katajainen 1995). */
function minimize(n: i32): void {
  set(NODES, 0, get(NODES, 0) + get(NODES, 1));
  let root = 0;
  let leaf = 2;
  for (let next = 1; next < n - 1; next++) {
    let sum = 0;
    for (let child = 0; child < 2; child++) {
      if (leaf >= n || (root < next && get(NODES, root) < get(NODES, leaf))) {
        sum += get(NODES, root);
        set(NODES, root++, next);
      } else sum += get(NODES, leaf++);
    }
    set(NODES, next, sum);
  }
  set(NODES, n - 2, 0);
  for (let next = n - 3; next >= 0; next--) set(NODES, next, get(NODES, get(NODES, next)) + 1);
  let available = 1;
  let next = n - 1;
  root = n - 2;
  for (let depth = 0; available > 0; depth++) {
    let inner = 0;
    for (; root >= 0 && get(NODES, root) == depth; root--) inner++;
    for (; available > inner; available--) set(NODES, next--, depth);
    available = 2 * inner;
  }
}

/**
 * Writes to NUMBERS how many codes have each size, at most `max` bits. If codes were longer than `max`, some shorter
 * codes must become longer, so that all codes remain different.
 */
function limit(n: i32, max: i32): void {
  memory.fill(NUMBERS, 0, 64);
  for (let i = 0; i < n; i++) {
    const size = min(get(NODES, i), max);
    set(NUMBERS, size, get(NUMBERS, size) + 1);
  }
  let total = 0;
  for (let size = 1; size <= max; size++) total += get(NUMBERS, size) << (max - size);
  for (; total > 1 << max; total--) {
    set(NUMBERS, max, get(NUMBERS, max) - 1);
    let size = max - 1;
    while (get(NUMBERS, size) == 0) size--;
    set(NUMBERS, size, get(NUMBERS, size) - 1);
    set(NUMBERS, size + 1, get(NUMBERS, size + 1) + 2);
  }
}

/**
 * Writes the canonical codes (RFC 1951, 3.2.2) from their sizes; 0 for a symbol without a code. An entry is
 * `code << 8 | size`. The bits of a code are in reverse order, because `put` writes the lowest bit first.
 */
export function codesOf(sizes: usize, symbols: i32, codes: usize): void {
  memory.fill(NUMBERS, 0, 64);
  for (let i = 0; i < symbols; i++) {
    const size = i32(load<u8>(sizes + usize(i)));
    if (size > 0) set(NUMBERS, size, get(NUMBERS, size) + 1);
  }
  let code = 0;
  for (let size = 1; size < 16; size++) {
    const count = get(NUMBERS, size);
    set(NUMBERS, size, code);
    code = (code + count) << 1;
  }
  for (let i = 0; i < symbols; i++) {
    const size = i32(load<u8>(sizes + usize(i)));
    let reversed = 0;
    if (size > 0) {
      let value = get(NUMBERS, size);
      set(NUMBERS, size, value + 1);
      for (let bit = 0; bit < size; bit++, value >>= 1) reversed = (reversed << 1) | (value & 1);
    }
    set(codes, i, (reversed << 8) | size);
  }
}
