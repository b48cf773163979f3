// Writes one block of deflate with its own Huffman codes ("dynamic" in RFC 1951, 3.2.7): a header that describes the
// codes, then literals (single bytes) and matches (repetitions of earlier bytes).

import { flush, put, putCode } from './bits';
import {
  DISTANCE_CODES, DISTANCE_COUNTS, DISTANCES, HEADER_WORK, LENGTH_CODES, LENGTH_COUNTS, LITERAL_CODES, LITERAL_COUNTS,
  LITERALS, MATCHES, SIZES,
} from './deflate-memory';
import { codesOf, sizesOf } from './huffman';
import { distanceExtra, lengthExtra, lengthSymbol } from './symbols';

/** Longest code, bits. With this limit, 4 literals (56 bits) or one match fit between two calls of `flush`. */
const MAX_BITS: i32 = 14;
const END_OF_BLOCK: usize = 256;
const DISTANCE_SIZES: usize = SIZES + LITERALS;

/**
 * A header contains the code sizes in compressed form, as items. This is the order in which a header lists the code
 * sizes of the 19 item symbols (RFC 1951, 3.2.7).
 */
const ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
/** Code sizes of the literal and length symbols, then of the distance symbols, one byte each, in bits. */
const LIST: usize = HEADER_WORK;
/**
 * The code sizes of LIST as items, two bytes each: a symbol and its extra bits. Symbols 0 to 15 are code sizes. Symbol
 * 16 repeats the previous size. Symbols 17 and 18 stand for several zeros.
 */
const ITEMS: usize = HEADER_WORK + 320;
/** For each item symbol: its count in the header, the size of its code in bits, and its code. */
const ITEM_COUNTS: usize = HEADER_WORK + 960;
const ITEM_SIZES: usize = HEADER_WORK + 1040;
const ITEM_CODES: usize = HEADER_WORK + 1060;
const ITEM_SYMBOLS: i32 = 19;

@inline
function literal(at: usize): u32 {
  return load<u32>(LITERAL_CODES + (usize(load<u8>(at)) << 2));
}

/** Begins a block. Its codes are the shortest for the symbols that were counted in this block. */
function beginBlock(isLast: bool): void {
  for (let length: u32 = 3; length <= 258; length++) {
    const at = LITERAL_COUNTS + (usize(lengthSymbol(length)) << 2);
    store<u32>(at, load<u32>(at) + load<u32>(LENGTH_COUNTS + (usize(length) << 2)));
  }
  store<u32>(LITERAL_COUNTS + (END_OF_BLOCK << 2), 1);
  makeCodes();
  writeHeader(isLast);
}

/**
 * Begins a block whose codes fit the counts of the previous block. Adds 1 to each count, so that each symbol gets a
 * code even if it did not occur there.
 */
export function beginLikeBefore(isLast: bool): void {
  for (let at = LITERAL_COUNTS; at < LENGTH_COUNTS; at += 4) store<u32>(at, load<u32>(at) + 1);
  makeCodes();
  writeHeader(isLast);
}

/** Writes a block for the bytes [from, to): the matches from MATCHES to `matchesEnd`, and the literals between them. */
export function writeBlock(from: usize, to: usize, matchesEnd: usize, isLast: bool): void {
  beginBlock(isLast);
  let at = from;
  for (let match = MATCHES; match < matchesEnd; match += 12) {
    const literalsEnd = at + load<u32>(match);
    writeLiterals(at, literalsEnd);
    const length = usize(load<u32>(match, 4));
    const distance = load<u32>(match, 8);
    writeMatch(length, distance & 0xffff, distance >> 16);
    at = literalsEnd + length;
  }
  writeLiterals(at, to);
  endBlock();
}

@inline
export function writeLiterals(from: usize, to: usize): void {
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const four = load<u32>(at);
    putCode(load<u32>(LITERAL_CODES + usize((four & 255) << 2)));
    putCode(load<u32>(LITERAL_CODES + usize(((four >> 8) & 255) << 2)));
    putCode(load<u32>(LITERAL_CODES + usize(((four >> 16) & 255) << 2)));
    putCode(load<u32>(LITERAL_CODES + usize((four >> 24) << 2)));
    flush();
  }
  for (; at < to; at++) putCode(literal(at));
  flush();
}

/**
 * Writes a match: the code of its length, the code of its distance, and the extra bits of the distance.
 * @param symbol symbol of the distance
 */
@inline
export function writeMatch(length: usize, distance: u32, symbol: u32): void {
  const extra = distanceExtra(symbol);
  putCode(load<u32>(LENGTH_CODES + (length << 2)));
  putCode(load<u32>(DISTANCE_CODES + (usize(symbol) << 2)));
  put((distance - 1) & ((1 << extra) - 1), extra);
  flush();
}

export function endBlock(): void {
  putCode(load<u32>(LITERAL_CODES + (END_OF_BLOCK << 2)));
  flush();
}

function makeCodes(): void {
  sizesOf(LITERAL_COUNTS, i32(LITERALS), MAX_BITS, SIZES);
  sizesOf(DISTANCE_COUNTS, i32(DISTANCES), MAX_BITS, DISTANCE_SIZES);
  codesOf(SIZES, i32(LITERALS), LITERAL_CODES);
  codesOf(DISTANCE_SIZES, i32(DISTANCES), DISTANCE_CODES);
  for (let length: u32 = 3; length <= 258; length++) {
    const symbol = lengthSymbol(length);
    const code = load<u32>(LITERAL_CODES + (usize(symbol) << 2));
    const extra = lengthExtra(symbol);
    const rest = (length - 3) & ((1 << extra) - 1);
    store<u32>(LENGTH_CODES + (usize(length) << 2), (((code >> 8) | (rest << (code & 255))) << 8) | ((code & 255) + extra));
  }
}

function writeHeader(isLast: bool): void {
  const literals = usedSizes(SIZES, LITERALS, 257);
  const distances = usedSizes(DISTANCE_SIZES, DISTANCES, 1);
  memory.copy(LIST, SIZES, literals);
  memory.copy(LIST + literals, DISTANCE_SIZES, distances);
  const itemsEnd = listItems(LIST + literals + distances);
  sizesOf(ITEM_COUNTS, ITEM_SYMBOLS, 7, ITEM_SIZES);
  codesOf(ITEM_SIZES, ITEM_SYMBOLS, ITEM_CODES);
  let used: usize = usize(ITEM_SYMBOLS);
  while (used > 4 && load<u8>(ITEM_SIZES + usize(load<u8>(ORDER + used - 1))) == 0) used--;
  put(isLast ? 1 : 0, 1);
  put(2, 2);
  put(literals - 257, 5);
  put(distances - 1, 5);
  put(used - 4, 4);
  flush();
  for (let i: usize = 0; i < used; i++) {
    put(load<u8>(ITEM_SIZES + usize(load<u8>(ORDER + i))), 3);
    flush();
  }
  for (let item = ITEMS; item < itemsEnd; item += 2) {
    const symbol = usize(load<u8>(item));
    putCode(load<u32>(ITEM_CODES + (symbol << 2)));
    if (symbol >= 16) put(load<u8>(item, 1), symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    flush();
  }
}

function usedSizes(sizes: usize, symbols: usize, least: usize): usize {
  let used = symbols;
  while (used > least && load<u8>(sizes + used - 1) == 0) used--;
  return used;
}

/**
 * Converts the code sizes from LIST to `end` into items. For example, 10 zeros become one item with symbol 17. Counts
 * the item symbols. Returns the end of the items.
 */
function listItems(end: usize): usize {
  memory.fill(ITEM_COUNTS, 0, ITEM_SYMBOLS * 4);
  let item = ITEMS;
  for (let at = LIST; at < end; ) {
    const size = load<u8>(at);
    let run: usize = 1;
    while (at + run < end && load<u8>(at + run) == size) run++;
    at += run;
    if (size > 0) {
      item = putItem(item, size, 0);
      run--;
    }
    while (run >= 3) {
      const part = min<usize>(run, size > 0 ? 6 : 138);
      item = size > 0 ? putItem(item, 16, part - 3) : part < 11 ? putItem(item, 17, part - 3) : putItem(item, 18, part - 11);
      run -= part;
    }
    for (; run > 0; run--) item = putItem(item, size, 0);
  }
  return item;
}

function putItem(item: usize, symbol: u32, repetitions: usize): usize {
  store<u8>(item, u8(symbol));
  store<u8>(item, u8(repetitions), 1);
  const at = ITEM_COUNTS + (usize(symbol) << 2);
  store<u32>(at, load<u32>(at) + 1);
  return item + 2;
}
