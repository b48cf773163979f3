// How the format's one memory is laid out: shape table first, then the windows, each with room before it for the unfinished
// line of the one before. What is found in them goes to one place, or to one for each where two threads share the memory.

import type { InputPrecision, NameLimits } from '../../core/types/index.js';
import { POINT_WORDS } from '../../core/types/index.js';
import type { WasmMemory } from '../kernel/wasm.js';
import { ColumnSet } from './exact/column-set.js';
import { SHAPE_SLOT_BYTES, shapeSlots } from './shape-table.js';

/** Limits and meaning of a line-protocol input. */
export interface LineProtocolOptions {
  readonly maxPointBytes: number;
  readonly precision: InputPrecision;
  readonly missingTimestamp: 'reject' | 'now';
  /** Of the target; default: those of CnosDB. */
  readonly names?: NameLimits;
  /** Bytes asked of the source at once. Default 512 KiB. */
  readonly chunkBytes?: number;
  /** Most points in one run. Default 8192. */
  readonly indexPoints?: number;
  /** Most shapes that get a number. Default 4096. */
  readonly maxShapes?: number;
  /** Parses on a worker thread. Default: false. */
  readonly workerThread?: boolean;
  /** `false`: the exact check alone, as the fast path's oracle. Bytes: another compiled kernel. Default: the built one. */
  readonly kernel?: false | Uint8Array;
}

/** How line protocol is read. */
export interface ReadMode {
  /** Reads as large as they pay off. */
  readonly wideChunks: boolean;
  /** Parses on a thread of its own. */
  readonly workerThread: boolean;
}

/** Where a run is written: its index, and those of its points that had to be rewritten. */
export interface RunArea {
  readonly index: number;
  readonly scratch: number;
}

/** Offsets in the memory, and its size. */
export interface LinesLayout {
  readonly shapes: number;
  readonly shapesBytes: number;
  readonly indexPoints: number;
  readonly scratchBytes: number;
  /** Where the windows begin; up to maxPointBytes before each belong to it. */
  readonly windows: readonly number[];
  /** Where what is found in each of them goes. */
  readonly runs: readonly RunArea[];
  /** Up to maxPointBytes before it are for an unfinished line as long as it is in no window. */
  readonly carried: number;
  readonly chunkBytes: number;
  readonly bytes: number;
}

/** The kernel's own tables lie below. */
const KERNEL_BYTES = 192 * 1024;
/** Behind each window: the LF that ends every search, and what wide loads may read. */
const SLACK = 64;
const PAGE = 65_536;

function align(offset: number): number {
  return Math.ceil(offset / 64) * 64;
}

/**
 * What is asked of a source at once. Each read wakes a thread, and is passed on by a few promises: with `narrow` a load took
 * 8 % more CPU time than with `wide`, with twice as much no less (4 GB, Node 24; 2026-11-26). A thread of its own is told of
 * each read besides, and tells what it found: with half of `apart` a load took 8 % longer (4 GB, Node 24, two quiet
 * processors, medians of 4 in turns; 2026-11-26).
 */
export const chunkBytes = {
  narrow: 512 * 1024,
  /** Where there is memory for it. */
  wide: 1024 * 1024,
  /** With a worker thread. */
  workerThread: 2 * 1024 * 1024,
};
const workerIndexPoints = 16_384;
/** The worker thread with everything loaded (Node 20: 10 MiB; measured 2026-11-25). */
const threadBytes = 12 * 1024 * 1024;

/** The options that the size of the memory depends on. */
export type LinesMemoryOptions = Pick<
  LineProtocolOptions,
  'maxPointBytes' | 'precision' | 'missingTimestamp' | 'names'
>;

/** Adds the sizes of chunks and runs that suit the mode. */
export function lineOptions(options: LinesMemoryOptions, { wideChunks, workerThread }: ReadMode): LineProtocolOptions {
  const { maxPointBytes, precision, missingTimestamp, names } = options;
  const common = { maxPointBytes, precision, missingTimestamp, ...(names === undefined ? {} : { names }) };
  return workerThread
    ? { ...common, workerThread, chunkBytes: chunkBytes.workerThread, indexPoints: workerIndexPoints }
    : { ...common, chunkBytes: wideChunks ? chunkBytes.wide : chunkBytes.narrow };
}

/** Returns the bytes that the format takes in this mode. */
export function linesMemoryBytes(options: LinesMemoryOptions, mode: ReadMode): number {
  return formatBytes(lineOptions(options, mode));
}

/** Returns the bytes that a format with these options takes at construction; it takes no more later. */
export function formatBytes(options: LineProtocolOptions): number {
  return layout(options).bytes + ColumnSet.memoryBytes + (options.workerThread === true ? threadBytes : 0);
}

/** Windows of two threads: one is read, one scanned, one used. */
const workerWindows = 3;

/** Where everything lies for these options. */
export function layout(options: LineProtocolOptions): LinesLayout {
  const { maxPointBytes, chunkBytes: chunk = chunkBytes.narrow, indexPoints = 8192, maxShapes = 4096 } = options;
  const shapesBytes = shapeSlots(maxShapes) * SHAPE_SLOT_BYTES;
  const scratchBytes = Math.max(maxPointBytes, PAGE);
  let end = KERNEL_BYTES + shapesBytes;
  const take = (bytes: number): number => {
    const from = align(end);
    end = from + bytes;
    return from;
  };
  const area = (): RunArea => ({ index: take(indexPoints * POINT_WORDS * 4), scratch: take(scratchBytes + SLACK) });
  const window = (): number => {
    end += maxPointBytes;
    return take(chunk + SLACK);
  };
  const runs =
    options.workerThread === true ? Array.from({ length: workerWindows }, area) : new Array<RunArea>(2).fill(area());
  const windows = runs.map(window);
  end += options.workerThread === true ? maxPointBytes : 0;
  const carried = take(0);
  const bytes = Math.ceil(end / PAGE) * PAGE;
  return {
    shapes: KERNEL_BYTES,
    shapesBytes,
    indexPoints,
    scratchBytes,
    windows,
    runs,
    carried,
    chunkBytes: chunk,
    bytes,
  };
}

/** Entries of a run, by window. */
export function indexes({ buffer }: WasmMemory, { runs, indexPoints }: LinesLayout): Uint32Array[] {
  return runs.map(({ index }) => new Uint32Array(buffer, index, indexPoints * POINT_WORDS));
}
