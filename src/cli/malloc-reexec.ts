// Restarts the process once with other settings for memory. glibc and V8 read some of them only at the start, and without
// them freed request bodies stay in the process.

import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { interpretFirst, useBaselineCompiler } from '../core/v8.js';
import type { Process } from './process.js';

/**
 * glibc returns freed blocks above this size to the kernel; an unset threshold rises by itself. One arena
 * replaces eight per core, and a young generation of 2 MiB replaces 16. Gzip bodies on Node 24.21 (2026-11-23, two
 * arenas, 4 MiB): peak 162 → 140 MiB, zstd bodies 161 → 125 MiB; 75 ms more until the first byte. One arena and 2 MiB
 * with zstd bodies and a worker thread (2026-11-26): 147 → 142 MiB, 10.4 → 9.8 s for 4 GB.
 */
const threshold = 'MALLOC_MMAP_THRESHOLD_';
const settings = { [threshold]: '131072', MALLOC_ARENA_MAX: '1' };
/** Without the second flag SIGUSR1 opens Node's debugger until a listener is registered. */
const flags = ['--max-semi-space-size=2', '--disable-sigusr1'] as const;
/**
 * The heap grows by a fifth until the next collection, not to several times its size. One collection takes 15 ms. 4 GB
 * from a pipe, Node 20.20 (2026-11-26): peak 131 → 112 MiB, no slower.
 */
const growth = '--heap-growing-percent=20';

/** execve limits arguments plus environment to 2 MiB. A longer command line skips the restart. */
const maxCommandLength = 1024 * 1024;
/**
 * For smaller inputs a restart, the optimising compiler and more collections cost more than they save: 15 ms of processor
 * time for 1,000 points (2026-11-29).
 */
const smallBytes = 4 * 1024 * 1024;
const fewInputs = 64;
/** After this time, a load of small files gets the optimising compiler: compressed files may hold many points. */
const smallMs = 500;

/**
 * Replaces the process by one with malloc settings. Process id, open files and arguments stay. Does nothing before Node
 * 22.15, outside Linux, with malloc settings of the user, and for small files.
 */
export function reexecWithMallocTuning(process: Process, inputs: readonly string[] = []): void {
  const { argv, env, execArgv, execPath, execve, platform } = process;
  if (execve === undefined || platform !== 'linux' || env[threshold] !== undefined || areSmall(inputs)) return;
  if (argv.join(' ').length > maxCommandLength) return;
  try {
    execve(execPath!, [execPath!, ...flags, ...(execArgv ?? []), ...argv.slice(1)], { ...settings, ...env });
  } catch {
    // Node's permission model may forbid the call.
  }
}

/** The cache of compiled code. V8 accepts the cache only in a run that starts with the same flags. */
export interface CompiledCode {
  /** True when this run compiles code that later runs can use. */
  isNew(): boolean;
  /** Caches the code compiled so far. */
  keep(): void;
}

/** Modules of Node that every load uses. After a change of flags V8 would compile them from their source: 6 ms (Node 24.21). */
const neededLater = ['node:crypto', 'node:perf_hooks'];

/**
 * Limits the heap. For small files, limits the optimising compilers instead, unless this run fills the cache of compiled
 * code. Must run after all modules are loaded, because V8 rejects cached code after a change of flags, even Node's own.
 */
export function limitV8(
  process: Process,
  inputs: readonly string[] = [],
  code?: CompiledCode,
  setFlag = setFlagsFromString,
): void {
  for (const name of neededLater) globalThis.process.getBuiltinModule(name);
  if (areSmall(inputs)) {
    if (code?.isNew() === true) return;
    useBaselineCompiler(setFlag);
    interpretFirst(smallMs, setFlag);
    return;
  }
  // Only a restarted run fills its cache here. Small loads share the other cache, and need functions that are called later.
  if (process.execArgv?.includes(flags[0])) code?.keep();
  const keepHeapSmall = (): void => {
    // Unlike a size, this flag takes effect at any time. Gzip bodies, Node 20.20 (2026-11-23): peak 135 → 124 MiB, no slower.
    setFlag('--semi-space-growth-factor=1');
    setFlag(growth);
  };
  keepHeapSmall();
  // V8 resets the growth of the young generation for the whole process when it creates the heap of a thread.
  process.on('worker', (worker: Worker) => worker.once('online', keepHeapSmall));
}

function areSmall(inputs: readonly string[]): boolean {
  if (inputs.length === 0 || inputs.length > fewInputs) return false;
  let left = smallBytes;
  try {
    return inputs.every((name) => {
      const found = statSync(name);
      left -= found.size;
      return found.isFile() && left >= 0;
    });
  } catch {
    return false;
  }
}
