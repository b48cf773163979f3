// Computes the progress of a load over all its runs, in percent of acknowledged bytes. Bytes that are only read do not count.

/** Facts from which the progress is computed. File bytes count before decompression, decoded bytes after. */
export interface ProgressFacts {
  readonly inputs: readonly { readonly size: number | null }[];
  /** Totals of each input, earlier runs included. `bytes`: decoded bytes whose points are acknowledged or rejected. */
  readonly totals: readonly {
    readonly read: number;
    readonly loaded: number;
    readonly rejected: number;
    readonly bytes: number;
  }[];
  /** Number of loaded or rejected points of the whole load, and the largest number that --limit allows; null for no limit. */
  readonly settledPoints: number;
  readonly limit: number | null;
  /** Returns true once this run has read an input to its end, or if it need not read the input. */
  readonly isRead: (input: number) => boolean;
  /** Returns the position in an input; null before this run has begun the input. */
  readonly positionIn: (input: number) => { readonly file: number; readonly decoded: number } | null;
  /** Returns the file bytes of an input that earlier runs have settled. */
  readonly settledBefore: (input: number) => number;
}

/**
 * Returns the percentage, 0 to 100 in steps of 0.01; null while the size of an input is unknown. Returns 100 only once all
 * inputs, or the limit, are settled.
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

/** Converts settled decoded bytes to file bytes, by the ratio of both at the current position of reading. */
function settledFileBytes({ totals, positionIn, settledBefore }: ProgressFacts, i: number): number {
  const position = positionIn(i);
  if (position === null) return settledBefore(i);
  return position.decoded === 0 ? 0 : totals[i]!.bytes * (position.file / position.decoded);
}
