// Memory that the main thread shares with the worker thread that reads Parquet. This memory contains several images.
// The thread writes each run of points to an image, and the main thread sends the points from there.

import type { Points } from '../../../core/types/index.js';
import { LENGTH, POINT_WORDS, START } from '../../../core/types/index.js';
import { memoryOf, pageBytes, type WasmMemory } from '../../../core/wasm.js';
import { columnMemoryBytes, type RowLayout, type RowMemoryOptions, rowLayout } from '../../rows/rows-layout.js';

/**
 * Number of images: the worker thread fills one, the main thread sends from the others. An image contains the index, the
 * points and the JSON of the rows.
 */
export const imageCount = 4;
/** Largest number of points in an image. */
const indexPoints = 16_384;
/**
 * Bytes of points in an image: slightly less than a request body. So one request body can be sent from one image
 * without a copy.
 */
const imageBytes = 1000 * 1024;
/** The mean length of a point is computed only from at least this many points. */
const minSample = 256;
/** Memory of a worker thread with all its code loaded, bytes (Node 20, measured 2026-11-30). */
const threadBytes = 12 * 1024 * 1024;

/** Adds the number of points in an image to the options, unless they already state a number of points. */
export function imageOptions<T extends RowMemoryOptions>(options: T): T {
  return { indexPoints, ...options };
}

/** Returns how many bytes of memory the thread needs in addition to the pages of a row group. */
export function parquetThreadBytes(options: RowMemoryOptions): number {
  const { bytes, index, scratch, scratchEnd } = rowLayout(imageOptions(options));
  return threadBytes + bytes + (imageCount - 1) * (bytes - index - (scratchEnd - scratch));
}

/**
 * Allocates the memory of the Parquet parser with all images. The first image is part of the parser's own memory; the
 * others follow the memory for blocks of columns. Scratch bytes of the other images are never used, so they take no
 * physical memory.
 */
export function imagesMemory({ bytes, index }: RowLayout): WasmMemory {
  const needed = bytes + columnMemoryBytes + (imageCount - 1) * (bytes - index);
  return memoryOf(Math.ceil(needed / pageBytes) * pageBytes, true);
}

/** Returns how many bytes after the first image this image begins. */
export function imageShift({ bytes, index }: RowLayout, image: number): number {
  return image === 0 ? 0 : bytes + columnMemoryBytes - index + (image - 1) * (bytes - index);
}

/** Returns how many points fit into the next image if the mean length of its points is the same as in this image. */
export function pointsPerImage({ index, count }: Points, { indexPoints: all }: RowLayout): number {
  if (count < minSample) return all;
  const last = (count - 1) * POINT_WORDS;
  const bytes = index[last + START]! + index[last + LENGTH]! + 1 - index[START]!;
  return Math.min(all, Math.max(minSample, Math.floor((imageBytes * count) / bytes)));
}
