// Runs of small whole numbers, as levels and places in a dictionary are written: each run one value repeated, or several
// packed bit by bit. Exactly as many are read as there have to be.

export type Numbers = Uint8Array | Int32Array;

/** Fills `into` from [from, to). Throws when it holds fewer. @param width bits of each */
export function readRuns(bytes: Uint8Array, from: number, to: number, width: number, into: Numbers): void {
  const runs = { bytes, to, at: from };
  let done = 0;
  while (done < into.length) {
    const head = varint(runs);
    const left = into.length - done;
    if (head % 2 === 0) {
      const length = Math.min(left, head / 2);
      into.fill(repeated(runs, width), done, done + length);
      done += length;
      continue;
    }
    const groups = (head - 1) / 2;
    const length = Math.min(left, groups * 8);
    // Some writers leave out what no value lies in.
    if (Math.ceil((length * width) / 8) > to - runs.at) throw new Error('packed values that end too early');
    unpack(bytes, runs.at, width, into, done, length);
    runs.at += groups * width;
    done += length;
  }
}

/** Levels up to `highest`, as `readRuns`. */
export function readLevels(bytes: Uint8Array, from: number, to: number, highest: number, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  readRuns(bytes, from, to, bitWidth(highest), levels);
  return levels;
}

/** The same; null where one run says that all are at the highest, as in most columns. */
export function readPresence(
  bytes: Uint8Array,
  from: number,
  to: number,
  highest: number,
  count: number,
): Uint8Array | null {
  const runs = { bytes, to, at: from };
  const head = varint(runs);
  const isOne = head % 2 === 0 && head / 2 >= count && repeated(runs, bitWidth(highest)) === highest;
  return isOne ? null : readLevels(bytes, from, to, highest, count);
}

/** Bits that numbers up to `most` take. */
export function bitWidth(most: number): number {
  return 32 - Math.clz32(most);
}

interface Runs {
  readonly bytes: Uint8Array;
  readonly to: number;
  at: number;
}

function varint(runs: Runs): number {
  let value = 0;
  for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
    if (runs.at >= runs.to) break;
    const byte = runs.bytes[runs.at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new Error('runs of values that end too early');
}

function repeated(runs: Runs, width: number): number {
  const size = (width + 7) >>> 3;
  if (size > runs.to - runs.at) throw new Error('runs of values that end too early');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + runs.bytes[runs.at + i]!;
  runs.at += size;
  return value;
}

function unpack(bytes: Uint8Array, from: number, width: number, into: Numbers, at: number, length: number): void {
  const mask = 2 ** width - 1;
  let p = from;
  // What was read of the bytes and not yet handed out; below 2^32 for widths up to 24.
  let bits = 0;
  let held = 0;
  if (width > 24) {
    unpackWide(bytes, from, width, into, at, length);
    return;
  }
  for (let i = at; i < at + length; i++) {
    while (held < width) {
      bits |= bytes[p++]! << held;
      held += 8;
    }
    into[i] = bits & mask;
    bits >>>= width;
    held -= width;
  }
}

function unpackWide(bytes: Uint8Array, from: number, width: number, into: Numbers, at: number, length: number): void {
  let p = from;
  let bits = 0;
  let held = 0;
  const range = 2 ** width;
  for (let i = at; i < at + length; i++) {
    for (; held < width; held += 8) bits += bytes[p++]! * 2 ** held;
    into[i] = bits % range;
    bits = Math.floor(bits / range);
    held -= width;
  }
}
