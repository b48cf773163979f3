// Memory that the main thread shares with the worker thread that reads Parquet. This memory consists of images. Each
// image has the layout of the format's memory and stores one run of points.

import { copyBytes } from '../../../core/io/byte-source.js';
import type { Points } from '../../../core/types/index.js';
import { LENGTH, POINT_WORDS, SOURCE_LENGTH, SOURCE_START, START } from '../../../core/types/index.js';
import { type RowLayout, type RowMemoryOptions, rowLayout } from '../../rows/rows-layout.js';

/** Number of images: the worker thread fills one image, and the main thread sends from the other images. */
const images = 3;
/** Largest number of points in an image. */
const indexPoints = 16_384;
/** Bytes of points in an image: slightly less than one request body, which is sent from the image without a copy. */
const imageBytes = 1000 * 1024;
/** Smallest number of points that show the mean length of a point. */
const minSample = 256;
/** Memory of a worker thread with all its code loaded, bytes (Node 20, measured 2026-11-30). */
const threadBytes = 12 * 1024 * 1024;

/** Returns the options with the size of a run of points on the thread. */
export function imageOptions<T extends RowMemoryOptions>(options: T): T {
  return { indexPoints, ...options };
}

/** Returns how many bytes of memory the thread needs in addition to the pages of a row group. */
export function parquetThreadBytes(options: RowMemoryOptions): number {
  const { bytes, index, scratch, scratchEnd } = rowLayout(imageOptions(options));
  return threadBytes + bytes + images * (bytes - index - (scratchEnd - scratch));
}

/**
 * Allocates the images. An image has the same offsets as the format's memory. The bytes before the index and
 * the scratch are never used, so they take no physical memory.
 */
export function runImages({ bytes }: RowLayout): readonly Uint8Array[] {
  return Array.from({ length: images }, () => new Uint8Array(new SharedArrayBuffer(bytes)));
}

/** Copies a run of points into an image: its index, its points, and the text of its rows as read. */
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

/** Returns how many points fit into the next image if they have the same mean length as these points. */
export function pointsPerImage({ index, count }: Points, { indexPoints: all }: RowLayout): number {
  if (count < minSample) return all;
  const last = (count - 1) * POINT_WORDS;
  const bytes = index[last + START]! + index[last + LENGTH]! + 1 - index[START]!;
  return Math.min(all, Math.max(minSample, Math.floor((imageBytes * count) / bytes)));
}
