// Stores the values of a page in the same memory layout for all encodings. Compact encodings are decoded into this
// layout. Reading a value allocates no object.

import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import type { Leaf } from '../metadata/parquet-schema.js';
import { readRuns } from './bit-runs.js';

/** The values of a page or of a dictionary, by index. */
export interface PageValues {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset in `bytes` of the first value, if all values have the same length. */
  readonly from: number;
  /** Offsets in `bytes` of the start and end of each value; null if all values have the same length. */
  readonly starts: Int32Array | null;
  readonly ends: Int32Array | null;
  /**
   * For each value, the number of leading bytes that it shares with the previous value. `bytes` omits these leading
   * bytes. Null if `bytes` contains complete values.
   */
  readonly shared: Int32Array | null;
}

const noBytes = new Uint8Array(0);
export const noValues: PageValues = valuesOf(0, noBytes, 0);
/** Largest accepted number of deltas in a block. The library (hyparquet) allocates memory for a whole block at once. */
const maxDeltaBlock = 1 << 16;

/**
 * The only function that creates PageValues, so that all PageValues have the same hidden class in V8. With several
 * hidden classes, reading values would be several times slower.
 */
function valuesOf(
  count: number,
  bytes: Uint8Array,
  from: number,
  starts: Int32Array | null = null,
  ends: Int32Array | null = null,
  shared: Int32Array | null = null,
): PageValues {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { count, bytes, view, from, starts, ends, shared };
}

/** Reads values in PLAIN encoding. Throws if there are fewer than `count` values. */
export function plainValues(leaf: Leaf, count: number, bytes: Uint8Array, from: number): PageValues {
  if (leaf.physical === 'BOOLEAN') return bitValues(count, bytes, from);
  if (leaf.width > 0) {
    assertRoom(count * leaf.width, bytes, from);
    return valuesOf(count, bytes, from);
  }
  assertRoom(count * 4, bytes, from);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const values = valuesOf(count, bytes, from, starts, ends);
  const { view } = values;
  for (let i = 0, p = from; i < count; i++) {
    // In a damaged page, no bytes may be left for the length of this text.
    const length = p + 4 <= bytes.length ? view.getUint32(p, true) : Number.POSITIVE_INFINITY;
    if (length > bytes.length - p - 4) throw new Error('a text longer than its page');
    starts[i] = p + 4;
    p += 4 + length;
    ends[i] = p;
  }
  return values;
}

function assertRoom(size: number, bytes: Uint8Array, from: number): void {
  if (size > bytes.length - from) throw new Error('a page with fewer values than its header states');
}

/** Reads `count` booleans, which take one bit each. Stores each boolean as one byte. */
function bitValues(count: number, bytes: Uint8Array, from: number): PageValues {
  assertRoom(count / 8, bytes, from);
  const flags = new Uint8Array(count);
  for (let i = 0; i < count; i++) flags[i] = (bytes[from + (i >>> 3)]! >>> (i & 7)) & 1;
  return valuesOf(count, flags, 0);
}

/** Reads values in any encoding except dictionary encoding. Throws for damaged values and unknown encodings. */
export function encodedValues(
  leaf: Leaf,
  encoding: string,
  count: number,
  bytes: Uint8Array,
  from: number,
): PageValues {
  if (encoding === 'PLAIN') return plainValues(leaf, count, bytes, from);
  if (count === 0) return noValues;
  if (encoding === 'RLE' && leaf.physical === 'BOOLEAN') {
    const flags = new Uint8Array(count);
    readRuns(bytes, from + 4, bytes.length, 1, flags);
    return valuesOf(count, flags, 0);
  }
  if (encoding === 'BYTE_STREAM_SPLIT') return splitValues(leaf, count, bytes, from);
  if (encoding === 'DELTA_BINARY_PACKED' && leaf.physical === 'INT32')
    return deltaValues(new Int32Array(count), bytes, from);
  if (encoding === 'DELTA_BINARY_PACKED' && leaf.physical === 'INT64')
    return deltaValues(new BigInt64Array(count), bytes, from);
  const isByteArray = leaf.physical === 'BYTE_ARRAY' || leaf.physical === 'FIXED_LEN_BYTE_ARRAY';
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY' && isByteArray) return deltaTexts(leaf, count, bytes, from, null);
  if (encoding === 'DELTA_BYTE_ARRAY' && isByteArray) {
    const shared = new Int32Array(count);
    deltaValues(shared, bytes, from);
    return deltaTexts(leaf, count, bytes, deltaExtent(bytes, from, count).end, shared);
  }
  throw new Error(`values of ${leaf.physical} encoded as ${encoding}`);
}

function splitValues(leaf: Leaf, count: number, bytes: Uint8Array, from: number): PageValues {
  if (leaf.width < 2) throw new Error(`values of ${leaf.physical} encoded as BYTE_STREAM_SPLIT`);
  assertRoom(count * leaf.width, bytes, from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const joined: unknown = byteStreamSplit({ view, offset: from }, count, leaf.physical, leaf.width);
  const whole = Array.isArray(joined) ? (joined[0] as Uint8Array).buffer : (joined as Uint8Array).buffer;
  return valuesOf(count, new Uint8Array(whole), 0);
}

function deltaValues(into: Int32Array | BigInt64Array, bytes: Uint8Array, from: number): PageValues {
  const { first } = deltaExtent(bytes, from, into.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  deltaBinaryUnpack({ view, offset: from }, into.length, into);
  // DuckDB writes the first of several unsigned integers with 33 bits, but the library (hyparquet) reads only 32 bits.
  // Each later number is the first number plus deltas, so the same correction applies to every number.
  if (into instanceof Int32Array && into.length > 0 && into[0] !== (first | 0)) {
    const missing = first - into[0]!;
    for (let i = 0; i < into.length; i++) into[i]! += missing;
  }
  return valuesOf(into.length, new Uint8Array(into.buffer), 0);
}

function deltaTexts(leaf: Leaf, count: number, bytes: Uint8Array, from: number, shared: Int32Array | null): PageValues {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  deltaValues(ends, bytes, from);
  let p = deltaExtent(bytes, from, count).end;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const length = ends[i]!;
    const head = shared?.[i] ?? 0;
    if (length < 0 || length > bytes.length - p || head < 0 || head > before)
      throw new Error('a text longer than its page');
    if (leaf.width > 0 && head + length !== leaf.width) throw new Error('a value whose length differs from the type');
    before = head + length;
    starts[i] = p;
    p += length;
    ends[i] = p;
  }
  return valuesOf(count, bytes, 0, starts, ends, shared);
}

/**
 * Returns the offset after `count` delta-encoded numbers, and the first number. Throws if the headers of the deltas are
 * damaged. The library (hyparquet) does not check them.
 */
function deltaExtent(bytes: Uint8Array, from: number, count: number): { readonly end: number; readonly first: number } {
  let p = from;
  const varint = (): number => {
    let value = 0;
    for (let i = 0, factor = 1; i < 10; i++, factor *= 128) {
      const byte = bytes[p++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('truncated deltas');
  };
  const blockSize = varint();
  const parts = varint();
  const partSize = blockSize / parts;
  if (blockSize > maxDeltaBlock || parts === 0 || partSize % 8 !== 0 || partSize === 0)
    throw new Error('deltas with an invalid block size');
  if (varint() !== count) throw new Error('a number of deltas that differs from the number of values');
  const zigzag = varint();
  const first = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  for (let done = 1; done < count; ) {
    varint();
    const widths = bytes.subarray(p, p + parts);
    if (widths.length < parts) throw new Error('truncated deltas');
    p += parts;
    for (let i = 0; i < parts && done < count; i++, done += partSize) {
      if (widths[i]! > 64) throw new Error('deltas of more than 64 bits');
      p += (widths[i]! * partSize) / 8;
    }
  }
  if (p > bytes.length) throw new Error('truncated deltas');
  return { end: p, first };
}
