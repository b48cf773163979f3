// Restarts the process once with other settings for memory. glibc and V8 read some of them only at the start, and without
// them freed request bodies stay in the process.

import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { interpretFirst, useBaselineCompiler } from '../core/v8.js';
import type { Process } from './process.js';

/**
 * glibc returns freed blocks above this size to the kernel; unless set, it raises the threshold by itself. One arena
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

/** execve limits arguments plus environment to 2 MiB. Longer commands keep the process as it is. */
const maxCommandLength = 1024 * 1024;
/**
 * Smaller inputs are worth neither a second start, nor the optimising compiler, nor more collections: 15 ms of processor
 * time for 1,000 points (2026-11-29).
 */
const smallBytes = 4 * 1024 * 1024;
const fewInputs = 64;
/** A load of small files that takes longer, such as compressed ones, is worth the optimising compiler. */
const smallMs = 500;

/**
 * Replaces the process by one with malloc settings. Process id, open files and arguments stay. Returns before Node 22.15,
 * outside Linux, with malloc settings of the user, and for small files.
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

/** The code that V8 compiled for this program. It serves only a run that starts with the same flags of V8. */
export interface CompiledCode {
  /** True when this run compiles code that later runs can use. */
  isNew(): boolean;
  /** Keeps the code compiled so far. */
  keep(): void;
}

/**
 * Limits the heap; for small files the optimising compiler instead, unless this run compiles code to keep. Call it once the
 * modules are loaded: V8 uses no compiled code from before a change of its flags, that of Node's own modules included.
 */
export function limitV8(
  process: Process,
  inputs: readonly string[] = [],
  code?: CompiledCode,
  setFlag = setFlagsFromString,
): void {
  if (areSmall(inputs)) {
    if (code?.isNew() === true) return;
    useBaselineCompiler(setFlag);
    interpretFirst(smallMs, setFlag);
    return;
  }
  // Without a restart small loads would use this code too, and it lacks what they call later.
  if (process.execArgv?.includes(flags[0])) code?.keep();
  const keepHeapSmall = (): void => {
    // Takes effect at any time, unlike a size. Gzip bodies on Node 20.20 (2026-11-23): peak 135 → 124 MiB, no slower.
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
