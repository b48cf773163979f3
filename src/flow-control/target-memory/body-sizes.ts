// Computes the sizes of request bodies. A vnode retains its newest 256 bodies in memory. The sizes ensure that all
// retained bodies of a node fit into its memory.

import { perRowByte } from './flush/flush-marks.js';
import { bodiesKept, type OpenBuckets } from './raft-caches.js';

/** The part of a plan that determines the sizes of request bodies. */
export interface BodyPlan {
  readonly limitBytes: number | null;
  /**
   * Largest request body, bytes: at most the requested size. At least 32 KiB (4 KiB for points that leave most fields
   * unset), unless the requested size is smaller.
   */
  readonly bodyBytes: number;
  /** Largest body of a time bucket that receives 256 bodies or more, bytes. */
  readonly sustainedBytes: number;
  /** Bytes that the fullest node stores for one byte of a body; above 1 if the node stores several replicas. */
  readonly share: number;
  /** Bytes that vnodes retain for each byte of a body; above 1 if points leave fields of their tables unset. */
  readonly retainedPerByte: number;
  /** Resident bytes of an idle node, of the vnodes that the load writes to, and of their series. */
  readonly baseBytes: number;
}

/** Smallest body that the plan chooses. Bodies whose points leave most fields unset may be smaller. */
const smallestBody = 32 * 1024;
const smallestSparseBody = 4 * 1024;
const largestStep = 64 * 1024;
/**
 * Largest size of the first bodies of a time bucket, whatever the number of buckets. Smaller bodies cost the target
 * more time. On a node with 90 vnodes (2.4.3.4), 128 KiB bodies took 20 MiB more memory than 96 KiB bodies. 256 KiB
 * bodies took 100 MiB more than 96 KiB bodies.
 */
const firstBody = 96 * 1024;
/**
 * Largest number of bytes that a vnode retains for one of the first bodies. On a node with 90 vnodes, bodies that
 * retained 510 KiB took 170 MiB more memory than bodies that retained 208 KiB (2.4.3.4, lines with one of 50 fields).
 */
const firstRetained = 192 * 1024;
/**
 * The first bodies of a time bucket may fill this share of the memory for retained bodies. Later bodies are smaller.
 */
const firstShare = 0.5;
/** Retained bodies get this share of a node's memory above its base. Unflushed rows get the remaining share. */
export const bodiesShare = 0.5;

/** Returns the smallest body that the plan chooses. */
export function smallestOf(retainedPerByte: number): number {
  return Math.max(smallestSparseBody, smallestBody / grain(retainedPerByte));
}

/** Rounds up to a power of two. */
function grain(retainedPerByte: number): number {
  return 2 ** Math.ceil(Math.log2(retainedPerByte));
}

/** Returns the largest size of the first bodies of a time bucket, bytes. */
export function firstOf(retainedPerByte: number): number {
  return Math.max(smallestOf(retainedPerByte), Math.min(firstBody, firstRetained / retainedPerByte));
}

/**
 * Returns the bytes of request bodies that the vnodes of one bucket retain on the fullest node.
 * @param sentBytes bytes of all bodies of the load; null while unknown
 */
export function keptBodies(
  bodyBytes: number,
  share: number,
  sentBytes: number | null,
  retainedPerByte: number,
): number {
  return retainedPerByte * share * Math.min(bodiesKept * bodyBytes, sentBytes ?? Number.POSITIVE_INFINITY);
}

/**
 * Returns the largest body size at which a node has room for 256 bodies and for `rowBytes` of rows. The result may be
 * tiny or negative.
 */
export function bodiesBeside(
  { limitBytes, share, retainedPerByte }: Pick<BodyPlan, 'limitBytes' | 'share' | 'retainedPerByte'>,
  baseBytes: number,
  rowBytes: number,
): number {
  const room = (limitBytes ?? Number.POSITIVE_INFINITY) - baseBytes - perRowByte * rowBytes;
  return Math.floor(fittingBody({ share, retainedPerByte }, room, bodiesKept));
}

/** Returns the largest body size at which `count` retained bodies fit into `roomBytes` of the fullest node. */
function fittingBody(
  { share, retainedPerByte }: Pick<BodyPlan, 'share' | 'retainedPerByte'>,
  roomBytes: number,
  count: number,
): number {
  return roomBytes / (share * count * retainedPerByte);
}

/**
 * Returns the smaller of `sustained` and `fitting`, but at least the smallest body, unless `sustained` is even smaller.
 */
function limited(retainedPerByte: number, sustained: number, fitting: number): number {
  return Math.max(Math.min(smallestOf(retainedPerByte), sustained), Math.min(sustained, fitting));
}

/**
 * Returns the largest body of a time bucket that receives 256 bodies or more, bytes. The size falls if the node's base
 * (its memory without rows and bodies) is larger than planned.
 */
export function sustainedBody(plan: BodyPlan, baseBytes: number): number {
  const { limitBytes, sustainedBytes, retainedPerByte } = plan;
  if (limitBytes === null || baseBytes <= plan.baseBytes) return sustainedBytes;
  const room = (limitBytes - baseBytes) * bodiesShare;
  return limited(retainedPerByte, sustainedBytes, fittingBody(plan, room, bodiesKept));
}

/**
 * Returns the largest body at present. The first bodies of a time bucket are large, because a bucket with fewer than
 * 256 bodies retains all its bytes anyway. Later bodies are smaller, so that 256 bodies fit into `roomBytes` (null for
 * no limit).
 */
export function bodyOfOpenBuckets(
  plan: BodyPlan,
  baseBytes: number,
  roomBytes: number | null,
  { bytes, places }: OpenBuckets,
): number {
  const sustained = sustainedBody(plan, baseBytes);
  if (roomBytes === null || plan.bodyBytes <= sustained) return sustained;
  if (bytes <= roomBytes * firstShare)
    return Math.min(plan.bodyBytes, Math.max(sustained, firstOf(plan.retainedPerByte)));
  const fitting = places === 0 ? sustained : fittingBody(plan, roomBytes - bytes, places);
  return limited(plan.retainedPerByte, sustained, fitting);
}

/**
 * Finds the largest body that fits, in steps of 64 KiB; returns the smallest body if all larger bodies are too large.
 * The steps are smaller for points that leave most fields unset.
 */
export function largestBody(
  batchBytes: number,
  roomForBodies: number,
  kept: (body: number) => number,
  retainedPerByte: number,
): number {
  if (kept(batchBytes) <= roomForBodies) return batchBytes;
  const bodyStep = Math.max(smallestSparseBody, largestStep / grain(retainedPerByte));
  const smallest = smallestOf(retainedPerByte);
  let body = Math.floor(batchBytes / bodyStep) * bodyStep;
  while (body > smallest && kept(body) > roomForBodies) body -= bodyStep;
  return Math.min(batchBytes, Math.max(smallest, body));
}
