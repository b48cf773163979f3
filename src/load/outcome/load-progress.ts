// Computes the progress of a load over all its runs, in percent. Only bytes of loaded and rejected points count. Bytes
// that are only read do not count.

/** Facts for computing the progress. File bytes are counted before decompression, decoded bytes after decompression. */
export interface ProgressFacts {
  readonly inputs: readonly { readonly size: number | null }[];
  /** Totals of each input, including earlier runs. `bytes` counts the decoded bytes of loaded and rejected points. */
  readonly totals: readonly {
    readonly read: number;
    readonly loaded: number;
    readonly rejected: number;
    readonly bytes: number;
  }[];
  /** Number of points that all runs have loaded or rejected. `limit` is the value of --limit; null for no limit. */
  readonly settledPoints: number;
  readonly limit: number | null;
  /** Returns true if this run has read the input to its end, or does not need to read the input. */
  readonly isRead: (input: number) => boolean;
  /** Returns the position up to which this run has read an input; null if this run has not begun the input. */
  readonly positionIn: (input: number) => { readonly file: number; readonly decoded: number } | null;
  /** Returns how many file bytes of an input belong to points that earlier runs loaded or rejected. */
  readonly settledBefore: (input: number) => number;
}

/**
 * Returns the progress, 0 to 100 in steps of 0.01; null while the size of an input is unknown. Returns 100 only if
 * every point of all inputs, or as many points as --limit allows, is loaded or rejected.
 */
export function percentDone(facts: ProgressFacts): number | null {
  let total = 0;
  let settled = 0;
  let complete = true;
  for (const [i, { size }] of facts.inputs.entries()) {
    if (size === null) return null;
    total += size;
    const isSettled = facts.isRead(i) && isBalanced(facts.totals[i]!);
    complete &&= isSettled;
    settled += isSettled ? size : Math.min(size, settledFileBytes(facts, i));
  }
  const points = facts.limit === null ? 0 : facts.settledPoints / facts.limit;
  if (complete || points >= 1) return 100;
  const share = Math.max(total === 0 ? 0 : settled / total, points);
  return Math.min(99.99, Math.floor(share * 10_000) / 100);
}

function isBalanced({ read, loaded, rejected }: ProgressFacts['totals'][number]): boolean {
  return read === loaded + rejected;
}

/**
 * Converts decoded bytes of loaded and rejected points to file bytes. Uses the ratio of file bytes to decoded bytes
 * read so far.
 */
function settledFileBytes({ totals, positionIn, settledBefore }: ProgressFacts, i: number): number {
  const position = positionIn(i);
  if (position === null) return settledBefore(i);
  return position.decoded === 0 ? 0 : totals[i]!.bytes * (position.file / position.decoded);
}
