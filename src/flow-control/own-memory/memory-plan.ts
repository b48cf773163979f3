// Pure arithmetic for our own memory: what the limit pays for. Everything large is a product one can do by hand;
// the rest (interpreter, HTTP client, compression, garbage) is the base and the reserve, measured.

import { MemoryLimitError } from '../../core/errors.js';

export interface MemoryPlan {
  readonly limitBytes: number;
  readonly limitSource: string;
  /** The process with everything loaded and nothing to do; bytes resident. */
  readonly baseBytes: number;
  /** Whether the kernel may be compiled for speed, and much is read at once. */
  readonly optimizes: boolean;
  /** Whether points are found on a thread of its own. */
  readonly apart: boolean;
  /** For what the arena does not see: sockets, compression, garbage between two collections. */
  readonly reserveBytes: number;
  /** Read windows and tables of the format. */
  readonly formatBytes: number;
  /** What a remote input holds; 0 where all are here. */
  readonly remoteBytes: number;
  /** For the window of a compressed input: what slots leave, and half of the reserve. */
  readonly windowBytes: number;
  readonly slots: number;
  readonly slotBytes: number;
  /** Most body bytes of a batch; a slot's body may be larger, for the longest point. */
  readonly batchBytes: number;
  readonly bodyBytes: number;
  readonly sideBytes: number;
  readonly points: number;
  /** Why there are fewer or smaller slots than asked for; null when there are not. */
  readonly note: string | null;
}

export interface PlanRequest {
  readonly limit: { readonly bytes: number; readonly source: string };
  readonly workers: number;
  readonly batchBytes: number;
  readonly batchPoints: number;
  readonly maxPointBytes: number;
  readonly formatBytes: number;
  /** What the format takes besides to read as much at once as pays: with limits that have room for the compiler. */
  readonly wideBytes: number;
  /** Bytes of one read, of one that is as much as pays, and of one for a thread. */
  readonly chunkBytes: { readonly narrow: number; readonly wide: number; readonly apart: number };
  readonly remoteBytes: number;
  /** What the format takes besides on a thread of its own; null where that is not worth it. */
  readonly apartBytes: number | null;
  /** Bytes of one slot for these sizes. */
  readonly slotBytes: (sizes: { bodyBytes: number; sideBytes: number; points: number }) => number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Resident size of the loader when idle, all modules in (Node 20: 78 MiB, Node 24: 86 MiB; measured 2026-11-23). */
const idleBytes = 88 * MiB;
/** What V8's optimizing compiler takes for the kernel, once, early in a load (Node 20: 35 MiB; measured 2026-11-24). */
const compilerBytes = 36 * MiB;
/** Smaller limits have a better use for that: the kernel stays as the fast compiler made it, at half its speed. */
const leastForCompiler = 256 * MiB;
const leastReserve = 16 * MiB;
/** Of the limit. */
const reserveShare = 0.1;
const smallestBody = 64 * KiB;
/** The largest window of a zstd frame that is read unasked: a thread must not take its place. */
const leastWindowApart = 128 * MiB;
/** The shortest point there is, `m f=1 0\n`, bounds how many fit a body. */
const shortestPoint = 8;

/**
 * Fits slots into the limit: as many as there are writers, of the size asked for; then fewer; then smaller; with the
 * compiler last of all. A thread for the format only comes where all else has its room. Throws MemoryLimitError, with the figures, when not even one small slot fits.
 */
export function plan(request: PlanRequest): MemoryPlan {
  const apart = withThread(request);
  if (apart !== null) return apart;
  const fast = request.limit.bytes >= leastForCompiler ? fitted(request, 'wide') : null;
  const memory = fast ?? fitted(request, 'narrow');
  if (memory === null) throw tooSmall(request);
  return memory;
}

function withThread(request: PlanRequest): MemoryPlan | null {
  const { apartBytes, formatBytes, limit } = request;
  if (apartBytes === null || limit.bytes < leastForCompiler) return null;
  const memory = fitted({ ...request, formatBytes: formatBytes + apartBytes }, 'apart');
  if (memory === null || memory.note !== null || memory.windowBytes < leastWindowApart) return null;
  return memory;
}

/** How points are found, by how much is read at once. */
type Reads = keyof PlanRequest['chunkBytes'];

function fitted(request: PlanRequest, reads: Reads): MemoryPlan | null {
  const { limit, workers } = request;
  const optimizes = reads !== 'narrow';
  const baseBytes = optimizes ? idleBytes + compilerBytes : idleBytes;
  const reserveBytes = Math.max(leastReserve, Math.floor(limit.bytes * reserveShare));
  const formatBytes = request.formatBytes + (optimizes ? request.wideBytes : 0);
  const rest = limit.bytes - baseBytes - reserveBytes - formatBytes - request.remoteBytes;
  for (const asked of bodies(request.batchBytes)) {
    const sizes = slotSizes(request, asked, reads);
    const each = request.slotBytes(sizes);
    const slots = Math.min(workers, Math.floor(rest / each));
    if (slots < 1) continue;
    return {
      limitBytes: limit.bytes,
      limitSource: limit.source,
      baseBytes,
      optimizes,
      apart: reads === 'apart',
      reserveBytes,
      formatBytes,
      remoteBytes: request.remoteBytes,
      windowBytes: rest - slots * each + Math.floor(reserveBytes / 2),
      slots,
      slotBytes: each,
      batchBytes: asked,
      ...sizes,
      note: note(request, asked, slots),
    };
  }
  return null;
}

/** Body bytes to be tried: what was asked for, then half of it, and so on. */
function bodies(asked: number): number[] {
  return asked <= smallestBody ? [asked] : [asked, ...bodies(Math.floor(asked / 2))];
}

/** Smallest limit, whole MiB, whose plan leaves room for such a window; null: none up to 4 GiB. */
export function limitForWindow(request: PlanRequest, windowBytes: number): number | null {
  const { source } = request.limit;
  for (let bytes = Math.ceil(request.limit.bytes / MiB) * MiB; bytes <= 4096 * MiB; bytes += MiB) {
    if (plan({ ...request, limit: { bytes, source } }).windowBytes >= windowBytes) return bytes;
  }
  return null;
}

function slotSizes(
  request: PlanRequest,
  asked: number,
  reads: Reads,
): { bodyBytes: number; sideBytes: number; points: number } {
  // The longest point and its stamp must fit a body.
  const bodyBytes = Math.max(asked, request.maxPointBytes + 64);
  // A reject of the longest kind and what one read may add to it must fit.
  const sideBytes = request.maxPointBytes + request.chunkBytes[reads];
  return { bodyBytes, sideBytes, points: Math.min(request.batchPoints, Math.ceil(bodyBytes / shortestPoint)) };
}

function note(request: PlanRequest, asked: number, slots: number): string | null {
  const smaller = asked < request.batchBytes ? `batches of ${asked} instead of ${request.batchBytes} bytes` : null;
  const fewer = slots < request.workers ? `${slots} instead of ${request.workers} writers` : null;
  const changes = [fewer, smaller].filter((each) => each !== null);
  return changes.length === 0 ? null : `the memory limit allows ${changes.join(' and ')}`;
}

function tooSmall(request: PlanRequest): MemoryLimitError {
  const slot = request.slotBytes(slotSizes(request, bodies(request.batchBytes).at(-1)!, 'narrow'));
  // The reserve grows with the limit.
  const without = idleBytes + request.formatBytes + request.remoteBytes + slot;
  const needed = Math.max(without + leastReserve, Math.ceil(without / (1 - reserveShare)));
  const inMiB = (bytes: number): string => `${Math.ceil(bytes / MiB)}MiB`;
  return new MemoryLimitError(
    `planning memory — expected a limit of at least ${inMiB(needed)} for one writer with these settings ` +
      `(base ${inMiB(idleBytes)}, format ${inMiB(request.formatBytes + request.remoteBytes)}, the rest reserve and one slot) — ` +
      `got ${inMiB(request.limit.bytes)} (${request.limit.source}) — raise --memory-limit, or lower --max-point-bytes and --batch-bytes`,
  );
}
