// Estimates the request bodies that the vnodes of a node retain. Each vnode retains the newest 256 bodies sent to it
// (only its part of each body), whatever their size, as long as the server runs. Each time bucket has its own vnodes.

import type { Batch, BodyPart } from '../../core/types/index.js';

/** Number of bodies that each vnode retains (tskv/src/wal/wal_store.rs of CnosDB 2.4.3). */
export const bodiesKept = 256;
/**
 * A time bucket is open if one of the newest 16 bodies has points in the bucket. Most of the next points belong to open
 * buckets.
 */
const openBodies = 16;

/**
 * Divides the retained bytes of an acknowledged body among the time buckets of its batch, in proportion to the bytes of
 * each bucket in the batch. The body may be a part of its batch.
 */
export function partsOf({ buckets, body }: Pick<Batch, 'buckets' | 'body'>, retainedBytes: number): BodyPart[] {
  return buckets.map(({ bucket, bytes }) => ({ bucket, bytes: Math.round((bytes * retainedBytes) / body.length) }));
}

export interface RaftCacheOptions {
  /** Bytes that the fullest node stores for one byte of a body; above 1 if the node stores several replicas. */
  readonly share: number;
  /**
   * Buckets that exist before the load; null if unknown. The vnodes of these buckets may retain bodies of earlier
   * loads.
   */
  readonly existing: ReadonlySet<number> | null;
  /** Largest number of bytes retained for one body (`bodyBytes`), and in all caches of a node (`maxBytes`). */
  readonly bodyBytes: number;
  readonly maxBytes: number;
}

/**
 * `bytes`: bytes of the bodies that the open time buckets retain on the fullest node. `places`: number of bodies that
 * every open bucket can still add to its cache before the cache is full.
 */
export interface OpenBuckets {
  readonly bytes: number;
  readonly places: number;
}

/**
 * State of one time bucket. `sizes`: bodies that its vnodes retain, bytes, the oldest first. `isReopened`: true if the
 * bucket received points after a flush.
 */
export type SavedBucket = readonly [bucket: number, sizes: readonly number[], isFlushed: boolean, isReopened: boolean];

/** Sizes of the newest 256 bodies of one time bucket. A further body replaces the oldest body. */
class Ring {
  readonly #sizes = new Uint32Array(bodiesKept);
  #next = 0;
  /** Number of bodies so far, up to 256. */
  count = 0;
  sum = 0;

  /** Sizes of the bodies, the oldest first. */
  get sizes(): readonly number[] {
    const from = this.count < bodiesKept ? 0 : this.#next;
    return Array.from({ length: this.count }, (_, i) => this.#sizes[(from + i) % bodiesKept]!);
  }

  add(bytes: number): void {
    this.sum += bytes - this.#sizes[this.#next]!;
    this.#sizes[this.#next] = bytes;
    this.#next = (this.#next + 1) % bodiesKept;
    this.count = Math.min(bodiesKept, this.count + 1);
  }
}

export class RaftCaches {
  readonly #options: RaftCacheOptions;
  /** Retained bodies by bucket. The bucket written last is at the end. */
  readonly #rings = new Map<number, Ring>();
  /** Number of cache entries that may still hold bodies of an earlier load. */
  #unfilled: number;
  /** Bucket written last. */
  #newest: { readonly bucket: number; readonly ring: Ring } | null = null;
  /** For each of the newest bodies: the `Ring`s of the buckets that the body wrote to. */
  #open: (readonly Ring[])[] = [];
  readonly #flushed = new Set<number>();
  readonly #reopened = new Set<number>();
  #sum = 0;

  constructor(options: RaftCacheOptions) {
    this.#options = options;
    this.#unfilled = (options.existing?.size ?? 0) * bodiesKept;
  }

  /** Number of buckets that this load has written to. */
  get bucketCount(): number {
    return this.#rings.size;
  }

  /** Share of this load's buckets, 0 to 1, that received points after a flush. */
  get reopened(): number {
    return this.#reopened.size / Math.max(1, this.#rings.size);
  }

  /** Tests whether this load has written to a bucket. */
  has(bucket: number): boolean {
    return this.#rings.has(bucket);
  }

  /** Bytes of this load's bodies that the fullest node retains. */
  get bytes(): number {
    return this.#options.share * this.#sum;
  }

  /**
   * Upper bound of the retained bytes: `bytes`, plus bodies of an earlier load, plus bodies that the newest bucket can
   * still add.
   */
  get atWorst(): number {
    const { bodyBytes, maxBytes, share, existing } = this.#options;
    const newest = this.#newest;
    const isCounted = newest === null ? this.#unfilled > 0 : existing?.has(newest.bucket) === true;
    const places = this.#unfilled + (isCounted ? 0 : bodiesKept - (newest?.ring.count ?? 0));
    return Math.max(this.bytes, Math.min(maxBytes, this.bytes + share * places * bodyBytes));
  }

  /** Memory of the open time buckets. The small writes of a rinse do not open a bucket. */
  get open(): OpenBuckets {
    const rings = [...new Set(this.#open.flat())];
    const most = Math.max(0, ...rings.map(({ count }) => count));
    return { bytes: this.#options.share * rings.reduce((sum, ring) => sum + ring.sum, 0), places: bodiesKept - most };
  }

  /** Buckets with the bytes that they retain on the fullest node. The bucket written last is at the end. */
  get buckets(): { readonly bucket: number; readonly bytes: number }[] {
    return [...this.#rings].map(([bucket, { sum }]) => ({ bucket, bytes: sum * this.#options.share }));
  }

  /** Counts an acknowledged body. */
  add(parts: readonly BodyPart[], isRinse = false): void {
    const rings = parts.map((part) => this.#add(part));
    if (isRinse) return;
    this.#open = [...this.#open.slice(1 - openBodies), rings];
    for (const { bucket } of parts) if (this.#flushed.has(bucket)) this.#reopened.add(bucket);
  }

  /** Records that a flush of all buckets begins. */
  flushBegan(): void {
    for (const bucket of this.#rings.keys()) this.#flushed.add(bucket);
  }

  #add({ bucket, bytes }: BodyPart): Ring {
    const ring = this.#rings.get(bucket) ?? new Ring();
    this.#rings.delete(bucket);
    this.#rings.set(bucket, ring);
    this.#newest = { bucket, ring };
    if (ring.count < bodiesKept && this.#options.existing?.has(bucket) === true) this.#unfilled -= 1;
    const before = ring.sum;
    ring.add(bytes);
    this.#sum += ring.sum - before;
    return ring;
  }

  /** Returns each bucket with the sizes of the bodies that it retains, for `restore`. */
  save(): readonly SavedBucket[] {
    const [flushed, reopened] = [this.#flushed, this.#reopened];
    return [...this.#rings].map(([bucket, { sizes }]) => [bucket, sizes, flushed.has(bucket), reopened.has(bucket)]);
  }

  /** Replaces everything counted so far by the saved buckets. */
  restore(saved: readonly SavedBucket[]): void {
    this.#rings.clear();
    this.#newest = null;
    this.#open = [];
    this.#sum = 0;
    this.#unfilled = (this.#options.existing?.size ?? 0) * bodiesKept;
    this.#flushed.clear();
    this.#reopened.clear();
    for (const [bucket, sizes, isFlushed, isReopened] of saved) {
      for (const bytes of sizes) this.add([{ bucket, bytes }]);
      if (isFlushed) this.#flushed.add(bucket);
      if (isReopened) this.#reopened.add(bucket);
    }
  }
}
