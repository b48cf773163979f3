// Points at equal distances in a batch, which stand for all of them.

import { stringTotals } from '../../../core/points/line-protocol.js';
import type { Batch, StringTotals } from '../../../core/types/index.js';

const sampled = 128;
const quote = 0x22;

export type SampledPoints = Pick<Batch, 'points' | 'body' | 'bodyEnd'>;

export function sampledPoints({ points, body, bodyEnd }: SampledPoints): Uint8Array[] {
  const count = Math.min(sampled, points);
  return Array.from({ length: count }, (_, k) => {
    const i = Math.floor((k * points) / count);
    return body.subarray(i === 0 ? 0 : bodyEnd(i - 1), bodyEnd(i));
  });
}

/** Estimates the string values of all points of a batch. */
export function sampledStrings(batch: SampledPoints): StringTotals {
  const points = sampledPoints(batch);
  let [count, bytes] = [0, 0];
  for (const point of points) {
    if (!point.includes(quote)) continue;
    const strings = stringTotals(point);
    count += strings.count;
    bytes += strings.bytes;
  }
  const share = batch.points / Math.max(1, points.length);
  return { count: count * share, bytes: bytes * share };
}
