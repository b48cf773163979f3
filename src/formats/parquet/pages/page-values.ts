// The values of a page as they lie in it: no object is made for any of them. What is packed is unpacked into memory of the
// same form, so that whoever reads a value need not know how it came.

import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import type { Leaf } from '../metadata/parquet-schema.js';
import { deltaEnd } from './delta.js';
import { readRuns } from './levels.js';

/** Values by number. */
export interface PageValues {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where values of one length begin. */
  readonly from: number;
  /** Offsets in `bytes` of values of any length; null for those of one length. */
  readonly starts: Int32Array | null;
  readonly ends: Int32Array | null;
  /** Bytes at the beginning of each value that are those of the one before; null where each is whole. */
  readonly shared: Int32Array | null;
}

const noBytes = new Uint8Array(0);
export const noValues: PageValues = valuesOf(0, noBytes, 0);

/** All are made here, so that they are objects of one form: reading from several is several times as slow. */
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

/** Values as they are, one behind the other. Throws when there are fewer. */
export function plainValues(leaf: Leaf, count: number, bytes: Uint8Array, from: number): PageValues {
  if (leaf.physical === 'BOOLEAN') return bitValues(count, bytes, from);
  if (leaf.width > 0) {
    if (count * leaf.width > bytes.length - from) throw new Error('fewer values than it speaks of');
    return valuesOf(count, bytes, from);
  }
  if (count * 4 > bytes.length - from) throw new Error('fewer values than it speaks of');
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const values = valuesOf(count, bytes, from, starts, ends);
  const { view } = values;
  for (let i = 0, p = from; i < count; i++) {
    const length = view.getUint32(p, true);
    if (length > bytes.length - p - 4) throw new Error('a text longer than what holds it');
    starts[i] = p + 4;
    p += 4 + length;
    ends[i] = p;
  }
  return values;
}

/** A byte for each bit. */
function bitValues(count: number, bytes: Uint8Array, from: number): PageValues {
  if (count > (bytes.length - from) * 8) throw new Error('fewer values than it speaks of');
  const flags = Uint8Array.from({ length: count }, (_, i) => (bytes[from + (i >>> 3)]! >>> (i & 7)) & 1);
  return valuesOf(count, flags, 0);
}

/** Values in one of the encodings that need no dictionary. Throws for what is damaged, or none of them. */
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
  if (encoding === 'BYTE_STREAM_SPLIT') return split(leaf, count, bytes, from);
  if (encoding === 'DELTA_BINARY_PACKED' && leaf.physical === 'INT32')
    return deltas(new Int32Array(count), bytes, from);
  if (encoding === 'DELTA_BINARY_PACKED' && leaf.physical === 'INT64')
    return deltas(new BigInt64Array(count), bytes, from);
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') return lengths(leaf, count, bytes, from, null);
  if (encoding === 'DELTA_BYTE_ARRAY') {
    const shared = new Int32Array(count);
    deltas(shared, bytes, from);
    return lengths(leaf, count, bytes, deltaEnd(bytes, from, count), shared);
  }
  throw new Error(`values as ${encoding}`);
}

function split(leaf: Leaf, count: number, bytes: Uint8Array, from: number): PageValues {
  if (leaf.width === 0 || leaf.width === 1 || count * leaf.width > bytes.length - from)
    throw new Error('fewer values than it speaks of');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const made: unknown = byteStreamSplit({ view, offset: from }, count, leaf.physical, leaf.width);
  const whole = Array.isArray(made) ? (made[0] as Uint8Array).buffer : (made as Uint8Array).buffer;
  return valuesOf(count, new Uint8Array(whole), 0);
}

function deltas(into: Int32Array | BigInt64Array, bytes: Uint8Array, from: number): PageValues {
  deltaEnd(bytes, from, into.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  deltaBinaryUnpack({ view, offset: from }, into.length, into);
  return valuesOf(into.length, new Uint8Array(into.buffer), 0);
}

function lengths(leaf: Leaf, count: number, bytes: Uint8Array, from: number, shared: Int32Array | null): PageValues {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  deltas(ends, bytes, from);
  let p = deltaEnd(bytes, from, count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const length = ends[i]!;
    const head = shared?.[i] ?? 0;
    if (length < 0 || length > bytes.length - p || head < 0 || head > before)
      throw new Error('a text longer than what holds it');
    if (leaf.width > 0 && head + length !== leaf.width) throw new Error('a value of another length');
    before = head + length;
    starts[i] = p;
    p += length;
    ends[i] = p;
  }
  return valuesOf(count, bytes, 0, starts, ends, shared);
}
