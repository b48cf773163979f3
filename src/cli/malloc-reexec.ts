// Restarts the process once with other memory settings. glibc and V8 read some settings only at the start. With the
// default settings, the memory of freed request bodies stays in the process.

import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { interpretFirst, useBaselineCompiler } from '../core/v8.js';
import type { Process } from './process.js';

/**
 * The threshold is a size in bytes: glibc returns freed blocks above this size to the kernel. Without the setting,
 * glibc raises this size while the program runs. The other setting allows one malloc arena; the default is eight per
 * core. Measured with Node 24.21, two arenas and semi-spaces of 4 MiB (2026-11-23): peak memory falls from 162 to
 * 140 MiB with gzip bodies, and from 161 to 125 MiB with zstd bodies; the first byte is sent 75 ms later. With one
 * arena, semi-spaces of 2 MiB, zstd bodies and a worker thread (2026-11-26), peak memory falls from 147 to 142 MiB, and
 * the time for 4 GB from 10.4 to 9.8 s.
 */
const threshold = 'MALLOC_MMAP_THRESHOLD_';
const settings = { [threshold]: '131072', MALLOC_ARENA_MAX: '1' };
/**
 * Sets semi-spaces to 2 MiB; V8's default is 16 MiB. Without `--disable-sigusr1`, SIGUSR1 opens Node's debugger until a
 * listener is registered.
 */
const flags = ['--max-semi-space-size=2', '--disable-sigusr1'] as const;
/**
 * With this flag, V8 collects garbage after the heap has grown by a fifth. Without the flag, the heap grows to several
 * times its size. One collection takes 15 ms. Measured with 4 GB from a pipe on Node 20.20 (2026-11-26): peak memory
 * falls from 131 to 112 MiB at the same speed.
 */
const growth = '--heap-growing-percent=20';
/**
 * V8 unrolls loops of WebAssembly. This takes memory once, early in a load, mostly for the parser of undici. Measured
 * with 2 million points on Node 20.20 (2026-11-30): without unrolling, peak memory falls from 123 to 107 MiB at the
 * same speed.
 */
const noUnrolling = '--no-wasm-loop-unrolling';

/** execve allows 2 MiB for arguments plus environment. If the command line exceeds 1 MiB, there is no restart. */
const maxCommandLength = 1024 * 1024;
/**
 * If the inputs together have fewer bytes, the restart and the settings cost more than they save. They add 15 ms of CPU
 * time to a load of 1,000 points (2026-11-29).
 */
const smallBytes = 4 * 1024 * 1024;
const fewInputs = 64;
/**
 * After this time in ms, a load of small files may use the optimising compiler, because small compressed files may
 * contain many points.
 */
const smallMs = 500;

/**
 * Restarts the program in the same process, with malloc settings. Process id, open files and arguments do not change.
 * Does nothing before Node 22.15, outside Linux, if the user set malloc options, and for small files.
 */
export function reexecWithMallocTuning(process: Process, inputs: readonly string[] = []): void {
  const { argv, env, execArgv, execPath, execve, platform } = process;
  if (execve === undefined || platform !== 'linux' || env[threshold] !== undefined || areSmall(inputs)) return;
  if (argv.join(' ').length > maxCommandLength) return;
  try {
    execve(execPath!, [execPath!, ...flags, ...(execArgv ?? []), ...argv.slice(1)], { ...settings, ...env });
  } catch {
    // Node's permission model may forbid the call. The program then continues without the settings.
  }
}

/** The cache of compiled code. V8 accepts the cache only in a run that starts with the same flags. */
export interface CompiledCode {
  /** True when this run compiles code that later runs can use. */
  isNew(): boolean;
  /** Caches the code compiled so far. */
  keep(): void;
}

/**
 * Modules of Node that every load uses. They are loaded before the flags change. After the change, V8 would compile
 * these modules from source, which takes 6 ms (Node 24.21).
 */
const neededLater = ['node:crypto', 'node:perf_hooks'];

/**
 * Limits the heap. For small files, limits the optimising compilers instead, unless this run fills the cache of
 * compiled code. Must run after all modules are loaded, because V8 rejects cached code after a change of flags, even
 * the code of Node's own modules.
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
  // Only a restarted run caches its code here. All other runs share another cache. Small loads write this other cache
  // at their end, so that it contains all functions they call.
  if (process.execArgv?.includes(flags[0])) code?.keep();
  const keepHeapSmall = (): void => {
    // This flag takes effect at any time, unlike the flag for the size of the semi-spaces. Measured with gzip bodies on
    // Node 20.20 (2026-11-23): peak memory falls from 135 to 124 MiB at the same speed.
    setFlag('--semi-space-growth-factor=1');
    setFlag(growth);
  };
  keepHeapSmall();
  setFlag(noUnrolling);
  // When a thread starts, V8 resets the growth of the young generation for the whole process. So it is set again.
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
