// Forced garbage collection without a command-line flag.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Returns a function that collects all garbage before it returns: 6 ms on an empty heap, 60 ms at 72 MB. */
export function collector(): () => void {
  let gc: (() => void) | null = null;
  return () => {
    if (gc === null) {
      setFlagsFromString('--expose-gc');
      gc = runInNewContext('gc') as () => void;
    }
    gc();
  };
}
