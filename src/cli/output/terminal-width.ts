// How wide a page for people may be.

import type { Process } from '../process.js';

/** Null: no terminal, or one that was never told its size, which says 0. */
export function widthOf({ stderr }: Pick<Process, 'stderr'>): number | null {
  return stderr.isTTY === true ? stderr.columns || null : null;
}
