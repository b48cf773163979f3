// Messages between the main thread and a worker thread that runs the kernel over rows, and their shared memory. A slot
// belongs to the thread that received the last message about it.

import { POINT_WORDS } from '../../../core/types/index.js';
import type { WasmMemory } from '../../../core/wasm.js';
import { KERNEL_END } from '../../kernel/assembly/rows/row-memory.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { KernelImage } from '../kernel/kernel-instance.js';

/** Data with which a worker thread starts. */
export interface RowWorkerTask {
  readonly memory: WasmMemory;
  readonly time: TimeOptions;
  readonly slots: readonly RowSlot[];
}

/** Rows from offset `from` to the LF at `limit`. */
export interface RowJob {
  readonly slot: number;
  readonly from: number;
  readonly limit: number;
  /** Replaces the state of the kernel; null keeps it. */
  readonly image: KernelImage | null;
}

/** Consecutive rows that the kernel took, with their entries in the index of the slot. */
export interface KernelRun {
  readonly start: number;
  readonly end: number;
  /** Number of the first entry, and the number of entries. */
  readonly entry: number;
  readonly count: number;
  readonly lines: number;
  /** Length of the last row's time. */
  readonly timeLength: number;
}

/** The response to a job. The main thread takes the bytes between the runs. */
export interface RowJobResult {
  readonly slot: number;
  readonly runs: readonly KernelRun[];
  /** Offset of the next row if the slot became full; otherwise null. */
  readonly rest: number | null;
}

/** Offsets of a window, its index and its points in the memory of a worker thread. */
export interface RowSlot {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  readonly window: number;
}

/** Bytes of one window. An exchange of messages takes as long as the kernel needs for 20 KB. */
export const rowWindowBytes = 1024 * 1024;
/** Bytes of one window where memory is scarce. No larger than a small read, whose rejects a slot of a batch has room for. */
export const narrowRowWindowBytes = 256 * 1024;
/** Number of slots: one window is read or used while the kernel works on the other. */
const slotsPerThread = 2;
/** Bytes for points per byte of a row. Points repeat column names, so they may be longer than rows. */
const outPerByte = 4;
/** The kernel reads up to 64 bytes at once. */
const SLACK = 64;
const PAGE = 65_536;
/** Memory of a worker thread with all code loaded (Node 20 and 24; measured 2026-11-30). */
const threadBytes = 12 * 1024 * 1024;

/** Lays out the memory of one worker thread with windows of this size. */
export function rowSlots(windowBytes = rowWindowBytes): { readonly slots: readonly RowSlot[]; readonly bytes: number } {
  const indexPoints = Math.max(4, windowBytes >> 5);
  let end = KERNEL_END;
  const take = (bytes: number): number => {
    const from = end;
    end = Math.ceil((from + bytes) / 64) * 64;
    return from;
  };
  const slots = Array.from({ length: slotsPerThread }, () => {
    const index = take(indexPoints * POINT_WORDS * 4);
    const out = take(outPerByte * windowBytes + PAGE);
    return { index, indexPoints, out, outEnd: out + outPerByte * windowBytes, window: take(windowBytes + SLACK) };
  });
  return { slots, bytes: Math.ceil(end / PAGE) * PAGE };
}

/** Returns the bytes of memory that `threads` worker threads take. */
export function rowThreadsBytes(threads: number, windowBytes: number): number {
  return threads * (rowSlots(windowBytes).bytes + threadBytes);
}
