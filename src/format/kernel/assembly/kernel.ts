// The fast path over line protocol. Two passes over blocks of 16 KiB: SIMD compares list the structural bytes, then a
// walk along that list checks one line after another and writes its index entry. Whatever is out of the ordinary —
// escapes, bytes beyond ASCII, exponents, several spaces, a shape not met before — stops it at the start of that line.
//
// Names are never examined here: a line is taken only when its shape is known, that is, when the exact check has
// passed a point with the same names before.

// Layout below the shape table; ../kernel.ts and ../../memory.ts know it too.
const STATE: usize = 1024;
const GUARD: usize = 2048;
const LIST: usize = 65536;
const BLOCK: usize = 16384;

const ENTRY_BYTES: usize = 32;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

const LF: u32 = 0x0a;
const CR: u32 = 0x0d;
const SPACE: u32 = 0x20;
const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const EQUALS: u32 = 0x3d;

const TAG: u64 = 1;
const FLOAT: u32 = 2;
const INTEGER: u32 = 3;
const UNSIGNED: u32 = 4;
const BOOLEAN: u32 = 5;
const STRING: u32 = 6;

let seed: u64 = 0;
let timeLimit: u64 = 0;
let maxPointBytes: usize = 0;
let stampMissing: bool = false;
let shapes: usize = 0;
let shapesMask: u32 = 0;

// The block listed last: [from, to), its list's end, and where the walk stands in it.
let listedFrom: usize = 0;
let listedTo: usize = 0;
let listEnd: usize = 0;
let cursor: usize = 0;

/** To be called once. */
export function configure(
  seedValue: u64,
  limit: u64,
  maxBytes: u32,
  stamp: bool,
  shapeTable: u32,
  shapeSlots: u32,
): void {
  seed = seedValue;
  timeLimit = limit;
  maxPointBytes = maxBytes;
  stampMissing = stamp;
  shapes = shapeTable;
  shapesMask = shapeSlots - 1;
}

/** To be called when other bytes come to stand in the windows. */
export function forget(): void {
  listedTo = 0;
}

@inline
function structural(v: v128): v128 {
  // Signed: bytes from 0x80 on are negative, and so below the space, like control characters.
  const low = v128.lt<i8>(v, i8x16.splat(0x21));
  // Of the others, each is alone with its bits 3 to 6.
  const table = i8x16(-1, -1, -1, -1, 0x22, 0x2c, -1, 0x3d, -1, -1, -1, 0x5c, -1, -1, -1, 0x7f);
  const marks = v128.eq<i8>(v, v128.swizzle(table, v128.and(v128.shr<u16>(v, 3), i8x16.splat(0x0f))));
  return v128.or(low, marks);
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

/** Lists the structural bytes of a block that starts at `from`, and a guard behind them. */
function list(from: usize, limit: usize): void {
  const to = min(from + BLOCK, limit);
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

@inline
function mix(state: u64, word: u64): u64 {
  const product = (state ^ word) * MULTIPLIER;
  return product ^ (product >> 32);
}

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
  // Of 1 to 8 bytes left, the others are shifted out. Spreading the high bits is left to the shape's own mix.
  return (state ^ (load<u64>(p) & (u64.MAX_VALUE >> (u64(8 - left) << 3)))) * MULTIPLIER;
}

@inline
function digitMask(p: usize): u32 {
  // Digits become -128 to -119: one signed comparison where an unsigned one takes five instructions.
  const shifted = v128.add<i8>(v128.load(p), v128.splat<i8>(0x50));
  return v128.bitmask<i8>(v128.lt<i8>(shifted, v128.splat<i8>(-118)));
}

function booleanKind(p: usize, length: usize): u32 {
  if (length == 1) {
    const byte = load<u8>(p) | 0x20;
    return byte == 0x74 || byte == 0x66 ? BOOLEAN : 0;
  }
  const head = load<u32>(p);
  if (length == 4) return head == 0x65757274 || head == 0x65757254 || head == 0x45555254 ? BOOLEAN : 0;
  if (length != 5) return 0;
  const last = load<u8>(p, 4);
  if (head == 0x736c6166 || head == 0x736c6146) return last == 0x65 ? BOOLEAN : 0;
  return head == 0x534c4146 && last == 0x45 ? BOOLEAN : 0;
}

/** Kind of a plain value that is not just digits with or without a point; 0 when only the exact check can tell. */
function otherKind(p: usize, length: usize, notDigits: u32): u32 {
  const negative = load<u8>(p) == 0x2d;
  const rest = notDigits & ~u32(negative);
  const start = usize(negative);
  if (length == start) return 0;
  if (rest == 0) return FLOAT;
  const at = usize(ctz(rest));
  const byte = load<u8>(p + at);
  if ((rest & (rest - 1)) != 0 || at == start) return booleanKind(p, length);
  if (byte == 0x2e) return FLOAT;
  if (at != length - 1 || length > 19) return 0;
  if (byte == 0x69) return INTEGER;
  return byte == 0x75 && !negative ? UNSIGNED : 0;
}

/** Kind of the plain value of `length` bytes at `p`; 0 when only the exact check can tell. */
@inline
function plainKind(p: usize, length: usize): u32 {
  let digits = digitMask(p);
  if (length > 16) digits |= digitMask(p + 16) << 16;
  const rest = ((u32(1) << u32(length)) - 1) & ~digits;
  // Neither empty nor over 31.
  if (length - 1 >= 31) return 0;
  if (rest == 0) return FLOAT;
  // One byte that is no digit, not the first, and a point.
  if ((rest & (rest - 1)) == 0 && (rest & 1) == 0 && load<u8>(p + usize(ctz(rest))) == 0x2e) return FLOAT;
  return otherKind(p, length, rest);
}

@inline
function eightDigits(p: usize): u64 {
  let v = load<u64>(p) & 0x0f0f0f0f0f0f0f0f;
  v = (v * 2561) >> 8;
  v = ((v & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((v & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/** Value of 1 to 19 digits; u64.MAX_VALUE for anything else. */
@inline
function timestamp(p: usize, length: usize): u64 {
  if (length == 0 || length > 19) return u64.MAX_VALUE;
  let digits = digitMask(p);
  if (length >= 17) digits |= digitMask(p + 16) << 16;
  const all = (u32(1) << u32(length)) - 1;
  if ((digits & all) != all) return u64.MAX_VALUE;
  let left = length;
  let value: u64 = 0;
  let at = p;
  while (left > 7) {
    value = value * 100000000 + eightDigits(at);
    at += 8;
    left -= 8;
  }
  while (left > 0) {
    value = value * 10 + u64(load<u8>(at) - 0x30);
    at++;
    left--;
  }
  return value;
}

/** Number of a known shape + 1, else 0. */
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

/** Offset of the byte behind the line feed of the line at `start`, its entry written; 0 when it is not for us. */
@inline
function line(start: usize, entry: usize, lineNumber: u32): usize {
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
    shape = mix(shape, hash ^ TAG);
  }
  // A bound over the series key's bytes, which leave out names and count 9 for a tag: here a tag counts its name, two
  // separators, and the 8 bytes of its two list entries.
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
    time = timestamp(timeAt, q - timeAt);
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
  const length = u32(end - start);
  store<u32>(entry, u32(start));
  store<u32>(entry, length, 4);
  store<u32>(entry, u32(start), 8);
  store<u32>(entry, length, 12);
  store<u32>(entry, lineNumber, 16);
  store<u32>(entry, (number - 1) | missing, 20);
  store<u64>(entry, time, 24);
  cursor = i + 4;
  return q + 1;
}

/** Whether the line at the cursor ends within the block. */
function lineFeedListed(): bool {
  for (let i = cursor; i < listEnd; i += 4) {
    if (load<u8>(load<u32>(i)) == LF) return true;
  }
  return false;
}

/**
 * Takes lines from `at`, the start of one, while they are ordinary, complete before `limit`, and there is room for
 * their entries. Line numbers go on from the second word of the state, which is left at the next one.
 * @returns where it stopped: at the start of a line.
 */
export function take(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  let lineNumber = load<u32>(STATE, 4);
  let room = entry;
  if (at >= listedTo) {
    list(at, limit);
  } else {
    while (load<u32>(cursor) < u32(at) && cursor < listEnd) cursor += 4;
  }
  while (room < entriesEnd) {
    const next = line(at, room, lineNumber);
    if (next != 0) {
      at = next;
      room += ENTRY_BYTES;
      lineNumber++;
      continue;
    }
    // Out of the ordinary, or cut off by the end of the block: then the next block starts with this line.
    if (at == listedFrom || lineFeedListed()) break;
    list(at, limit);
  }
  store<u32>(STATE, lineNumber, 4);
  store<u32>(STATE, u32((room - entry) / ENTRY_BYTES));
  return at;
}
