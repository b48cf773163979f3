// Plans the target's memory by pure arithmetic: the memory that a node needs for this load, and the settings that limit
// this memory (body size, memcache size, timely flushes and rinses). Model and figures are measured on CnosDB 2.4.3.4.

import {
  type BodyPlan,
  bodiesShare,
  firstOf,
  keptBodies,
  largestBody,
  smallestOf,
  sustainedBody,
} from './body-sizes.js';
import { dueShare, flushMarks, minRows, perRowByte } from './flush/flush-marks.js';
import type { FlushMarks } from './flush/flushing.js';
import { type RowWeight, retainedOf } from './flush/memcache-estimate.js';
import { seriesBytes } from './flush/series-estimate.js';
import { baseOf, idleBytes, type NodeSeries, vnodeBytes } from './node-base.js';
import type { RinseMarks } from './rinsing.js';

const MiB = 1024 * 1024;
/** Memcache size of a server that does not report its memcache size (before 2.4.2). */
const usualMemcache = 128 * MiB;
/**
 * Retained bodies get this share of a node's memory above its base, instead of `bodiesShare`, if a new database with
 * one time bucket receives wide rows. Rows get the remaining share, which determines MAX_MEMCACHE_SIZE of the database.
 */
const wideBodiesShare = 0.65;
/**
 * Rows count as wide if they take at least this many resident bytes per byte of input. Examples: TSBS IoT takes 1.1
 * bytes, and lines that set 1 of 50 fields take 13 bytes.
 */
const wideRows = 8;
/** Sending waits for a rinse once the retained bytes reach this multiple of the bytes at which a rinse begins. */
const rinseHold = 1.25;
/**
 * A rinse ends once the retained bytes fall to this share of the bytes at which it begins. Rare, long rinses need fewer
 * writes.
 */
const rinseRest = 0.1;
const minMemcache = 16 * MiB;
/**
 * Bytes that gauges count for one resident byte of rows that set all fields of their table. The memcaches of a new
 * database have room for such rows, because later loads may send them.
 */
const usualGauged = 0.5;

export interface TargetPlanRequest {
  /** Memory limit of a node, including the memory of the idle node; null for no limit. */
  readonly targetMemoryBytes: number | null;
  readonly shard: number;
  readonly replica: number;
  readonly nodes: number;
  /** Largest number of vnodes per time bucket on one node. */
  readonly vnodesPerNode: number;
  /** MAX_MEMCACHE_SIZE of the database, bytes; null if the server does not report it. */
  readonly maxMemcacheBytes: number | null;
  /** Number of time buckets of the input, as far as they are known; at least 1. */
  readonly buckets: number;
  readonly batchBytes: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
  /** Memory of rows per byte of text, without the memory of their series. */
  readonly weight: RowWeight;
  /** Resident bytes of rows and their series, per byte of text. */
  readonly residentPerByte: number;
  /** Series of each time bucket in all vnodes of the database, as far as they are known. */
  readonly perBucket: NodeSeries;
  /** True if the load creates the database and can choose MAX_MEMCACHE_SIZE. */
  readonly mayCreate: boolean;
  /** True if the load may ask the target to flush. */
  readonly mayFlush: boolean;
}

export interface TargetPlan extends BodyPlan {
  /** Thresholds of planned flushes; null if no flush is planned. */
  readonly flush: FlushMarks | null;
  /** Thresholds of rinses; null if memory is not limited. */
  readonly rinse: RinseMarks | null;
  /** MAX_MEMCACHE_SIZE for a new database, bytes; null if the load does not choose it. */
  readonly memcacheBytes: number | null;
  /** Number of vnodes of one time bucket on the fullest node. */
  readonly vnodesPerBucket: number;
  /** Number of vnodes on the fullest node that the load writes to, over all time buckets. */
  readonly vnodes: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
  /** Bytes of all rows of the load on the fullest node; null while unknown. */
  readonly rowBytes: number | null;
  /** Series of one time bucket on the fullest node, as far as they are known. */
  readonly perBucket: NodeSeries;
  /** Bytes of a vnode's rows, as gauges count them, at which the target flushes the vnode by itself. */
  readonly vnodeCacheBytes: number;
  /**
   * True for wide rows, which fill a memcache faster than flushes can follow. The load then requests flushes before the
   * target flushes by itself.
   */
  readonly isWide: boolean;
  /** Estimated peak memory of the fullest node. */
  readonly peakBytes: number;
  /** True if the estimate stays within the limit. */
  readonly holds: boolean;
  /** Smallest peak memory that any settings can reach. */
  readonly leastBytes: number;
}

/** Estimates the peak of a node: base + retained request bodies + 1.1 × unflushed rows. */
export function nodePeak(baseBytes: number, keptBytes: number, unflushedBytes: number): number {
  return Math.round(baseBytes + keptBytes + perRowByte * unflushedBytes);
}

/** Returns the smallest possible peak memory of a node if the load writes to `buckets` time buckets. */
export function leastWith(plan: TargetPlan, buckets: number): number {
  const { share, bodyBytes, totalBytes, vnodesPerBucket, perBucket, retainedPerByte } = plan;
  const body = Math.min(smallestOf(retainedPerByte), bodyBytes);
  const rows = Math.min(minRows, share * (totalBytes ?? Number.POSITIVE_INFINITY)) + seriesBytes * perBucket.series;
  const base = baseOf(vnodesPerBucket, perBucket, buckets);
  return nodePeak(base, keptBodies(body, share, totalBytes, retainedPerByte), rows);
}

/** Returns the largest number of time buckets that a node within the limit can hold. */
export function mostBuckets(plan: TargetPlan): number {
  const limit = plan.limitBytes ?? Number.POSITIVE_INFINITY;
  let most = Math.max(0, Math.floor((limit - idleBytes) / (vnodeBytes * plan.vnodesPerBucket)));
  while (most > 0 && leastWith(plan, most) > limit) most -= 1;
  return most;
}

/**
 * Plans the target's memory. If the rows of one time bucket need several flushes, all its vnodes receive points after a
 * flush. The plan then includes the memory of such reopened vnodes.
 */
export function planTarget(request: TargetPlanRequest): TargetPlan {
  const plan = planWith(request);
  const { rowBytes, flush } = plan;
  const isReopened = rowBytes !== null && flush !== null && rowBytes / request.buckets > flush.holdBytes;
  return isReopened ? planWith({ ...request, perBucket: { ...request.perBucket, reopened: 1 } }) : plan;
}

function planWith(request: TargetPlanRequest): TargetPlan {
  const { targetMemoryBytes: limit, batchBytes, buckets, totalBytes, vnodesPerNode } = request;
  const share = vnodesPerNode / request.shard;
  const vnodes = vnodesPerNode * buckets;
  const perBucket = { ...request.perBucket, series: request.perBucket.series * share };
  const baseBytes = baseOf(vnodesPerNode, perBucket, buckets);
  const { weight } = request;
  const { resident, gauged, retained } = weight;
  const kept = (body: number): number => keptBodies(body, share, totalBytes, retainedOf(weight, body));
  const isWide = resident >= wideRows;
  const cache = request.maxMemcacheBytes ?? usualMemcache;
  const allBytes = totalBytes === null ? Number.MAX_SAFE_INTEGER : totalBytes * share;
  const allRows = allBytes * request.residentPerByte;
  const maxRows = Math.min((vnodes * cache * request.residentPerByte) / gauged, allRows);
  const fewestRows = request.mayFlush ? Math.min(minRows + seriesBytes * perBucket.series, maxRows) : maxRows;
  const common = {
    limitBytes: limit,
    ...{ share, vnodes, totalBytes, baseBytes, isWide, rowBytes: totalBytes === null ? null : allRows },
    ...{ vnodesPerBucket: vnodesPerNode, perBucket },
    leastBytes: nodePeak(baseBytes, kept(Math.min(smallestOf(retained), batchBytes)), fewestRows),
  };
  if (limit === null) {
    const peakBytes = nodePeak(baseBytes, Math.min(retained * allBytes, buckets * kept(batchBytes)), maxRows);
    const unlimited = {
      retainedPerByte: retainedOf(weight, batchBytes),
      bodyBytes: batchBytes,
      sustainedBytes: batchBytes,
      flush: null,
      rinse: null,
      memcacheBytes: null,
    };
    return { ...common, ...unlimited, vnodeCacheBytes: cache, peakBytes, holds: true };
  }
  const aboveBase = limit - baseBytes;
  const bodiesRoom = aboveBase * (isWide && request.mayCreate && buckets === 1 ? wideBodiesShare : bodiesShare);
  // Without flushes, rows fill the memcaches of an existing database. Bodies then get only the memory that is left.
  const leastRoom = request.mayFlush || request.mayCreate ? bodiesRoom : 0;
  const besideRows = Math.max(leastRoom, aboveBase - perRowByte * maxRows);
  const sustainedBytes = largestBody(batchBytes, besideRows, kept, retained);
  const retainedPerByte = retainedOf(weight, sustainedBytes);
  const rinse = marksOfRoom(aboveBase, kept(sustainedBytes));
  const keptAtPeak = buckets > 1 ? Math.min(retainedPerByte * allBytes, rinse.holdBytes) : kept(sustainedBytes);
  // Returns the bytes of rows, as gauges count them, that fit beside `bodies`. With planned flushes of wide rows, one
  // vnode may receive all these rows. Otherwise, a vnode fills one cache while another cache is flushed.
  const roomFor = (base: number, bodies: number): number =>
    (flushMarks(limit, base, bodies).holdBytes - seriesBytes * perBucket.series) *
    Math.max(isWide ? usualGauged : 0, gauged / resident);
  const gaugedRoom =
    isWide && request.mayFlush
      ? roomFor(baseOf(vnodesPerNode, perBucket, 1), keptBodies(sustainedBytes, share, null, retainedPerByte))
      : (roomFor(baseBytes, keptAtPeak) * dueShare) / vnodes;
  const memcacheBytes = request.mayCreate ? memcacheSize(gaugedRoom) : null;
  const vnodeCacheBytes = memcacheBytes ?? cache;
  const cacheRows = (vnodeCacheBytes * resident) / gauged + seriesBytes * perBucket.series;
  const cap = isWide ? cacheRows : Number.POSITIVE_INFINITY;
  const marks = flushMarks(limit, baseBytes, keptAtPeak, cap);
  const fullRows = Math.min(flushMarks(limit, baseBytes, keptAtPeak).holdBytes, cap, allRows);
  const peakBytes = nodePeak(baseBytes, keptAtPeak, request.mayFlush ? fullRows : maxRows);
  return {
    ...common,
    bodyBytes: buckets > 1 ? Math.max(sustainedBytes, Math.min(batchBytes, firstOf(retained))) : sustainedBytes,
    ...{ retainedPerByte, sustainedBytes, rinse },
    flush: request.mayFlush ? marks : null,
    ...{ memcacheBytes, vnodeCacheBytes },
    peakBytes,
    holds: common.leastBytes <= limit && peakBytes <= limit,
  };
}

function marksOfRoom(room: number, keptBytes: number): RinseMarks {
  const besideRows = room - perRowByte * minRows;
  const dueBytes = Math.max(Math.min(room * bodiesShare, besideRows), keptBytes);
  const holdBytes = Math.max(dueBytes, Math.min(dueBytes * rinseHold, besideRows));
  return { dueBytes, holdBytes, restBytes: dueBytes * rinseRest };
}

/** Returns the thresholds of rinses for a node whose base is `baseBytes`; null if memory is not limited. */
export function rinseMarks(plan: TargetPlan, baseBytes: number): RinseMarks | null {
  if (plan.limitBytes === null || baseBytes === plan.baseBytes) return plan.rinse;
  return marksOfRoom(
    plan.limitBytes - baseBytes,
    keptBodies(sustainedBody(plan, baseBytes), plan.share, null, plan.retainedPerByte),
  );
}

/**
 * Returns the size of a memcache for `rows` bytes, as gauges count them, in whole MiB. The size is at most the server's
 * usual size.
 */
function memcacheSize(rows: number): number {
  return Math.min(usualMemcache, Math.max(minMemcache, Math.floor(rows / MiB) * MiB));
}
