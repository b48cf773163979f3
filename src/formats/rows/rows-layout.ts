// Computes where each part of the formats' common memory begins: state of the WebAssembly parser, index, points,
// decoded cells, two read buffers. In front of each read buffer there is room for a row that began in the other buffer.

import { POINT_WORDS } from '../../core/types/index.js';
import { wholePages } from '../../core/wasm.js';
import { KERNEL_END } from '../kernel/assembly/rows/row-memory.js';

export interface RowMemoryOptions {
  readonly maxPointBytes: number;
  /** Largest number of bytes per read. Default: 256 KiB. */
  readonly chunkBytes?: number;
  /** Largest number of points in a run of points (`Points`). Default: 4096. */
  readonly indexPoints?: number;
  /** `false` disables the WebAssembly parser. An array contains another compiled parser. Only tests set this option. */
  readonly kernel?: false | Uint8Array | undefined;
}

/** Offsets of the parts of the common memory, and its size. */
export interface RowLayout {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  readonly scratch: number;
  readonly scratchEnd: number;
  /** Offsets of the read buffers. The `maxPointBytes` bytes before a buffer hold the start of a row that ends in it. */
  readonly windows: readonly [number, number];
  readonly chunkBytes: number;
  /** Total size of these parts, bytes. The memory for blocks of Parquet columns begins at this offset. */
  readonly bytes: number;
}

/**
 * Bytes of memory for blocks of Parquet columns. Only the Parquet reader uses these bytes, and only its memory
 * estimate includes them.
 */
export const columnMemoryBytes = 2 * 1024 * 1024;

/** Number of bytes after each read buffer. They contain an LF, at which every search for a line end stops. */
const SLACK = 64;

/** Computes the layout. The decoded cells and the encoded point of a row may each need three times the row's bytes. */
export function rowLayout({ maxPointBytes, chunkBytes = 256 * 1024, indexPoints = 4096 }: RowMemoryOptions): RowLayout {
  const index = KERNEL_END;
  const out = index + indexPoints * POINT_WORDS * 4;
  const outEnd = out + Math.max(4 * chunkBytes, 3 * maxPointBytes + 64 * 1024);
  const scratchEnd = outEnd + 3 * maxPointBytes + SLACK;
  const first = scratchEnd + maxPointBytes;
  const second = first + chunkBytes + SLACK + maxPointBytes;
  const bytes = wholePages(second + chunkBytes + SLACK);
  return { index, indexPoints, out, outEnd, scratch: outEnd, scratchEnd, windows: [first, second], chunkBytes, bytes };
}
