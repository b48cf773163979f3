// Computes the offsets in the format's memory: the hash table of shapes, then areas for runs of points (index and
// rewritten points), then windows (bytes of the input). Before each window there is room for an unfinished line. With a
// worker thread, each window has its own area for a run of points.

import type { ContextTarget, InputPrecision, NameLimits } from '../../core/types/index.js';
import { POINT_WORDS } from '../../core/types/index.js';
import { type WasmMemory, wholePages } from '../../core/wasm.js';
import { KERNEL_END } from '../kernel/assembly/lines/line-memory.js';
import { ColumnSet } from './exact/column-set.js';
import { SHAPE_SLOT_BYTES, shapeSlots } from './shape-table.js';

/** Options for reading line protocol. */
export interface LineProtocolOptions {
  readonly maxPointBytes: number;
  readonly precision: InputPrecision;
  readonly missingTimestamp: 'reject' | 'now';
  /** Limits that the target sets for names. Default: the limits of CnosDB. */
  readonly names?: NameLimits;
  /**
   * Contexts (`DB` or `DB/RP`) to load from an export of InfluxDB. By default, the export must name only one context.
   */
  readonly contexts?: readonly string[] | null;
  /**
   * All contexts that --context-map names, including contexts that this load does not read. Default: null, which means
   * that --context-map is not set.
   */
  readonly contextMap?: readonly ContextTarget[] | null;
  /** Size of one read in bytes. Default: 512 KiB. */
  readonly chunkBytes?: number;
  /** Largest number of points in a run of points. Default 8192. */
  readonly indexPoints?: number;
  /** Largest number of shapes (a table with a set of columns) that get a number. Default: 4096. */
  readonly maxShapes?: number;
  /** True to parse on a worker thread. Default: false. */
  readonly workerThread?: boolean;
  /** `false` disables the fast path. A `Uint8Array` replaces its compiled module. Only tests set this option. */
  readonly kernel?: false | Uint8Array;
}

/** The size of a read, and the threads that parse inputs. */
export interface ReadMode {
  /** True for reads of 1 MiB instead of 512 KiB. Reads of more than 1 MiB gain nothing. */
  readonly wideChunks: boolean;
  /** True to parse line protocol on a separate thread. */
  readonly workerThread: boolean;
  /** Number of separate threads that parse rows of text. Default: 0. */
  readonly rowThreads?: number;
  /** True to read Parquet on a separate thread. Default: false. */
  readonly parquetThread?: boolean;
}

/** Offsets of the memory for one run of points: their index, and rewritten points. */
export interface RunArea {
  readonly index: number;
  readonly scratch: number;
}

/** Offsets in the format's memory, and the size of this memory. */
export interface LinesLayout {
  readonly shapes: number;
  readonly shapesBytes: number;
  readonly indexPoints: number;
  readonly scratchBytes: number;
  /**
   * Offsets of the windows, into which the input is read. The `maxPointBytes` bytes before a window receive the
   * unfinished line of the previous window.
   */
  readonly windows: readonly number[];
  /** For each window, the memory for the index and the rewritten points. */
  readonly runs: readonly RunArea[];
  /**
   * End of the memory for an unfinished line. The worker thread keeps the line there until the next window arrives.
   */
  readonly carried: number;
  readonly chunkBytes: number;
  readonly bytes: number;
}

/**
 * Number of unused bytes after each window: one for the LF that ends every search, the others because the fast path
 * reads several bytes at once.
 */
const SLACK = 64;
/** Least memory for rewritten points, bytes. */
const minScratchBytes = 64 * 1024;

function align(offset: number): number {
  return Math.ceil(offset / 64) * 64;
}

/**
 * Size of one read in bytes. Each read wakes a thread and settles a few promises. `narrow` takes 8 % more CPU time than
 * `wide`. Reads twice as large as `wide` save nothing (4 GB, Node 24; 2026-11-26). With a worker thread, each read also
 * costs messages between the threads. Reads of half the size of `workerThread` made a load 8 % slower (4 GB, Node 24,
 * two quiet CPU cores, medians of 4 alternating loads; 2026-11-26).
 */
export const chunkBytes = {
  narrow: 512 * 1024,
  /** Used when there is enough memory. */
  wide: 1024 * 1024,
  /**
   * Used if a worker thread parses. One read and the unfinished line before it fit into two request bodies of 1 MiB, if
   * this line has at most 32 KiB.
   */
  workerThread: 2 * 1024 * 1024 - 32 * 1024,
};
const workerIndexPoints = 16_384;
/** Memory of the worker thread with all code loaded (Node 20: 10 MiB; measured 2026-11-25). */
const threadBytes = 12 * 1024 * 1024;

/** The options that decide the size of the memory. */
export type LinesMemoryOptions = Pick<
  LineProtocolOptions,
  'maxPointBytes' | 'precision' | 'missingTimestamp' | 'names' | 'contexts' | 'contextMap'
>;

/**
 * Returns the options for a read mode, which decides the size of a read and the number of points in a run of points.
 */
export function lineOptions(options: LinesMemoryOptions, { wideChunks, workerThread }: ReadMode): LineProtocolOptions {
  const { maxPointBytes, precision, missingTimestamp, names, contexts = null, contextMap = null } = options;
  const common = {
    maxPointBytes,
    precision,
    missingTimestamp,
    contexts,
    contextMap,
    ...(names === undefined ? {} : { names }),
  };
  return workerThread
    ? { ...common, workerThread, chunkBytes: chunkBytes.workerThread, indexPoints: workerIndexPoints }
    : { ...common, chunkBytes: wideChunks ? chunkBytes.wide : chunkBytes.narrow };
}

/** Returns how many bytes of memory the format allocates in this mode. */
export function linesMemoryBytes(options: LinesMemoryOptions, mode: ReadMode): number {
  return formatBytes(lineOptions(options, mode));
}

/**
 * Returns how many bytes of memory a format with these options allocates. The format allocates all this memory at
 * construction.
 */
export function formatBytes(options: LineProtocolOptions): number {
  return layout(options).bytes + ColumnSet.memoryBytes + (options.workerThread === true ? threadBytes : 0);
}

/**
 * Number of windows if a worker thread parses: one window receives input, one window is parsed, the other windows are
 * being sent.
 */
const workerWindows = 6;

/** Computes the layout for these options. */
export function layout(options: LineProtocolOptions): LinesLayout {
  const { maxPointBytes, chunkBytes: chunk = chunkBytes.narrow, indexPoints = 8192, maxShapes = 4096 } = options;
  const shapesBytes = shapeSlots(maxShapes) * SHAPE_SLOT_BYTES;
  const scratchBytes = Math.max(maxPointBytes, minScratchBytes);
  let end = KERNEL_END + shapesBytes;
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
  const bytes = wholePages(end);
  return {
    shapes: KERNEL_END,
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

/** Returns the index of each window, as a view of the memory. */
export function indexes({ buffer }: WasmMemory, { runs, indexPoints }: LinesLayout): Uint32Array[] {
  return runs.map(({ index }) => new Uint32Array(buffer, index, indexPoints * POINT_WORDS));
}
