// The windows of an audit. A window is a range of time of one table. The windows of a table follow one another without
// gaps and have about the same number of points. An audit compares the digest of a whole window.

import { Digest, type StoredDigest } from './digest.js';
import type { DigestsByTime } from './time-buckets.js';

/**
 * Planned number of points in a window. If the digest of a window differs, the audit reads all points of the window
 * again.
 */
const windowPoints = 10_000;
/** Largest number of windows of all tables. A window takes about 400 B of memory. */
const maxWindows = 50_000;
/** First and last time that a signed 64-bit number of nanoseconds can represent, ms since 1970. */
const earliestMs = -9_223_372_036_855;
const latestMs = 9_223_372_036_855;

/** The points of a table with times from `fromMs` up to, but not including, `toMs`, ms since 1970. */
export interface Window {
  readonly table: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Digest of the input points in the window. */
  readonly digest: Digest;
}

/** A window in the state file. */
export type StoredWindow = readonly [table: string, fromMs: number, toMs: number, digest: StoredDigest];

/**
 * Plans windows from the digests of all tables. The windows of each table cover all times without gaps.
 * @param target planned number of points in a window
 */
export function planWindows(digests: DigestsByTime, target = windowPoints): Window[] {
  const tables = digests.tables.map((table) => ({ table, buckets: digests.of(table) }));
  const points = tables.reduce((sum, { buckets }) => sum + buckets.reduce((n, { digest }) => n + digest.points, 0), 0);
  const wanted = Math.max(target, Math.ceil(points / maxWindows));
  return tables.flatMap(({ table, buckets }) => {
    const windows: Window[] = [];
    let fromMs = earliestMs;
    let digest = new Digest();
    buckets.forEach((bucket, i) => {
      digest.merge(bucket.digest);
      const isLast = i === buckets.length - 1;
      if (!isLast && digest.points < wanted) return;
      const toMs = isLast ? latestMs : bucket.toMs;
      windows.push({ table, fromMs, toMs, digest });
      fromMs = bucket.toMs;
      digest = new Digest();
    });
    return windows;
  });
}

export function storedWindow({ table, fromMs, toMs, digest }: Window): StoredWindow {
  return [table, fromMs, toMs, digest.stored];
}

export function windowFrom([table, fromMs, toMs, digest]: StoredWindow): Window {
  return { table, fromMs, toMs, digest: Digest.from(digest) };
}

/** Finds the window of a table that contains a given time. */
export class WindowIndex {
  readonly #byTable = new Map<string, { readonly first: number; readonly ends: readonly number[] }>();
  #last = { table: '', fromMs: 0, toMs: 0, index: -1 };
  readonly #windows: readonly Window[];

  constructor(windows: readonly Window[]) {
    this.#windows = windows;
    let first = 0;
    while (first < windows.length) {
      const { table } = windows[first]!;
      const ends: number[] = [];
      for (let i = first; windows[i]?.table === table; i += 1) ends.push(windows[i]!.toMs);
      this.#byTable.set(table, { first, ends });
      first += ends.length;
    }
  }

  /** Returns the index of the window that contains the time; -1 for a table without windows. */
  find(table: string, ms: number): number {
    const last = this.#last;
    if (last.table === table && ms >= last.fromMs && ms < last.toMs) return last.index;
    const found = this.#byTable.get(table);
    if (found === undefined) return -1;
    let low = 0;
    let high = found.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ms < found.ends[middle]!) high = middle;
      else low = middle + 1;
    }
    const index = found.first + low;
    const { fromMs, toMs } = this.#windows[index]!;
    this.#last = { table, fromMs, toMs, index };
    return index;
  }
}
