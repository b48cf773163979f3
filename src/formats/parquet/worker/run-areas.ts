// Memory that the main thread shares with the worker thread that reads Parquet. This memory contains several areas.
// The thread writes each run of points to an area, and the main thread sends the points from there.

import type { Points } from '../../../core/types/index.js';
import { LENGTH, POINT_WORDS, START } from '../../../core/types/index.js';
import { memoryOf, type WasmMemory, wholePages } from '../../../core/wasm.js';
import { columnMemoryBytes, type RowLayout, type RowMemoryOptions, rowLayout } from '../../rows/rows-layout.js';

/**
 * Number of areas: the worker thread fills one, the main thread sends from the others. An area contains the index, the
 * points and the JSON of the rows.
 */
export const areaCount = 4;
/** Largest number of points in an area. */
const indexPoints = 16_384;
/**
 * Bytes of points in an area: slightly less than a request body. So one request body can be sent from one area
 * without a copy.
 */
const areaBytes = 1000 * 1024;
/** The mean length of a point is computed only from at least this many points. */
const minSample = 256;
/** Memory of a worker thread with all its code loaded, bytes (Node 20, measured 2026-11-30). */
const threadBytes = 12 * 1024 * 1024;

/** Adds the number of points in an area to the options, unless they already state a number of points. */
export function areaOptions<T extends RowMemoryOptions>(options: T): T {
  return { indexPoints, ...options };
}

/** Returns how many bytes of memory the thread needs in addition to the pages of a row group. */
export function parquetThreadBytes(options: RowMemoryOptions): number {
  const { bytes, index, scratch, scratchEnd } = rowLayout(areaOptions(options));
  return threadBytes + bytes + (areaCount - 1) * (bytes - index - (scratchEnd - scratch));
}

/**
 * Allocates the memory of the Parquet parser with all areas. The first area is part of the parser's own memory; the
 * others follow the memory for blocks of columns. Scratch bytes of the other areas are never used, so they take no
 * physical memory.
 */
export function areasMemory(layout: RowLayout): WasmMemory {
  return memoryOf(wholePages(layout.bytes + areaShift(layout, areaCount - 1)), true);
}

/** Returns how many bytes after the first area this area begins. */
export function areaShift({ bytes, index }: RowLayout, area: number): number {
  return area === 0 ? 0 : bytes + columnMemoryBytes - index + (area - 1) * (bytes - index);
}

/** Returns how many points fit into the next area if the mean length of its points is the same as in this area. */
export function pointsPerArea({ index, count }: Points, { indexPoints: all }: RowLayout): number {
  if (count < minSample) return all;
  const last = (count - 1) * POINT_WORDS;
  const bytes = index[last + START]! + index[last + LENGTH]! + 1 - index[START]!;
  return Math.min(all, Math.max(minSample, Math.floor((areaBytes * count) / bytes)));
}
