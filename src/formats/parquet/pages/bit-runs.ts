// Decodes Parquet's RLE/bit-packing hybrid. Each sequence is either one number with its count, or several numbers
// that are packed bit by bit. Definition levels, repetition levels and dictionary indexes have this encoding.

type Numbers = Uint8Array | Int32Array;

/** Fills `into` with numbers of `width` bits from the bytes [from, to). Throws if there are too few numbers. */
export function readRuns(bytes: Uint8Array, from: number, to: number, width: number, into: Numbers): void {
  const runs = { bytes, to, at: from };
  let done = 0;
  while (done < into.length) {
    const head = readVarint(runs);
    const left = into.length - done;
    if (head % 2 === 0) {
      const length = Math.min(left, head / 2);
      into.fill(readRepeated(runs, width), done, done + length);
      done += length;
      continue;
    }
    const groups = (head - 1) / 2;
    const length = Math.min(left, groups * 8);
    // Packed numbers form groups of eight. Some writers omit the unused bytes of the last group, so only the used bytes
    // must be present.
    if (Math.ceil((length * width) / 8) > to - runs.at) throw new Error('truncated packed values');
    unpack(bytes, runs.at, width, into, done, length);
    runs.at += groups * width;
    done += length;
  }
}

/** Reads `count` levels between 0 and `maxLevel`. */
export function readLevels(bytes: Uint8Array, from: number, to: number, maxLevel: number, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  readRuns(bytes, from, to, bitWidth(maxLevel), levels);
  return levels;
}

/**
 * Reads levels as `readLevels` does. Returns null if the page contains only the level `maxLevel`, encoded as one
 * repeated number. This is true for most pages.
 */
export function readPresence(
  bytes: Uint8Array,
  from: number,
  to: number,
  maxLevel: number,
  count: number,
): Uint8Array | null {
  const runs = { bytes, to, at: from };
  const head = readVarint(runs);
  const isOneRun = head % 2 === 0 && head / 2 >= count && readRepeated(runs, bitWidth(maxLevel)) === maxLevel;
  return isOneRun ? null : readLevels(bytes, from, to, maxLevel, count);
}

/** Returns the number of bits needed for numbers up to `max`. */
function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

interface RunReader {
  readonly bytes: Uint8Array;
  readonly to: number;
  at: number;
}

function readVarint(runs: RunReader): number {
  let value = 0;
  for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
    if (runs.at >= runs.to) break;
    const byte = runs.bytes[runs.at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new Error('truncated runs of values');
}

function readRepeated(runs: RunReader, width: number): number {
  const size = (width + 7) >>> 3;
  if (size > runs.to - runs.at) throw new Error('truncated runs of values');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + runs.bytes[runs.at + i]!;
  runs.at += size;
  return value;
}

function unpack(bytes: Uint8Array, from: number, width: number, into: Numbers, at: number, length: number): void {
  if (width === 0) {
    into.fill(0, at, at + length);
    return;
  }
  if (width > 24) {
    unpackWide(bytes, from, width, into, at, length);
    return;
  }
  const mask = 2 ** width - 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [w2, w3, w4, w5, w6, w7] = [2 * width, 3 * width, 4 * width, 5 * width, 6 * width, 7 * width];
  let p = from;
  let i = at;
  // Eight numbers take `width` bytes. Each number lies in the four bytes that begin at its first byte. A loop over these
  // eight takes twice the time.
  for (const end = at + length - 7; i < end && p + width + 3 <= bytes.length; i += 8, p += width) {
    into[i] = view.getUint32(p, true) & mask;
    into[i + 1] = (view.getUint32(p + (width >>> 3), true) >>> (width & 7)) & mask;
    into[i + 2] = (view.getUint32(p + (w2 >>> 3), true) >>> (w2 & 7)) & mask;
    into[i + 3] = (view.getUint32(p + (w3 >>> 3), true) >>> (w3 & 7)) & mask;
    into[i + 4] = (view.getUint32(p + (w4 >>> 3), true) >>> (w4 & 7)) & mask;
    into[i + 5] = (view.getUint32(p + (w5 >>> 3), true) >>> (w5 & 7)) & mask;
    into[i + 6] = (view.getUint32(p + (w6 >>> 3), true) >>> (w6 & 7)) & mask;
    into[i + 7] = (view.getUint32(p + (w7 >>> 3), true) >>> (w7 & 7)) & mask;
  }
  // Bits that were read but not used yet. With `width` up to 24, these bits fit into 32 bits.
  let bits = 0;
  let pending = 0;
  for (; i < at + length; i++) {
    while (pending < width) {
      bits |= bytes[p++]! << pending;
      pending += 8;
    }
    into[i] = bits & mask;
    bits >>>= width;
    pending -= width;
  }
}

function unpackWide(bytes: Uint8Array, from: number, width: number, into: Numbers, at: number, length: number): void {
  let p = from;
  let bits = 0;
  let pending = 0;
  const range = 2 ** width;
  for (let i = at; i < at + length; i++) {
    for (; pending < width; pending += 8) bits += bytes[p++]! * 2 ** pending;
    into[i] = bits % range;
    bits = Math.floor(bits / range);
    pending -= width;
  }
}
