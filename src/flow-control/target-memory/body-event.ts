// Estimates what an acknowledged body adds to the memory of a node, from a sample of its points.

import type { Batch, MemoryEvent } from '../../core/types/index.js';
import { weighRows } from './flush/memcache-estimate.js';
import { sampledPoints, sampledStrings } from './flush/sampled-points.js';
import { groupsOf, sampledSeries } from './flush/series-estimate.js';
import { partsOf } from './raft-caches.js';

export type BodyEvent = Extract<MemoryEvent, { kind: 'body' }>;

/** Bytes that the target's memory gauge counts for each series of a body, in addition to its rows. */
const gaugedGroup = 106;

/**
 * Returns the event of an acknowledged body, and the bytes that the gauge counts for its rows.
 * @param bodyBytes length of the body, which may be a part of its batch
 * @param bucketOf returns the time bucket of a point; null to sample no points
 */
export function bodyEvent(
  batch: Batch,
  bodyBytes: number,
  bucketOf: ((point: Uint8Array) => number) | null,
): { event: BodyEvent; gauged: number } {
  const { points, slots, buckets } = batch;
  const sampled = bucketOf === null ? [] : sampledPoints(batch);
  const isDivided = bucketOf !== null && buckets.length > 1;
  const sample = sampledSeries(sampled, isDivided ? bucketOf : () => buckets[0]?.bucket ?? 0);
  const strings = sampledStrings(sampled, batch);
  const { resident, gauged } = weighRows({ points, slots, strings, bytes: batch.body.length });
  const part = bodyBytes / batch.body.length;
  const rows = bodyBytes * resident;
  const event = {
    kind: 'body',
    parts: partsOf(batch, bodyBytes),
    bytes: bodyBytes,
    rows,
    points,
    slots,
    sample,
    part,
  } as const;
  return { event, gauged: bodyBytes * gauged + part * gaugedGroup * Math.min(points, groupsOf(sample)) };
}
