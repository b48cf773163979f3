// Forced garbage collection without a command-line flag.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Returns a function that collects all garbage and returns the bytes of heap that it freed: 6 ms on an empty heap, 60 ms at
 * 72 MB.
 */
export function collector(): () => number {
  let gc: (() => void) | null = null;
  return () => {
    if (gc === null) {
      setFlagsFromString('--expose-gc');
      gc = runInNewContext('gc') as () => void;
    }
    const before = heapBytes();
    gc();
    return Math.max(0, before - heapBytes());
  };
}

function heapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
