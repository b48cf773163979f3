// Plan of the target's memory as pure arithmetic: what a node needs for this load, and the three settings that bound it
// (body size, memcache size, timely flushes). Model and figures are measured on CnosDB 2.4.3.4.

import type { FlushMarks } from './flushing.js';

const MiB = 1024 * 1024;
/** Resident bytes of an idle node. The limit covers the whole node, so they count. */
const idleBytes = 110 * MiB;
/** Resident bytes per byte of unflushed rows. */
const perCachedByte = 1.2;
/** Request bodies that each vnode keeps in memory (its raft log). */
export const bodiesKept = 256;
/** Memcache size where the server does not report one (before 2.4.2). */
const usualMemcache = 128 * MiB;
/** Smallest body that the plan chooses. */
export const smallestBody = 128 * 1024;
const bodyStep = 64 * 1024;
/** Share of the room beside an idle node for retained bodies. The rest is for unflushed rows. */
const bodiesShare = 0.5;
/** Smallest room for unflushed rows. With less a flush would be due all the time. */
const minRows = 16 * MiB;
/** Share of the room for rows at which a flush is due. Rows that arrive during the flush need the rest. */
const dueShare = 0.5;
const minMemcache = 16 * MiB;

export interface TargetPlanRequest {
  /** Memory that a node may take, itself included; null for no limit. */
  readonly targetMemoryBytes: number | null;
  readonly shard: number;
  readonly replica: number;
  readonly nodes: number;
  /** Largest number of vnodes per time bucket on one node. */
  readonly vnodesPerNode: number;
  /** MAX_MEMCACHE_SIZE; null where the server does not report it. */
  readonly maxMemcacheBytes: number | null;
  /** Time buckets of the input, as far as known; at least 1. */
  readonly buckets: number;
  readonly batchBytes: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
  /** True if the load creates the database and can choose MAX_MEMCACHE_SIZE. */
  readonly mayCreate: boolean;
  /** True if the load may ask the target to flush. */
  readonly mayFlush: boolean;
}

export interface TargetPlan {
  readonly limitBytes: number | null;
  /** Largest request body: 128 KiB (or less, if requested) up to the requested size. */
  readonly bodyBytes: number;
  /** Marks of planned flushes; null if none is planned. */
  readonly flush: FlushMarks | null;
  /** MAX_MEMCACHE_SIZE for a new database; null if the load does not choose it. */
  readonly memcacheBytes: number | null;
  /** Share of each body that reaches the fullest node; may exceed 1. */
  readonly share: number;
  /** Vnodes of the database on the fullest node, over all time buckets. */
  readonly vnodes: number;
  /** Bytes that their memcaches hold before the target flushes by itself. */
  readonly cacheBytes: number;
  /** Estimated peak of the fullest node. */
  readonly peakBytes: number;
  /** True if the estimate stays within the limit. */
  readonly holds: boolean;
  /** Smallest peak of any settings. */
  readonly leastBytes: number;
}

/** Estimates the peak of a node to about 10 %: idle + 1.2 × unflushed rows + retained request bodies. */
export function nodePeak(keptBytes: number, unflushedBytes: number): number {
  return Math.round(idleBytes + keptBytes + perCachedByte * unflushedBytes);
}

/**
 * Returns the bytes of request bodies that the fullest node retains. Inputs pass through their time buckets, so the vnodes
 * of each bucket fill with whole bodies. The bytes sent are an upper bound.
 */
export function keptBodies(bodyBytes: number, share: number, buckets: number, sentBytes: number | null): number {
  return share * Math.min(bodiesKept * bodyBytes * buckets, sentBytes ?? Number.POSITIVE_INFINITY);
}

/** Returns the flush marks of a node that retains `keptBytes` of request bodies. */
export function flushMarks(limitBytes: number, keptBytes: number): FlushMarks {
  const rows = Math.max(minRows, Math.floor((limitBytes - idleBytes - keptBytes) / perCachedByte));
  return { dueBytes: Math.floor(rows * dueShare), holdBytes: rows };
}

/**
 * Returns the largest bodies beside which `rowBytes` of rows fit; it may be tiny or negative. Vnodes of earlier time
 * buckets keep the bodies of the plan.
 */
export function bodiesBeside({ limitBytes, share, bodyBytes }: TargetPlan, buckets: number, rowBytes: number): number {
  const earlier = share * bodiesKept * bodyBytes * (buckets - 1);
  const room = (limitBytes ?? Number.POSITIVE_INFINITY) - idleBytes - earlier - perCachedByte * rowBytes;
  return Math.floor(room / (share * bodiesKept));
}

export function planTarget(request: TargetPlanRequest): TargetPlan {
  const { targetMemoryBytes: limit, batchBytes, buckets, totalBytes, vnodesPerNode } = request;
  const share = vnodesPerNode / request.shard;
  const vnodes = vnodesPerNode * buckets;
  const kept = (body: number): number => keptBodies(body, share, buckets, totalBytes);
  const cacheBytes = vnodes * (request.maxMemcacheBytes ?? usualMemcache);
  const allRows = totalBytes === null ? Number.MAX_SAFE_INTEGER : totalBytes * share;
  const maxRows = Math.min(cacheBytes, allRows);
  const fewestRows = request.mayFlush ? Math.min(minRows, maxRows) : maxRows;
  const leastBytes = nodePeak(kept(Math.min(smallestBody, batchBytes)), fewestRows);
  const common = { limitBytes: limit, share, vnodes, cacheBytes, leastBytes };
  if (limit === null) {
    const peakBytes = nodePeak(kept(batchBytes), maxRows);
    return { ...common, bodyBytes: batchBytes, flush: null, memcacheBytes: null, peakBytes, holds: true };
  }
  const room = limit - idleBytes;
  const bodyBytes = largestBody(batchBytes, Math.max(room * bodiesShare, room - perCachedByte * maxRows), kept);
  const marks = flushMarks(limit, kept(bodyBytes));
  const peakBytes = nodePeak(kept(bodyBytes), request.mayFlush ? Math.min(marks.holdBytes, allRows) : maxRows);
  return {
    ...common,
    bodyBytes,
    flush: request.mayFlush ? marks : null,
    memcacheBytes: request.mayCreate ? memcacheSize(marks.holdBytes, vnodes) : null,
    peakBytes,
    holds: leastBytes <= limit && peakBytes <= limit,
  };
}

/** Finds the largest body that fits, in steps of 64 KiB; the smallest one if none fits. */
function largestBody(batchBytes: number, roomForBodies: number, kept: (body: number) => number): number {
  if (kept(batchBytes) <= roomForBodies) return batchBytes;
  let body = Math.floor(batchBytes / bodyStep) * bodyStep;
  while (body > smallestBody && kept(body) > roomForBodies) body -= bodyStep;
  return Math.min(batchBytes, Math.max(smallestBody, body));
}

/** Returns half of each vnode's room in whole MiB: while one cache of a vnode is flushed, the next one fills. */
function memcacheSize(rows: number, vnodes: number): number {
  const each = Math.floor((rows * dueShare) / vnodes / MiB) * MiB;
  return Math.min(usualMemcache, Math.max(minMemcache, each));
}
