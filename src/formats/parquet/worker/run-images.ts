// Memory that the main thread shares with the worker thread that reads Parquet. This memory consists of images. Each
// image stores one run of points, in the same layout as the memory of the Parquet parser.

import { copyBytes } from '../../../core/io/byte-source.js';
import type { Points } from '../../../core/types/index.js';
import { LENGTH, POINT_WORDS, SOURCE_LENGTH, SOURCE_START, START } from '../../../core/types/index.js';
import { type RowLayout, type RowMemoryOptions, rowLayout } from '../../rows/rows-layout.js';

/** Number of images (shared memory for points): the worker thread fills one, the main thread sends from the others. */
const images = 3;
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
  return threadBytes + bytes + images * (bytes - index - (scratchEnd - scratch));
}

/**
 * Allocates the images. An image has the same layout as the memory of the Parquet parser. The bytes before the index
 * are never used, and neither are the scratch bytes. So both take no physical memory.
 */
export function runImages({ bytes }: RowLayout): readonly Uint8Array[] {
  return Array.from({ length: images }, () => new Uint8Array(new SharedArrayBuffer(bytes)));
}

/** Copies a run of points (`Points`) into an image: the index, the points, and the source text of the rows. */
export function copyRun({ bytes, index, count, rejects }: Points, layout: RowLayout, image: Uint8Array): void {
  const first = index.subarray(0, POINT_WORDS);
  const last = index.subarray((count - 1) * POINT_WORDS, count * POINT_WORDS);
  const starts = rejects.length > 0 ? [rejects[0]!.start] : [];
  const ends = rejects.map(({ start, length }) => start + length).slice(-1);
  const copy = (from: number, to: number): void => copyBytes(bytes, from, to, image, from);
  if (count > 0) {
    copy(layout.index, layout.index + count * POINT_WORDS * 4);
    // Each point is followed by an LF.
    copy(first[START]!, last[START]! + last[LENGTH]! + 1);
    starts.push(first[SOURCE_START]!);
    ends.push(last[SOURCE_START]! + last[SOURCE_LENGTH]!);
  }
  if (starts.length > 0) copy(Math.min(...starts), Math.max(...ends));
}

/** Returns how many points fit into the next image if the mean length of its points is the same as in this image. */
export function pointsPerImage({ index, count }: Points, { indexPoints: all }: RowLayout): number {
  if (count < minSample) return all;
  const last = (count - 1) * POINT_WORDS;
  const bytes = index[last + START]! + index[last + LENGTH]! + 1 - index[START]!;
  return Math.min(all, Math.max(minSample, Math.floor((imageBytes * count) / bytes)));
}
