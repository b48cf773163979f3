// The layout of the memory that formats of rows share: kernel, index, encoded points, decoded cells, then two windows.
// Before each window there is room for the unfinished row of the other window.

import { POINT_WORDS } from '../../core/types/index.js';
import { KERNEL_END } from '../kernel/assembly/rows/row-memory.js';

export interface RowMemoryOptions {
  readonly maxPointBytes: number;
  /** Bytes of one read. Default 256 KiB. */
  readonly chunkBytes?: number;
  /** Largest number of points in one run. Default 4096. */
  readonly indexPoints?: number;
  /** `false`: only the encoder, as in tests. Bytes: another compiled kernel. Default: the built one. */
  readonly kernel?: false | Uint8Array | undefined;
}

/** Offsets in the shared memory, and its size. */
export interface RowLayout {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  readonly scratch: number;
  readonly scratchEnd: number;
  /** Offsets of the two windows. The `maxPointBytes` bytes before a window belong to it. */
  readonly windows: readonly [number, number];
  readonly chunkBytes: number;
  /** Size without the memory for blocks of columns, which begins at this offset. */
  readonly bytes: number;
}

/** Bytes of the memory for blocks of columns. Only Parquet touches this memory, and counts it in its budget. */
export const columnMemoryBytes = 2 * 1024 * 1024;

/** Page size of WebAssembly memory. */
const PAGE = 65_536;
/** Bytes after each window, which hold the LF that ends every search. */
const SLACK = 64;

/**
 * Computes the layout. The decoded cells of the longest row may take three times its bytes, and so may its encoded point.
 */
export function rowLayout({ maxPointBytes, chunkBytes = 256 * 1024, indexPoints = 4096 }: RowMemoryOptions): RowLayout {
  const index = KERNEL_END;
  const out = index + indexPoints * POINT_WORDS * 4;
  const outEnd = out + Math.max(4 * chunkBytes, 3 * maxPointBytes + 64 * 1024);
  const scratchEnd = outEnd + 3 * maxPointBytes + SLACK;
  const first = scratchEnd + maxPointBytes;
  const second = first + chunkBytes + SLACK + maxPointBytes;
  const bytes = Math.ceil((second + chunkBytes + SLACK) / PAGE) * PAGE;
  return { index, indexPoints, out, outEnd, scratch: outEnd, scratchEnd, windows: [first, second], chunkBytes, bytes };
}
