// Memory for a run, from its settings and the machine: where the pure plan meets the rooms whose sizes it adds up.

import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { slotBytes } from '../batching/arena.js';
import type { Settings } from '../config/settings.js';
import { MemoryLimitError } from '../core/errors.js';
import { sizeOption } from '../core/text.js';
import type { Input, MemoryBudget } from '../core/types/index.js';
import { memoryProbe } from '../flow-control/own-memory/cgroup.js';
import { memoryLimit } from '../flow-control/own-memory/memory-limit.js';
import { limitForWindow, type MemoryPlan, type PlanRequest, plan } from '../flow-control/own-memory/memory-plan.js';
import { chunkBytes, formatMemoryBytes, workerMemoryBytes } from '../formats/format-set.js';
import type { FormatName } from '../formats/registry.js';
import { isUrl } from '../inputs/http/url-name.js';
import { isS3 } from '../inputs/s3/s3-inputs.js';

/** What the plan leaves to decompression. */
export function memoryBudget(settings: Settings, formats: readonly FormatName[], memory: MemoryPlan): MemoryBudget {
  const { windowBytes } = memory;
  return {
    bytes: windowBytes,
    limitFor: (window) => {
      const limit = limitForWindow(requestOf(settings, formats, memory), window);
      return limit === null ? null : sizeOption(limit);
    },
  };
}

/**
 * Throws MemoryLimitError when the limit is too small to start.
 * @param formats those of the inputs
 * @param apart whether points should be found on a thread of its own, if there is room for it
 */
export function planMemory(
  settings: Settings,
  formats: readonly FormatName[],
  inputs: readonly Input[],
  apart: boolean,
): MemoryPlan {
  return plan(requestOf(settings, formats, { apart, remoteBytes: inputs.some(isAfar) ? remoteBytes : 0 }));
}

/**
 * Of one open input from afar, of which there is one at a time: blocks that may be looked at again, its beginning, and what
 * sockets and streams buffer (measured 2026-11-25).
 */
const remoteBytes = Math.ceil(1.3 * 1_048_576);

function isAfar({ path }: Input): boolean {
  return path !== null && (isUrl(path) || isS3(path));
}

/**
 * On two processors, with a thread and without it, 4 GB took 6.6 and 7.7 s as they are and 16.9 and 17.7 s with gzip on Node
 * 20; 7.7 and 9.9, 17.3 and 17.6, with zstd 11.8 and 12.7 s on Node 22; 6.7 and 8.8, 16.0 and 16.9, with zstd 11.0 and 12.4 s
 * on Node 24 (medians of 4 in turns; 2026-11-26).
 */
const leastProcessorsApart = 2;
/** It takes 50 ms to start a thread, and it is asked and answers with every input. */
const leastBytesApart = 16 * 1_048_576;
const leastMeanApart = 1_048_576;

/** Whether finding points on a thread of its own is worth it. */
export function isWorthThread(inputs: readonly Pick<Input, 'size'>[], processors = availableParallelism()): boolean {
  if (processors < leastProcessorsApart) return false;
  // Nothing tells how much comes down a pipe.
  const total = inputs.reduce((sum, { size }) => sum + (size ?? Number.POSITIVE_INFINITY), 0);
  return total >= leastBytesApart && total / inputs.length >= leastMeanApart;
}

/**
 * To be called before anything is read. It is a setting of the process, not of a load: whoever loads with a small limit
 * inside a program of their own has that program's other WebAssembly stay as it was first compiled, too.
 */
export function reduceMemory({ optimizes }: MemoryPlan): void {
  if (optimizes) return;
  // Node 20 heeds the first while it runs, Node 24 the second: never called often enough to be worth optimizing.
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--wasm-tiering-budget=2147483647');
}

/** Longest answer to a question that can be held: as rows it takes several times as many bytes, before a load's slots are touched. */
export function answerBytes({ memoryLimit: asked }: Settings): number {
  return Math.min(64 * 1_048_576, Math.floor(memoryLimit(asked, memoryProbe()).bytes / 32));
}

/** Bytes of one column that is known to be there, its part of a table included (Node 20 and 24: 67 to 97; measured 2026-11-24). */
const columnBytes = 100;

/** Throws MemoryLimitError when the target has, or the inputs bring, more columns than the plan can hold. */
export function assertColumnsFit(columns: number, { windowBytes, limitBytes }: MemoryPlan): void {
  const most = Math.floor(windowBytes / 2 / columnBytes);
  if (columns <= most) return;
  throw new MemoryLimitError(
    `keeping in mind what columns there are — expected at most ${most} in all tables, which is what --memory-limit ${sizeOption(limitBytes)} has room for — ` +
      `got ${columns} — raise it by ${sizeOption(2 * columnBytes * (columns - most))} or more`,
  );
}

function requestOf(
  settings: Settings,
  formats: readonly FormatName[],
  { apart, remoteBytes: remote }: Pick<MemoryPlan, 'apart' | 'remoteBytes'>,
): PlanRequest {
  const { workers, batchBytes, batchPoints, maxPointBytes } = settings;
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  const narrow = formatMemoryBytes(settings, formats, { wideChunks: false, workerThread: false });
  return {
    limit,
    workers,
    batchBytes,
    batchPoints,
    maxPointBytes,
    formatBytes: narrow,
    chunkBytes: { narrow: chunkBytes.narrow, wide: chunkBytes.wide, apart: chunkBytes.workerThread },
    wideBytes: formatMemoryBytes(settings, formats, { wideChunks: true, workerThread: false }) - narrow,
    remoteBytes: remote,
    apartBytes: apart ? workerMemoryBytes(settings, formats) : null,
    slotBytes,
  };
}
