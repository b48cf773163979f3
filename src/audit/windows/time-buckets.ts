// Computes digests of the points of each table by time, in bounded memory. Each table begins with time buckets of one
// millisecond. When all tables together have too many buckets, the table with the most buckets doubles its bucket width
// and merges neighbouring digests.

import type { PointHasher } from '../points/point-hash.js';
import { Digest } from './digest.js';

/** Largest number of buckets of all tables, about 200 B each. */
const maxBuckets = 65_536;

interface TableBuckets {
  /** Width of a bucket, ms. */
  width: number;
  /** Digests by bucket number. The number is the start of the bucket in ms since 1970, divided by `width`. */
  buckets: Map<number, Digest>;
  /** Bucket of the point that was added last; null before the first point. */
  last: { readonly key: number; readonly digest: Digest } | null;
}

/** The digest of a bucket, and the times at which the bucket begins and ends, ms since 1970. */
export interface TimeBucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly digest: Digest;
}

export class DigestsByTime {
  readonly #max: number;
  readonly #tables = new Map<string, TableBuckets>();
  #total = 0;

  constructor(max = maxBuckets) {
    this.#max = max;
  }

  get tables(): string[] {
    return [...this.#tables.keys()].sort();
  }

  /**
   * Adds the point that the hasher has just read.
   * @param bytes length of the point's line
   */
  add(table: string, point: PointHasher, bytes: number): void {
    const found = this.#tables.get(table) ?? this.#create(table);
    const key = Math.floor(millisecondsOf(point) / found.width);
    if (found.last?.key !== key) found.last = { key, digest: this.#bucket(found, key) };
    found.last.digest.add(point, bytes);
    if (this.#total > Math.max(this.#max, 2 * this.#tables.size)) this.#widen();
  }

  /** Returns the buckets of a table in order of time. */
  of(table: string): TimeBucket[] {
    const { width, buckets } = this.#tables.get(table) ?? { width: 1, buckets: new Map<number, Digest>() };
    return [...buckets]
      .sort(([a], [b]) => a - b)
      .map(([key, digest]) => ({ fromMs: key * width, toMs: (key + 1) * width, digest }));
  }

  #create(table: string): TableBuckets {
    const created: TableBuckets = { width: 1, buckets: new Map(), last: null };
    this.#tables.set(table, created);
    return created;
  }

  #bucket({ buckets }: TableBuckets, key: number): Digest {
    const known = buckets.get(key);
    if (known !== undefined) return known;
    const digest = new Digest();
    buckets.set(key, digest);
    this.#total += 1;
    return digest;
  }

  /** Doubles the bucket width of the table with the most buckets, until the table has at most half as many buckets. */
  #widen(): void {
    const tables = [...this.#tables.values()];
    const largest = tables.reduce((most, each) => (each.buckets.size > most.buckets.size ? each : most));
    const wanted = largest.buckets.size / 2;
    while (largest.buckets.size > wanted) this.#double(largest);
  }

  #double(table: TableBuckets): void {
    const before = table.buckets;
    table.buckets = new Map();
    table.width *= 2;
    table.last = null;
    this.#total -= before.size;
    for (const [key, digest] of before) {
      const known = table.buckets.get(Math.floor(key / 2));
      if (known !== undefined) known.merge(digest);
      else table.buckets.set(Math.floor(key / 2), digest);
    }
    this.#total += table.buckets.size;
  }
}

/** Returns the time of a point in ms since 1970, rounded down. Exact for every 64-bit time in nanoseconds. */
export function millisecondsOf({ seconds, nanos }: Pick<PointHasher, 'seconds' | 'nanos'>): number {
  return seconds * 1000 + Math.floor(nanos / 1_000_000);
}
