// The layout of the memory that formats of rows share: kernel, index and encoded points, then decoded cells, then two
// windows, each with room before it for the unfinished row of the other.

import { POINT_WORDS } from '../../core/types/index.js';
import { KERNEL_END } from '../kernel/assembly/rows/row-memory.js';

export interface RowMemoryOptions {
  readonly maxPointBytes: number;
  /** Bytes of one read. Default 256 KiB. */
  readonly chunkBytes?: number;
  /** Maximum of points in one run. Default 4096. */
  readonly indexPoints?: number;
  /** `false`: only the encoder, as in tests. Bytes: another compiled kernel. Default: the built one. */
  readonly kernel?: false | Uint8Array | undefined;
}

/** Offsets in the memory, and its size. */
export interface RowLayout {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  readonly scratch: number;
  readonly scratchEnd: number;
  /** Where the two windows begin. The `maxPointBytes` before each belong to it. */
  readonly windows: readonly [number, number];
  readonly chunkBytes: number;
  /** Bytes without the memory for blocks of columns, which begins there. */
  readonly bytes: number;
}

/** Memory for blocks of columns. Only Parquet touches it and counts it in its budget. */
export const columnMemoryBytes = 2 * 1024 * 1024;

/** Page size of WebAssembly memory. */
const PAGE = 65_536;
/** Bytes after each window. They hold the LF that ends every search. */
const SLACK = 64;

/** Computes the layout. The longest row may take three times its bytes when its cells are decoded to UTF-8, and again when
 * it is encoded. */
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
