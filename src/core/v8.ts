// Settings of V8 that a running process can change, and forced garbage collection.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Switches the optimising compiler for WebAssembly off, in the whole process. It takes 95 ms of processor time, most of it
 * for undici's parser, and 28 MiB (Node 20.20, 2026-11-29).
 */
export function useBaselineCompiler(setFlag = setFlagsFromString): void {
  // The first flag works in Node 20, the second in Node 24.
  setFlag('--liftoff-only');
  setFlag('--wasm-tiering-budget=2147483647');
}

/**
 * Lets the interpreter run JavaScript for the first `ms` of a load. To compile what a load of 1,000 points calls often takes
 * 20 ms of processor time and gains less (Node 24.21, 2026-11-30). A longer load gets its optimising compiler back.
 */
export function interpretFirst(ms: number, setFlag = setFlagsFromString): void {
  for (const compiler of ['opt', 'maglev', 'sparkplug']) setFlag(`--no-${compiler}`);
  setTimeout(setFlag, ms, '--opt').unref();
}

type Collect = (options?: { readonly type: 'minor' }) => void;

let exposed: Collect | undefined;

function collect(): Collect {
  if (exposed === undefined) {
    setFlagsFromString('--expose-gc');
    exposed = runInNewContext('gc') as Collect;
  }
  return exposed;
}

/** Collects all garbage before it returns: 6 ms on an empty heap, 60 ms at 72 MB. */
export function collectAll(): void {
  collect()();
}

/** Bytes of buffers between two collections of young garbage. */
const youngBytes = 4 * 1024 * 1024;
let passed = 0;

/**
 * Counts bytes of a buffer that was used up, and collects young garbage every 4 MiB: 1 ms each. Without it such buffers
 * fill the heap up to a collection of everything. 480 MB of gzip, Node 20.20 (2026-11-29): 42 → 3 full collections, CPU
 * time 3.0 → 2.4 s, peak 98 → 89 MiB.
 */
export function countUsedBuffer(bytes: number): void {
  passed += bytes;
  if (passed < youngBytes) return;
  passed = 0;
  collect()({ type: 'minor' });
}
