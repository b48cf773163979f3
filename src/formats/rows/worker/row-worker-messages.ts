// Messages between the main thread and a worker thread that runs the kernel over rows, and their shared memory. A slot
// belongs to the thread that received the last message about it.

import { POINT_WORDS } from '../../../core/types/index.js';
import type { WasmMemory } from '../../../core/wasm.js';
import { KERNEL_END } from '../../kernel/assembly/rows/row-memory.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { KernelImage } from '../kernel/kernel-instance.js';

/** What a worker thread starts with. */
export interface RowWorkerTask {
  readonly memory: WasmMemory;
  readonly time: TimeOptions;
  readonly slots: readonly RowSlot[];
}

/** Rows from `from` on, before `limit`, where an LF is. */
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
  /** First entry, and their number. */
  readonly entry: number;
  readonly count: number;
  readonly lines: number;
  /** Length of the last row's time. */
  readonly timeLength: number;
}

/** The answer to a job. The bytes between the runs are left to the main thread. */
export interface RowJobResult {
  readonly slot: number;
  readonly runs: readonly KernelRun[];
  /** Where the slot was full; null when it was not. */
  readonly rest: number | null;
}

/** Where a window, its index and its points lie in the memory of a worker thread. */
export interface RowSlot {
  readonly index: number;
  readonly indexPoints: number;
  readonly out: number;
  readonly outEnd: number;
  readonly window: number;
}

/** Bytes of one window. An exchange of messages takes as long as the kernel on 20 KB. */
export const rowWindowBytes = 1024 * 1024;
/** One window is read or used while the kernel works on another. */
const slotsPerThread = 2;
/** Points may be longer than their rows: they repeat the names of their columns. */
const outPerByte = 4;
/** The kernel reads up to 64 bytes at once. */
const SLACK = 64;
const PAGE = 65_536;
/** The worker thread with everything loaded (Node 20 and 24; measured 2026-11-30). */
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

/** Returns the bytes that so many worker threads take. */
export function rowThreadsBytes(threads: number): number {
  return threads * (rowSlots().bytes + threadBytes);
}
