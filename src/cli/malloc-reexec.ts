// The process replaces itself once with a memory allocator that gives back what is freed. Compressed bodies come and go
// by the hundred kilobytes from several threads; glibc would keep them. Its settings are read at the start only.

import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import type { Process } from './process.js';

/**
 * From 128 KiB on, freed memory goes back to the kernel; glibc raises this threshold by itself unless it is given. One
 * arena instead of eight per core; a young generation of 2 MiB instead of 16. Gzip bodies on Node 24.21 (2026-11-23, with two
 * arenas and 4 MiB): peak 162 → 140 MiB, zstd bodies 161 → 125 MiB; 75 ms more until the first byte. With one arena and
 * 2 MiB, zstd bodies and points found on a thread (2026-11-26): 147 → 142 MiB, 10.4 → 9.8 s for 4 GB.
 */
const threshold = 'MALLOC_MMAP_THRESHOLD_';
const settings = { [threshold]: '131072', MALLOC_ARENA_MAX: '1' };
const flags = ['--max-semi-space-size=2'];
/**
 * After a collection the heap may grow by a fifth until the next, not to several times its size: each costs 15 ms. 4 GB down a
 * pipe, Node 20.20 (2026-11-26): peak 131 → 112 MiB, no slower.
 */
const growth = '--heap-growing-percent=20';

/** The kernel takes 2 MiB of words: as much as was typed fitted, and the little more must fit as well. */
const longestCommand = 1024 * 1024;
/** What is over before freed memory adds up is not worth starting twice. */
const smallBytes = 4 * 1024 * 1024;
const fewInputs = 64;

/**
 * Does not return when the process is replaced: same process id, open files and signals, the words as they were typed.
 * Returns with nothing but a young generation that stays small where Node cannot do that (before 22.15), where the
 * environment has settings of its own, on other systems, whose allocators do not read them, and for a few small files.
 * @param inputs as they were named
 */
export function reexecWithMallocTuning(process: Process, inputs: readonly string[] = []): void {
  const { argv, env, execArgv, execPath, execve, platform } = process;
  staySmall();
  // V8 sets the factor back to 2, for the whole process, when it makes the heap of another thread.
  process.on('worker', (worker: Worker) => worker.once('online', staySmall));
  if (execve === undefined || platform !== 'linux' || env[threshold] !== undefined) return;
  if (argv.join(' ').length > longestCommand) return;
  try {
    if (isLittle(inputs)) return;
    execve(execPath!, [execPath!, ...flags, ...(execArgv ?? []), ...argv.slice(1)], { ...settings, ...env });
  } catch {
    // Node's permission model may forbid either: then it stays as it was.
  }
}

function staySmall(): void {
  // Takes effect at any time, unlike a size: the young generation stays as small as it begins. Gzip bodies on Node 20.20
  // (2026-11-23): peak 135 → 124 MiB, no slower.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(growth);
}

function isLittle(inputs: readonly string[]): boolean {
  if (inputs.length === 0 || inputs.length > fewInputs) return false;
  let left = smallBytes;
  return inputs.every((name) => {
    const what = statSync(name, { throwIfNoEntry: false });
    left -= what?.size ?? 0;
    return what?.isFile() && left >= 0;
  });
}
