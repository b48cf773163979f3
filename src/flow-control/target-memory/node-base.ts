// Estimates the memory of a CnosDB node without rows and request bodies: the idle node, its vnodes and their indexes.
// Model and figures are measured on CnosDB 2.4.3.4.

const MiB = 1024 * 1024;
/** Resident bytes of an idle node. The plan includes these bytes, because the limit covers the whole node. */
export const idleBytes = 110 * MiB;
/**
 * Resident bytes of a vnode without its series, rows and bodies (2.4.3.4). A vnode takes 2.1 MiB after its first flush.
 * The 256 small writes of a rinse take 0.5 MiB. The rest is memory of freed rows and bodies that the
 * allocator retains.
 */
export const vnodeBytes = 3.55 * MiB;
/** Resident bytes of each of the first `manySeries` new series in the index of a vnode. */
const indexedBytes = 384;
const manySeries = 10_000;
/** Resident bytes of each series after the first `manySeries` in the index of a vnode. */
const manySeriesBytes = 1.2 * 1024;
/**
 * Memory that a flush or compaction takes for each series of the vnode, bytes. `compactedColumnBytes`: the memory for
 * each column of a series.
 */
const compactedBytes = 1024;
const compactedColumnBytes = 450;
/** Largest number of compactions that run at once on a node. */
const compactions = 4;
/**
 * Resident bytes of the tables of a vnode's index cache, if all their pages are in use. The cache has two maps of 16
 * parts, and a part has 32 pages of 4 KiB (`index_cache_capacity` = 100,000; common/cache/src/sharded_sync_cache.rs).
 */
const cacheTables = 4 * MiB;
const cachePages = 512;
/**
 * Resident bytes of each of the first `manySeries` series in the index cache of a vnode. For further series,
 * `manySeriesBytes` includes these bytes.
 */
const cachedBytes = 1.75 * 1024;

/** All series of a node. A series in two time buckets counts twice. */
export interface NodeSeries {
  readonly series: number;
  /** Mean number of fields of a series. */
  readonly fields: number;
  /** Share of the vnodes, 0 to 1, that receive points after one of their flushes. */
  readonly reopened: number;
}

/** Returns the resident bytes of a node, without rows and request bodies. */
export function nodeBase(vnodes: number, { series, fields, reopened }: NodeSeries = noSeries): number {
  const many = Math.max(0, series - manySeries * vnodes);
  const index = indexedBytes * (series - many) + manySeriesBytes * many;
  const compacted = series * Math.min(1, compactions / Math.max(1, vnodes));
  const cached = reopened * vnodes * indexCache(series / Math.max(1, vnodes));
  return (
    idleBytes +
    vnodeBytes * vnodes +
    index +
    cached +
    compacted * (compactedBytes + compactedColumnBytes * (fields + 1))
  );
}

const noSeries: NodeSeries = { series: 0, fields: 0, reopened: 0 };

/**
 * Returns the resident bytes of the index cache of a vnode that receives points after a flush. The vnode reads each new
 * series from disk, and stores it in two maps at random places. So a few series already touch many pages of the maps.
 */
function indexCache(series: number): number {
  return cacheTables * (1 - Math.exp(-series / cachePages)) + cachedBytes * Math.min(series, manySeries);
}

/**
 * Returns the resident bytes of a node whose load writes to `buckets` time buckets. Excludes rows and request bodies.
 */
export function baseOf(vnodesPerBucket: number, perBucket: NodeSeries, buckets: number): number {
  return nodeBase(vnodesPerBucket * buckets, { ...perBucket, series: perBucket.series * buckets });
}

/** The time buckets that a load has written to, and the share of them that received points after a flush. */
export interface WrittenBuckets {
  readonly bucketCount: number;
  readonly reopened: number;
}

/**
 * Returns the resident bytes of the fullest node for the time buckets and series that a load has sent so far.
 * Excludes rows and request bodies.
 */
export function baseSoFar(
  { share, vnodesPerBucket }: { readonly share: number; readonly vnodesPerBucket: number },
  { bucketCount, reopened }: WrittenBuckets,
  { count, fields }: { readonly count: number; readonly fields: number },
): number {
  return nodeBase(vnodesPerBucket * bucketCount, { series: share * count, fields, reopened });
}
