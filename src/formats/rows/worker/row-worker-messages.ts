// Messages between the main thread and a worker thread that parses rows, and the layout of their shared memory. The
// thread that received the last message about a read buffer owns this buffer: only this thread may use it.

import type { RunSummary } from '../../../core/types/index.js';
import { POINT_WORDS } from '../../../core/types/index.js';
import { type WasmMemory, wholePages } from '../../../core/wasm.js';
import { KERNEL_END } from '../../kernel/assembly/rows/row-memory.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { KernelImage } from '../kernel/kernel-instance.js';

/** Data that a worker thread receives at its start. */
export interface RowWorkerTask {
  readonly memory: WasmMemory;
  readonly time: TimeOptions;
  readonly slots: readonly RowSlot[];
}

/** A job for a worker thread: parse the rows from offset `from` to `limit`, which follows an LF. */
export interface RowJob {
  readonly slot: number;
  readonly from: number;
  readonly limit: number;
  /** New state of the WebAssembly parser; null if the thread's state is current. */
  readonly image: KernelImage | null;
}

/** Consecutive rows that the thread parsed. The index of the buffer contains one entry for the point of each row. */
export interface KernelRun {
  readonly start: number;
  readonly end: number;
  /** Position in the index of the first entry of these rows, and their number of entries. */
  readonly entry: number;
  readonly count: number;
  readonly lines: number;
  /** Length of the time cell in the last row, bytes. */
  readonly timeLength: number;
  readonly summary: RunSummary | null;
}

/** Result of a job. The main thread parses the bytes between the `runs` itself. */
export interface RowJobResult {
  readonly slot: number;
  readonly runs: readonly KernelRun[];
  /** Offset of the first unparsed row if the output memory became full; otherwise null. */
  readonly rest: number | null;
}

/** Offsets of one read buffer and of the memory for its index and points. */
export interface RowSlot {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  /** Offset of the read buffer. The `carryBytes` bytes before the buffer receive the start of a row. */
  readonly window: number;
}

/**
 * Size of one read buffer, bytes. Exchanging two messages costs as much time as parsing 20 KB, so a small buffer would
 * be slow.
 */
export const rowWindowBytes = 1024 * 1024;
/**
 * Size of one read buffer if memory is scarce, bytes. A larger buffer could contain more rejects than a batch has room
 * for.
 */
export const narrowRowWindowBytes = 256 * 1024;
/**
 * Read buffers per thread: the thread parses one buffer, the main thread reads into a second one, and batches are sent
 * from the other two.
 */
const slotsPerThread = 4;
/** Read buffers per thread that batches may be sent from. Points of further buffers are copied. */
export const slotsToHold = 2;
/**
 * Read buffers per thread if memory is scarce. Points are then copied before sending, so that the buffers become free.
 */
export const narrowSlotsPerThread = 2;
/** Bytes for points per byte of the read buffer. Points repeat column names, so they may be longer than rows. */
const outPerByte = 4;
/** Bytes before each read buffer, for the start of a row that continues in this buffer. */
export const carryBytes = 32 * 1024;
/** Bytes after each read buffer, because the WebAssembly parser reads up to 64 bytes at once. */
const SLACK = 64;
/** Bytes after the memory for points. */
const outSlack = 64 * 1024;
/** Memory of a worker thread with all its code loaded, bytes (Node 20 and 24, measured 2026-11-30). */
const threadBytes = 12 * 1024 * 1024;

/** Computes the memory layout of one worker thread with read buffers of this size. */
export function rowSlots(
  windowBytes = rowWindowBytes,
  length = windowBytes === narrowRowWindowBytes ? narrowSlotsPerThread : slotsPerThread,
): { readonly slots: readonly RowSlot[]; readonly bytes: number } {
  const indexPoints = Math.max(4, windowBytes >> 5);
  let end = KERNEL_END;
  const take = (bytes: number): number => {
    const from = end;
    end = Math.ceil((from + bytes) / 64) * 64;
    return from;
  };
  const slots = Array.from({ length }, () => {
    const index = take(indexPoints * POINT_WORDS * 4);
    const out = take(outPerByte * windowBytes + outSlack);
    const window = take(carryBytes + windowBytes + SLACK) + carryBytes;
    return { index, indexPoints, out, outEnd: out + outPerByte * windowBytes, window };
  });
  return { slots, bytes: wholePages(end) };
}

/** Returns the total memory of this many worker threads, bytes. */
export function rowThreadsBytes(threads: number, windowBytes: number): number {
  return threads * (rowSlots(windowBytes).bytes + threadBytes);
}
