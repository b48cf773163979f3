// The fast path over line protocol, in two ways. Most lines are of the shape that followed the last one's before: their
// names are compared where they should be, and only the values are looked at. For the others there are two passes over a
// block: SIMD compares list the structural bytes, then a walk along that list checks one line and writes its index entry.
// Whatever is out of the ordinary — escapes, bytes beyond ASCII, exponents, several spaces, a shape not met before — stops
// it at the start of that line.
//
// Names are never examined here: a line is taken only when its shape is known, that is, when the exact check has
// passed a point with the same names before.

// Layout below the shape table; ../kernel.ts and ../../memory.ts know it too.
const STATE: usize = 1024;
const GUARD: usize = 2048;
const LIST: usize = 65536;
const BLOCK: usize = 16384;
/** Of a line that is not like the one that was expected, with what may follow it. */
const FEW: usize = 512;

/** Lines as they were: a header, then its measurement, tags and fields, each with the byte that ends it. */
const PATTERNS: usize = 135168;
const PATTERN_BYTES: usize = 2048;
const PATTERNS_MASK: u32 = 15;
// Header, in words: shape number + 1; end of the tags; end of the fields; bytes that the tags add to the series key;
// the pattern that followed; whether another did last time; how often it stays when others want its place.
const NUMBER: usize = 0;
const TAGS_END: usize = 4;
const FIELDS_END: usize = 8;
const KEY_EXTRA: usize = 12;
const NEXT: usize = 16;
const DOUBT: usize = 20;
const STAY: usize = 24;
const FIRST: usize = 32;
// Part: up to 31 bytes, which are the name and what divides it from the value; a bit for each; their number; kind; what
// ends the value.
const MASK: usize = 32;
const LENGTH: usize = 36;
const KIND: usize = 40;
const ENDED_BY: usize = 44;
const PART_BYTES: usize = 48;
const LONGEST_STAY: u32 = 8;
/** To expect another line than comes costs as much as is won by sixteen that come as expected. */
const LOSS: i32 = 16;
const MOST_TRUST: i32 = 64;

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
let listBytes: usize = BLOCK;

// Patterns of the line taken last and of the next one, as expected; 0 for none.
let latest: usize = 0;
let expected: usize = 0;
/** Above 0 it is worth looking whether a line is as expected. */
let trust: i32 = 0;

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

/** Bytes below `least`, and those of the table, each of which is alone with its bits 3 to 6. */
@inline
function marked(v: v128, least: i8, table: v128): v128 {
  // Signed: bytes from 0x80 on are negative, and so below it, like control characters.
  const low = v128.lt<i8>(v, v128.splat<i8>(least));
  const marks = v128.eq<i8>(v, v128.swizzle(table, v128.and(v128.shr<u16>(v, 3), i8x16.splat(0x0f))));
  return v128.or(low, marks);
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

@inline
function enter(entry: usize, start: usize, end: usize, lineNumber: u32, shape: u32, time: u64): void {
  const length = u32(end - start);
  store<u32>(entry, u32(start));
  store<u32>(entry, length, 4);
  store<u32>(entry, u32(start), 8);
  store<u32>(entry, length, 12);
  store<u32>(entry, lineNumber, 16);
  store<u32>(entry, shape, 20);
  store<u64>(entry, time, 24);
}

/** What comes before a value, from `from` on, becomes a part of a pattern; false when it is too long for one. */
@inline
function keep(part: usize, from: usize, to: usize, kind: u32, endedBy: u32): bool {
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

/** Makes the line at the cursor, which was found good, a pattern; false when it has no timestamp or is too long. */
function learn(pattern: usize, start: usize): bool {
  const last = pattern + PATTERN_BYTES - PART_BYTES;
  let part = pattern + FIRST;
  let i = cursor;
  let q = usize(load<u32>(i));
  let byte = u32(load<u8>(q));
  if (!keep(part, start, q + 1, 0, 0)) return false;
  part += PART_BYTES;
  while (byte == COMMA) {
    const keyAt = q + 1;
    const valueAt = usize(load<u32>(i, 4)) + 1;
    i += 8;
    q = load<u32>(i);
    byte = load<u8>(q);
    if (part > last || !keep(part, keyAt, valueAt, 0, byte)) return false;
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
    if (part > last || !keep(part, keyAt, valueAt, kind, byte)) return false;
    part += PART_BYTES;
  } while (byte == COMMA);
  store<u32>(pattern, u32(part), FIELDS_END);
  return byte == SPACE;
}

/** The pattern of the line at the cursor, which was found good and of that number; 0 when it has none. */
function patternOf(start: usize, number: u32): usize {
  const pattern = PATTERNS + usize(number & PATTERNS_MASK) * PATTERN_BYTES;
  const kept = load<u32>(pattern, NUMBER);
  if (kept == number) return pattern;
  const stay = load<u32>(pattern, STAY);
  if (stay > 0) {
    store<u32>(pattern, stay - 1, STAY);
    return 0;
  }
  const learned = learn(pattern, start);
  store<u32>(pattern, learned ? number : 0, NUMBER);
  store<u32>(pattern, 0, NEXT);
  store<u32>(pattern, 0, DOUBT);
  // Also for one that cannot be kept: not to try it with each line.
  store<u32>(pattern, LONGEST_STAY, STAY);
  return learned ? pattern : 0;
}

/** Goes on behind a line of that pattern. */
@inline
function pass(pattern: usize): void {
  latest = pattern;
  expected = load<u32>(pattern, NEXT);
  store<u32>(pattern, LONGEST_STAY, STAY);
}

/** A line of that pattern was taken by the walk. Twice in a row, and it is what will be expected in this place. */
function follow(pattern: usize): void {
  trust = pattern != 0 && pattern == expected ? min(trust + 1, MOST_TRUST) : max(trust - LOSS, -LOSS);
  // After one that is no pattern what was expected still is.
  if (pattern == 0) return;
  if (latest != 0 && expected != pattern) {
    if (expected == 0 || load<u32>(latest, DOUBT) != 0) store<u32>(latest, u32(pattern), NEXT);
    store<u32>(latest, u32(load<u32>(latest, DOUBT) == 0), DOUBT);
  }
  pass(pattern);
}

/** Whether what comes before a value is at `p`. */
@inline
function isAt(part: usize, p: usize): bool {
  const mask = load<u32>(part, MASK);
  const low = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p), v128.load(part))));
  if (mask >> 16 == 0) return (low & mask) == mask;
  const high = u32(v128.bitmask<i8>(v128.eq<i8>(v128.load(p, 16), v128.load(part, 16))));
  return ((low | (high << 16)) & mask) == mask;
}

/** The next structural byte from `p` on; there is always the line feed behind the window. */
@inline
function structuralFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(structural(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(structural(v128.load(p)));
  }
  return p + usize(ctz(bits));
}

/** The next byte from `p` on that a text in quotes may not hold as it is. */
@inline
function endingFrom(p: usize): usize {
  let bits = v128.bitmask<i8>(ending(v128.load(p)));
  while (bits == 0) {
    p += 16;
    bits = v128.bitmask<i8>(ending(v128.load(p)));
  }
  return p + usize(ctz(bits));
}

/** As `line`, for one that has the expected pattern. */
@inline
function likeExpected(start: usize, limit: usize, entry: usize, lineNumber: u32): usize {
  const pattern = expected;
  if (pattern == 0 || trust <= 0) return 0;
  // Its place may have been wanted since, by one that could not be kept.
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
  const time = timestamp(p, end - p);
  if (time > timeLimit) return 0;
  const behind = end + usize(load<u8>(end) == CR);
  if (load<u8>(behind) != LF || behind >= limit || behind - start > maxPointBytes) return 0;
  enter(entry, start, end, lineNumber, number - 1, time);
  trust = min(trust + 1, MOST_TRUST);
  store<u32>(latest, 0, DOUBT);
  pass(pattern);
  return behind + 1;
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
  enter(entry, start, end, lineNumber, (number - 1) | missing, time);
  follow(patternOf(start, number));
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
 * their entries. Line numbers go on from the second word of the state, which is left at the next one; the third counts
 * the lines that were as expected.
 * @returns where it stopped: at the start of a line.
 */
export function take(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  let lineNumber = load<u32>(STATE, 4);
  let asExpected = load<u32>(STATE, 8);
  let room = entry;
  while (room < entriesEnd) {
    let next = likeExpected(at, limit, room, lineNumber);
    if (next != 0) {
      asExpected++;
      listBytes = FEW;
    } else {
      if (at >= listedTo) list(at, limit);
      while (load<u32>(cursor) < u32(at) && cursor < listEnd) cursor += 4;
      next = line(at, room, lineNumber);
      if (next == 0) {
        // Out of the ordinary, or cut off by the end of the block: then a larger one starts with this line.
        if (lineFeedListed() || (at == listedFrom && (listedTo == limit || listedTo - at == BLOCK))) break;
        listBytes = BLOCK;
        list(at, limit);
        continue;
      }
    }
    at = next;
    room += ENTRY_BYTES;
    lineNumber++;
  }
  store<u32>(STATE, lineNumber, 4);
  store<u32>(STATE, asExpected, 8);
  store<u32>(STATE, u32((room - entry) / ENTRY_BYTES));
  return at;
}
