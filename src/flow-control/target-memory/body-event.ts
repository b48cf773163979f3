// Estimates the memory that an acknowledged body adds to a node, from a sample of the body's points.

import type { Batch, MemoryEvent, PlainBody } from '../../core/types/index.js';
import { unsetBytes, weighRows } from './flush/memcache-estimate.js';
import { sampledPoints, sampledStrings } from './flush/sampled-points.js';
import { groupsOf, sampledSeries } from './flush/series-estimate.js';
import { partsOf } from './raft-caches.js';

export type BodyEvent = Extract<MemoryEvent, { kind: 'body' }>;

export interface Sampling {
  /** Returns the time bucket of a point. */
  readonly bucketOf: (point: Uint8Array) => number;
  /** True if --target-memory limits the memory of a node. Then the sample contains more points. */
  readonly isLimited: boolean;
}

/** The target's memory gauge counts this many bytes for each series of a body, in addition to the rows. */
const gaugedGroup = 106;

/**
 * Returns the memory event of an acknowledged body. `gauged`: bytes that the target's memory gauge counts for the body.
 * @param bodyBytes length of the sent points, which may be only a part of the batch
 * @param sampling settings of the sample; null to skip sampling
 * @param sent the body as it was sent; absent if it contained the points of the batch unchanged
 */
export function bodyEvent(
  batch: Batch,
  bodyBytes: number,
  sampling: Sampling | null,
  sent?: PlainBody,
): { event: BodyEvent; gauged: number } {
  const { buckets, values } = batch;
  const linesPerPoint = sent?.linesPerPoint ?? 1;
  const [points, slots] = [batch.points * linesPerPoint, batch.slots * linesPerPoint];
  const sampled = sampling === null ? [] : sampledPoints(batch, sampling);
  const isDivided = sampling !== null && buckets.length > 1;
  const sample = sampledSeries(sampled, isDivided ? sampling.bucketOf : () => buckets[0]?.bucket ?? 0);
  const strings = sampledStrings(sampled, batch);
  const { resident, gauged } = weighRows({ points, slots, values, rowsPerPoint: 1, strings, bytes: batch.body.length });
  const part = bodyBytes / batch.body.length;
  const rows = bodyBytes * resident;
  // Each row has an entry for every column of the body, and a body has at most as many columns as values.
  const unset = unsetBytes({ slots: Math.min(slots, points * values), values });
  const event = {
    kind: 'body',
    parts: partsOf(batch, (sent?.bytes.length ?? bodyBytes) + part * unset),
    bytes: bodyBytes,
    rows,
    points,
    slots,
    sample,
    part,
  } as const;
  return { event, gauged: bodyBytes * gauged + part * gaugedGroup * Math.min(points, groupsOf(sample)) };
}
