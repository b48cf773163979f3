// Plans the memory of a run. Collects the sizes of formats, batches and inputs from the options and the machine, and
// passes them to the function `plan`, which only computes.

import { availableParallelism } from 'node:os';
import { slotBytes } from '../../batching/arena.js';
import type { Settings } from '../../config/settings.js';
import { MemoryLimitError } from '../../core/errors.js';
import { count, sizeOption } from '../../core/text.js';
import type { Input, MemoryBudget } from '../../core/types/index.js';
import { MIB } from '../../core/units.js';
import { useBaselineCompiler } from '../../core/v8.js';
import { memoryProbe } from '../../flow-control/own-memory/cgroup.js';
import { memoryLimit } from '../../flow-control/own-memory/memory-limit.js';
import {
  bytesPerInput,
  limitForWindow,
  type MemoryPlan,
  type PlanRequest,
  plan,
} from '../../flow-control/own-memory/memory-plan.js';
import { chunkBytes, formatMemoryBytes, hasNarrowThreads, readMode, usableThreads } from '../../formats/format-set.js';
import type { FormatName } from '../../formats/registry.js';
import { isUrl } from '../../inputs/http/url-name.js';
import { isS3 } from '../../inputs/s3/s3-inputs.js';

/** Returns the memory that the memory plan provides for decompression. */
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
 * Plans the memory of this process. Throws MemoryLimitError if --memory-limit is too small to start.
 * @param formats formats of the inputs
 * @param threads number of worker threads for parsing; the plan uses fewer if memory is short
 */
export function planMemory(
  settings: Settings,
  formats: readonly FormatName[],
  inputs: readonly Input[],
  threads: number,
): MemoryPlan {
  const inputBytes = inputs.reduce((sum, { name, path }) => sum + bytesPerInput + name.length + (path?.length ?? 0), 0);
  const remote = inputs.some(isRemote) ? remoteBytes : 0;
  // The content of a pipe is not known yet, so a pipe counts as compressed with zstd.
  const isZstd = inputs.some(({ name, size }) => size === null || /\.zst/i.test(name));
  const hasLargeWindow = isZstd || formats.includes('parquet');
  return plan(requestOf(settings, formats, { threads, remoteBytes: remote, inputBytes, hasLargeWindow }));
}

/**
 * Memory of one open remote input, bytes: cached blocks, the first bytes of the input, and buffers of sockets and
 * streams (measured 2026-11-25). A load opens only one remote input at a time.
 */
const remoteBytes = Math.ceil(1.3 * MIB);

function isRemote({ path }: Input): boolean {
  return path !== null && (isUrl(path) || isS3(path));
}

/**
 * Minimum number of CPU cores for worker threads. Measured: seconds to load 4 GB on two cores, with a worker thread /
 * without. Node 20: 6.6 / 7.7 uncompressed, 16.9 / 17.7 gzip. Node 22: 7.7 / 9.9 uncompressed, 17.3 / 17.6 gzip, 11.8 /
 * 12.7 zstd. Node 24: 6.7 / 8.8 uncompressed, 16.0 / 16.9 gzip, 11.0 / 12.4 zstd (medians of 4 alternating runs,
 * 2026-11-26).
 */
const minCores = 2;
/**
 * Worker threads parse only if the inputs have at least this total size and this mean size, bytes. Starting a thread
 * takes 50 ms, and each input needs messages between the threads.
 */
const minWorkerBytes = 16 * MIB;
const minMeanBytes = MIB;

/**
 * Largest number of worker threads. The main thread sends about as fast as three threads parse, so further threads
 * would hardly speed up the load.
 */
const maxThreads = 4;

/**
 * Returns how many worker threads may parse the inputs: one for each CPU core, up to `maxThreads`; 0 for small inputs.
 */
export function parserThreads(inputs: readonly Pick<Input, 'size'>[], processors = availableParallelism()): number {
  // The size of a pipe is unknown, so it counts as large.
  const total = inputs.reduce((sum, { size }) => sum + (size ?? Number.POSITIVE_INFINITY), 0);
  const isWorth = processors >= minCores && total >= minWorkerBytes && total / inputs.length >= minMeanBytes;
  return isWorth ? Math.min(maxThreads, processors) : 0;
}

/**
 * Switches off V8's optimising compiler for WebAssembly if the memory plan has too little memory for this compiler.
 * Must be called before the first read.
 */
export function reduceMemory({ optimizes }: MemoryPlan): void {
  if (!optimizes) useBaselineCompiler();
}

/** Returns the memory limit of this process, bytes. */
export function ownLimit(requested: Settings['memoryLimit']): number {
  return memoryLimit(requested, memoryProbe()).bytes;
}

/**
 * Returns the largest accepted size of a query response, bytes. The parsed rows of a response need several times as
 * much memory.
 */
export function answerBytes(limit: number): number {
  return Math.min(64 * MIB, Math.floor(limit / 32));
}

/**
 * Largest number of threads that compress request bodies. One thread compresses 900 MB/s, about as much as one process
 * sends. Each thread needs 13 MiB of the memory that the plan leaves in reserve.
 */
const maxCompressionThreads = 2;
const minLimitForCompression = 384 * MIB;

/** Returns how many threads may compress request bodies. */
export function compressionThreads(limit: number, processors = availableParallelism()): number {
  return limit < minLimitForCompression ? 0 : Math.min(maxCompressionThreads, processors);
}

/**
 * Memory of one known column and its share of the table's memory, bytes. Measured: 67 to 97 (Node 20, 24, 2026-11-24).
 */
const columnBytes = 100;

/** Throws MemoryLimitError if the known columns of all tables need more memory than the plan has for them. */
export function assertColumnsFit(columns: number, { windowBytes, limitBytes }: MemoryPlan): void {
  const maxColumns = Math.floor(windowBytes / 2 / columnBytes);
  if (columns <= maxColumns) return;
  const more = sizeOption(2 * columnBytes * (columns - maxColumns));
  throw new MemoryLimitError({
    tried: 'keeping the list of columns in memory',
    expected: `at most ${count(maxColumns)} columns in all tables, as --memory-limit ${sizeOption(limitBytes)} allows`,
    found: count(columns),
    fix: `raise --memory-limit by at least ${more}`,
  });
}

function requestOf(
  settings: Settings,
  formats: readonly FormatName[],
  {
    threads,
    remoteBytes: remote,
    inputBytes,
    hasLargeWindow,
  }: Pick<MemoryPlan, 'threads' | 'remoteBytes' | 'inputBytes' | 'hasLargeWindow'>,
): PlanRequest {
  const { workers, batchBytes, batchPoints, maxPointBytes } = settings;
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  const bytesOf = (wideChunks: boolean, parsers: number): number =>
    formatMemoryBytes(settings, formats, readMode(formats, wideChunks, parsers));
  const narrow = bytesOf(false, 0);
  const wide = bytesOf(true, 0);
  return {
    limit,
    workers,
    batchBytes,
    batchPoints,
    maxPointBytes,
    formatBytes: narrow,
    chunkBytes: { narrow: chunkBytes.narrow, wide: chunkBytes.wide, workerThread: chunkBytes.workerThread },
    wideBytes: wide - narrow,
    remoteBytes: remote,
    inputBytes,
    hasLargeWindow,
    threads: usableThreads(formats, threads),
    threadBytes: (parsers) => bytesOf(true, parsers) - wide,
    narrowThreadBytes: hasNarrowThreads(formats) ? (parsers) => bytesOf(false, parsers) - narrow : null,
    slotBytes,
  };
}
