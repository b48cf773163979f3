// Plans our own memory within the limit, by pure arithmetic. A slot is the memory of one batch. The sizes of slots and
// of the parsers' buffers are exact. The base and the reserve (interpreter, HTTP client, compression, garbage) are
// measured values.

import { MemoryLimitError } from '../../core/errors.js';
import { size, sizeOption } from '../../core/text.js';
import { KIB, MIB } from '../../core/units.js';

export interface MemoryPlan {
  readonly limitBytes: number;
  readonly limitSource: string;
  /** Resident bytes without batches and parser buffers. Includes the memory of V8's compiler if `optimizes` is true. */
  readonly baseBytes: number;
  /** True if V8 may optimise the parser. Then inputs are also read in large chunks. */
  readonly optimizes: boolean;
  /** Number of worker threads that parse. */
  readonly threads: number;
  /** Bytes for sockets, for compression, and for garbage that is not collected yet. */
  readonly reserveBytes: number;
  /** Bytes for the buffers and tables of the parsers. */
  readonly formatBytes: number;
  /** Bytes of the buffers of a remote input; 0 if no input is remote. */
  readonly remoteBytes: number;
  /** Bytes for the names and totals of all inputs. */
  readonly inputBytes: number;
  readonly hasLargeWindow: boolean;
  /** Bytes for the decompression window of an input: memory that slots do not use, plus half of the reserve. */
  readonly windowBytes: number;
  readonly slots: number;
  readonly slotBytes: number;
  /**
   * Largest request body, bytes. `bodyBytes`: size of the buffer for a body, which has room for the longest point, too.
   */
  readonly batchBytes: number;
  readonly bodyBytes: number;
  readonly sideBytes: number;
  readonly points: number;
  /** Message if there are fewer or smaller slots than requested; null otherwise. */
  readonly note: string | null;
}

export interface PlanRequest {
  readonly limit: { readonly bytes: number; readonly source: string };
  readonly workers: number;
  readonly batchBytes: number;
  readonly batchPoints: number;
  readonly maxPointBytes: number;
  readonly formatBytes: number;
  /** Additional bytes that the parser needs for large reads. */
  readonly wideBytes: number;
  /** Bytes of one small read, one large read, and one read on a worker thread. */
  readonly chunkBytes: { readonly narrow: number; readonly wide: number; readonly workerThread: number };
  readonly remoteBytes: number;
  /** Bytes for the names and totals of all inputs. */
  readonly inputBytes: number;
  /** True if decompressing an input may need much memory: for the window of a zstd frame, or a Parquet row group. */
  readonly hasLargeWindow: boolean;
  /** Largest useful number of worker threads. */
  readonly threads: number;
  /** Returns the additional bytes that parsing on this number of worker threads needs. */
  readonly threadBytes: (threads: number) => number;
  /**
   * Returns the additional bytes that this number of threads needs if it parses small reads. Null if a thread needs a
   * large decompression window.
   */
  readonly narrowThreadBytes: ((threads: number) => number) | null;
  /** Returns the bytes of a slot with buffers of these sizes. */
  readonly slotBytes: (sizes: { bodyBytes: number; sideBytes: number; points: number }) => number;
}

/**
 * Resident bytes of the process without batches and parser memory. Even the peaks of a load with one writer are below
 * this value: 73 MiB on Node 20, 71 MiB on Node 22 and 78 MiB on Node 24 (measured 2026-11-30).
 */
const idleBytes = 80 * MIB;
/**
 * Peak memory of V8 while it optimises the parser, once, early in a load. Node 20 takes 18 MiB and Node 24 takes less
 * if V8 does not unroll loops of WebAssembly (see malloc-reexec.ts; measured 2026-11-30).
 */
const compilerBytes = 24 * MIB;
/**
 * Below this memory limit, V8 does not optimise the parser, which halves its speed. Batches get the memory that V8's
 * compiler would take.
 */
const minLimitForCompiler = 256 * MIB;
const minReserve = 16 * MIB;
/** The reserve is this share of the memory limit. */
const reserveShare = 0.1;
const minBodyBytes = 64 * KIB;
/**
 * Largest window of a zstd frame that decompressors accept by default. If an input may need such a window, a plan with
 * worker threads leaves room for it.
 */
const largeWindow = 128 * MIB;
/**
 * Memory that parser threads must leave for decompressing inputs. Decoding a gzip file on a separate thread takes 18
 * MiB of this memory.
 */
const minWindowWithThread = 32 * MIB;
/**
 * Like `minWindowWithThread`, for threads with an unoptimised parser. If the plan has such threads, gzip files are
 * decoded without a separate thread.
 */
const minWindowWithNarrowThread = 8 * MIB;
/** Bytes for totals, progress and summary of an input, without its name and path (measured with 100,000 files). */
export const bytesPerInput = 690;
/** Length of the shortest point, `m f=1 0\n`, bytes. This length limits the number of points in a body. */
const shortestPoint = 8;

/**
 * Plans one slot of the requested size for each writer. If memory is short, reduces in this order: the number of worker
 * threads, the number of slots, their size, the memory of V8's compiler. Throws MemoryLimitError with the figures if
 * one small slot does not fit.
 */
export function plan(request: PlanRequest): MemoryPlan {
  for (let { threads } = request; threads > 0; threads -= 1) {
    const threaded = planWithThreads(request, threads);
    if (threaded !== null) return threaded;
  }
  const fast = request.limit.bytes >= minLimitForCompiler ? fitSlots(request, 'wide') : null;
  const memory = fast ?? fitSlots(request, 'narrow');
  if (memory === null) throw limitTooSmall(request);
  return memory;
}

function planWithThreads(request: PlanRequest, threads: number): MemoryPlan | null {
  if (request.limit.bytes < minLimitForCompiler) return planWithNarrowThreads(request, threads);
  const formatBytes = request.formatBytes + request.threadBytes(threads);
  const memory = fitSlots({ ...request, formatBytes }, 'workerThread');
  if (memory === null || memory.note !== null || !hasRoom(memory, minWindowWithThread)) return null;
  return { ...memory, threads };
}

/**
 * Plans threads with an unoptimised parser and small reads. Returns null if slots or decompression would lack memory.
 */
function planWithNarrowThreads(request: PlanRequest, threads: number): MemoryPlan | null {
  if (request.narrowThreadBytes === null) return null;
  const formatBytes = request.formatBytes + request.narrowThreadBytes(threads);
  const memory = fitSlots({ ...request, formatBytes }, 'narrow');
  if (memory === null || memory.note !== null || !hasRoom(memory, minWindowWithNarrowThread)) return null;
  return { ...memory, threads };
}

function hasRoom({ windowBytes, hasLargeWindow }: MemoryPlan, minWindow: number): boolean {
  return windowBytes >= (hasLargeWindow ? largeWindow : minWindow);
}

type ReadSize = keyof PlanRequest['chunkBytes'];

function fitSlots(request: PlanRequest, reads: ReadSize): MemoryPlan | null {
  const { limit, workers } = request;
  const optimizes = reads !== 'narrow';
  const baseBytes = optimizes ? idleBytes + compilerBytes : idleBytes;
  const reserveBytes = Math.max(minReserve, Math.floor(limit.bytes * reserveShare));
  const formatBytes = request.formatBytes + (optimizes ? request.wideBytes : 0);
  const rest = limit.bytes - baseBytes - reserveBytes - formatBytes - request.remoteBytes - request.inputBytes;
  for (const batchBytes of halvings(request.batchBytes)) {
    const sizes = slotSizes(request, batchBytes, reads);
    const slotBytes = request.slotBytes(sizes);
    const slots = Math.min(workers, Math.floor(rest / slotBytes));
    if (slots < 1) continue;
    return {
      limitBytes: limit.bytes,
      limitSource: limit.source,
      baseBytes,
      optimizes,
      threads: 0,
      reserveBytes,
      formatBytes,
      remoteBytes: request.remoteBytes,
      inputBytes: request.inputBytes,
      hasLargeWindow: request.hasLargeWindow,
      windowBytes: rest - slots * slotBytes + Math.floor(reserveBytes / 2),
      slots,
      slotBytes,
      batchBytes,
      ...sizes,
      note: note(request, batchBytes, slots),
    };
  }
  return null;
}

/** Lists the body sizes to try: the requested size, and repeated halves of it, down to 64 KiB. */
function halvings(bytes: number): number[] {
  return bytes <= minBodyBytes ? [bytes] : [bytes, ...halvings(Math.floor(bytes / 2))];
}

/**
 * Returns the smallest limit, bytes, whose plan has room for this decompression window. Tries whole MiB. Returns null
 * if 4 GiB are too little.
 */
export function limitForWindow(request: PlanRequest, windowBytes: number): number | null {
  const { source } = request.limit;
  for (let bytes = Math.ceil(request.limit.bytes / MIB) * MIB; bytes <= 4096 * MIB; bytes += MIB) {
    if (plan({ ...request, limit: { bytes, source } }).windowBytes >= windowBytes) return bytes;
  }
  return null;
}

function slotSizes(
  request: PlanRequest,
  batchBytes: number,
  reads: ReadSize,
): { bodyBytes: number; sideBytes: number; points: number } {
  // The buffer of a body must have room for the longest point with its generated timestamp.
  const bodyBytes = Math.max(batchBytes, request.maxPointBytes + 64);
  // The side buffer stores the original lines of rejected points. It must have room for the longest line plus one read.
  const sideBytes = request.maxPointBytes + request.chunkBytes[reads];
  return { bodyBytes, sideBytes, points: Math.min(request.batchPoints, Math.ceil(bodyBytes / shortestPoint)) };
}

function note(request: PlanRequest, batchBytes: number, slots: number): string | null {
  const smaller =
    batchBytes < request.batchBytes ? `batches of ${size(batchBytes)} instead of ${size(request.batchBytes)}` : null;
  const fewer = slots < request.workers ? `${slots} instead of ${request.workers} writers` : null;
  const changes = [fewer, smaller].filter((each) => each !== null);
  return changes.length === 0 ? null : `the memory limit allows ${changes.join(' and ')}`;
}

function limitTooSmall(request: PlanRequest): MemoryLimitError {
  const slot = request.slotBytes(slotSizes(request, halvings(request.batchBytes).at(-1)!, 'narrow'));
  // The reserve is a tenth of the limit, at least 16 MiB. So everything else must fit into the remaining nine tenths.
  const withoutReserve = idleBytes + request.formatBytes + request.remoteBytes + request.inputBytes + slot;
  const needed = Math.max(withoutReserve + minReserve, Math.ceil(withoutReserve / (1 - reserveShare)));
  const inputs = request.inputBytes < MIB ? '' : `inputs ${size(request.inputBytes)}, `;
  return new MemoryLimitError({
    tried: 'planning memory',
    expected:
      `a limit of at least ${sizeOption(needed)} for one writer with these settings (base ${size(idleBytes)}, ` +
      `format ${size(request.formatBytes + request.remoteBytes)}, ${inputs}the rest is a reserve and the batch of one writer)`,
    found: `${size(request.limit.bytes)} (${request.limit.source})`,
    fix: `use --memory-limit ${sizeOption(needed)} or more, or lower --max-point-bytes and --batch-bytes`,
  });
}
