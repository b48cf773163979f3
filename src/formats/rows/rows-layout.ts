// How the one memory of a format for rows is laid out: what the kernel keeps, index and encoded points first, then unescaped cells, then two
// windows, each with room before it for the unfinished row of the other.

import { POINT_WORDS } from '../../core/types/index.js';

export interface RowMemoryOptions {
  readonly maxPointBytes: number;
  /** Bytes asked of the source at once. Default 256 KiB. */
  readonly chunkBytes?: number;
  /** Most points in one run. Default 4096. */
  readonly indexPoints?: number;
  /** False for the exact way alone, bytes for another kernel. */
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
  /** Where the two windows begin; up to maxPointBytes before each belong to it. */
  readonly windows: readonly [number, number];
  readonly chunkBytes: number;
  readonly bytes: number;
}

/** Of WebAssembly's memory. */
const PAGE = 65_536;
/** What the kernel keeps for itself: state, cells, words, plans, keys. */
const KERNEL_BYTES = 327_680;
/** Behind each window: the LF that ends every search. */
const SLACK = 64;

/** Where everything lies. A row of the longest kind may take three times its bytes once its cells are
 * unescaped and in UTF-8, and as many once it is encoded. */
export function rowLayout({ maxPointBytes, chunkBytes = 256 * 1024, indexPoints = 4096 }: RowMemoryOptions): RowLayout {
  const index = KERNEL_BYTES;
  const out = index + indexPoints * POINT_WORDS * 4;
  const outEnd = out + Math.max(4 * chunkBytes, 3 * maxPointBytes + 64 * 1024);
  const scratchEnd = outEnd + 3 * maxPointBytes + SLACK;
  const first = scratchEnd + maxPointBytes;
  const second = first + chunkBytes + SLACK + maxPointBytes;
  const bytes = Math.ceil((second + chunkBytes + SLACK) / PAGE) * PAGE;
  return { index, indexPoints, out, outEnd, scratch: outEnd, scratchEnd, windows: [first, second], chunkBytes, bytes };
}
