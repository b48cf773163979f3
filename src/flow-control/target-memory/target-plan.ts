// Pure arithmetic for the target's memory: what one of its nodes will need for this load, and the three settings that
// keep it there (body size, size of memcaches, flushing in time). Model and figures: a CnosDB 2.4.3.4, measured.

/** A node with nothing to do, resident bytes. It counts: what is to be held is the node's whole memory, not our part. */
const idleBytes = 110 * 1024 * 1024;
/** Resident bytes per byte of unflushed rows. */
const perCachedByte = 1.2;
/** Each vnode keeps its last so many request bodies in memory (its raft log). */
export const bodiesKept = 256;
/** Where the server does not say (before 2.4.2). */
const usualMemcache = 128 * 1024 * 1024;
const MiB = 1024 * 1024;
/** Where memory is short bodies get so small and no smaller. */
export const smallestBody = 128 * 1024;
const bodyStep = 64 * 1024;
/** Of what is left beside an idle node, for the bodies that are kept; the rest is for unflushed rows. */
const bodiesShare = 0.5;
/** With less room for unflushed rows a flush would be due every moment. */
const leastRows = 16 * MiB;
/** A flush is due when so much of the room for rows is used: what comes in while it runs must fit as well. */
const dueShare = 0.5;
const smallestMemcache = 16 * MiB;

export interface TargetPlanRequest {
  /** What a node may take, itself included; null: nobody holds it, the plan only tells. */
  readonly targetMemoryBytes: number | null;
  readonly shard: number;
  readonly replica: number;
  readonly nodes: number;
  /** The most vnodes of the database per time bucket that one node holds. */
  readonly vnodesPerNode: number;
  /** MAX_MEMCACHE_SIZE; null where it is not told. */
  readonly maxMemcacheBytes: number | null;
  /** Time buckets that the input spans, as far as known; at least 1. */
  readonly buckets: number;
  readonly batchBytes: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
  /** The database is still to be created, so that MAX_MEMCACHE_SIZE can be chosen. */
  readonly mayCreate: boolean;
  /** The target may be asked to flush. */
  readonly mayFlush: boolean;
}

export interface TargetPlan {
  readonly limitBytes: number | null;
  /** Most body bytes of a batch: 128 KiB (or less, when asked for) to what was asked for. */
  readonly bodyBytes: number;
  /** Unflushed bytes on the fullest node at which a flush is due, and at which writing waits for it; null: none is planned. */
  readonly flush: { readonly dueBytes: number; readonly holdBytes: number } | null;
  /** MAX_MEMCACHE_SIZE to create the database with; null where it is not ours to choose. */
  readonly memcacheBytes: number | null;
  /** Bytes of each body that end up on the fullest node, 0 to 1 and more. */
  readonly share: number;
  /** Vnodes of the database on the fullest node, all time buckets of the input together. */
  readonly vnodes: number;
  /** What their memcaches hold at most before the target flushes them by itself. */
  readonly cacheBytes: number;
  /** Estimate for the fullest node. */
  readonly peakBytes: number;
  /** Whether the estimate keeps within the limit; true where there is none. */
  readonly holds: boolean;
  /** What a node takes at least, whatever the settings. */
  readonly leastBytes: number;
}

/** Peak of a node: RSS ≈ idle + 1.2 × memcaches + 256 × body bytes × vnodes on it / SHARD, to about 10 %. */
export function nodePeak(keptBytes: number, unflushedBytes: number): number {
  return Math.round(idleBytes + keptBytes + perCachedByte * unflushedBytes);
}

/**
 * Bytes of request bodies that the fullest node keeps. Inputs run through their time buckets, so each bucket's vnodes
 * fill with whole bodies; but no more is kept than was sent.
 */
export function keptBodies(bodyBytes: number, share: number, buckets: number, sentBytes: number | null): number {
  return share * Math.min(bodiesKept * bodyBytes * buckets, sentBytes ?? Number.POSITIVE_INFINITY);
}

/** Unflushed bytes on the fullest node at which a flush is due, and at which writing waits for it, beside so many bytes of bodies. */
export function flushMarks(limitBytes: number, keptBytes: number): { dueBytes: number; holdBytes: number } {
  const rows = Math.max(leastRows, Math.floor((limitBytes - idleBytes - keptBytes) / perCachedByte));
  return { dueBytes: Math.floor(rows * dueShare), holdBytes: rows };
}

/**
 * The largest bodies beside which so many bytes of rows fit; without regard to how small that is. Time buckets that are
 * passed keep what they were sent.
 */
export function bodiesBeside({ limitBytes, share, bodyBytes }: TargetPlan, buckets: number, rowBytes: number): number {
  const passed = share * bodiesKept * bodyBytes * (buckets - 1);
  const room = (limitBytes ?? Number.POSITIVE_INFINITY) - idleBytes - passed - perCachedByte * rowBytes;
  return Math.floor(room / (share * bodiesKept));
}

export function planTarget(request: TargetPlanRequest): TargetPlan {
  const { targetMemoryBytes: limit, batchBytes, buckets, totalBytes, vnodesPerNode } = request;
  const share = vnodesPerNode / request.shard;
  const vnodes = vnodesPerNode * buckets;
  const kept = (body: number): number => keptBodies(body, share, buckets, totalBytes);
  const cacheBytes = vnodes * (request.maxMemcacheBytes ?? usualMemcache);
  const most = Math.min(cacheBytes, rowsOf(totalBytes, share));
  const floor = Math.min(smallestBody, batchBytes);
  const fewestRows = request.mayFlush ? Math.min(leastRows, most) : most;
  const leastBytes = nodePeak(kept(floor), fewestRows);
  const told = { limitBytes: limit, share, vnodes, cacheBytes, leastBytes };
  if (limit === null) {
    const peakBytes = nodePeak(kept(batchBytes), most);
    return { ...told, bodyBytes: batchBytes, flush: null, memcacheBytes: null, peakBytes, holds: true };
  }
  const room = limit - idleBytes;
  const bodyBytes = largestBody(request, Math.max(room * bodiesShare, room - perCachedByte * most), kept);
  const marks = flushMarks(limit, kept(bodyBytes));
  const rows = marks.holdBytes;
  const peakBytes = nodePeak(kept(bodyBytes), request.mayFlush ? Math.min(rows, rowsOf(totalBytes, share)) : most);
  return {
    ...told,
    bodyBytes,
    flush: request.mayFlush ? marks : null,
    memcacheBytes: request.mayCreate ? memcache(rows, vnodes) : null,
    peakBytes,
    holds: leastBytes <= limit && peakBytes <= limit,
  };
}

function rowsOf(totalBytes: number | null, share: number): number {
  return totalBytes === null ? Number.MAX_SAFE_INTEGER : totalBytes * share;
}

/** In steps of 64 KiB; the smallest where even that does not fit. */
function largestBody({ batchBytes }: TargetPlanRequest, roomForBodies: number, kept: (body: number) => number): number {
  if (kept(batchBytes) <= roomForBodies) return batchBytes;
  let body = Math.floor(batchBytes / bodyStep) * bodyStep;
  while (body > smallestBody && kept(body) > roomForBodies) body -= bodyStep;
  return Math.min(batchBytes, Math.max(smallestBody, body));
}

/** Half the room: while one cache of a vnode is written out, the next fills. Whole MiB, as people would write it. */
function memcache(rows: number, vnodes: number): number {
  const each = Math.floor((rows * dueShare) / vnodes / MiB) * MiB;
  return Math.min(usualMemcache, Math.max(smallestMemcache, each));
}
