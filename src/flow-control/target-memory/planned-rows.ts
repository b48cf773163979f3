// Estimates the memory that rows and series will take in the target, from sampled lines of the inputs.

import type { SampledRows } from '../../core/types/index.js';
import { type RowWeight, weighRows } from './flush/memcache-estimate.js';
import { seriesBytes } from './flush/series-estimate.js';
import type { NodeSeries } from './node-base.js';
import type { TargetPlanRequest } from './target-plan.js';

/**
 * `rows`: sampled lines; absent if no line was sampled. `totalBytes`: decoded bytes of all inputs; null while unknown.
 */
interface SampledExtent {
  readonly rows?: SampledRows | undefined;
  readonly totalBytes: number | null;
}

/** Memory of rows per byte of text, if no rows were sampled. Measured with IoT sensors of ten fields. */
const usualWeight: RowWeight = { resident: 1.1, gauged: 0.6, retained: 1, retainedGrowth: 0 };

/** Returns the memory of rows per byte of text. Only `residentPerByte` includes the memory of series. */
export function weightOf(
  { rows, totalBytes }: SampledExtent,
  { workers }: { readonly workers: number },
): Pick<TargetPlanRequest, 'weight' | 'residentPerByte'> {
  if (rows === undefined) return { weight: usualWeight, residentPerByte: usualWeight.resident };
  const weight = weighRows(workers > 1 ? rows : { ...rows, rowsPerPoint: 1 });
  const bytes = totalBytes ?? Number.POSITIVE_INFINITY;
  const series = (seriesBytes * Math.min(rows.series, (bytes * rows.points) / rows.bytes)) / Math.max(1, bytes);
  return { weight, residentPerByte: weight.resident + series };
}

/** Estimates the number of series of each time bucket. */
export function seriesOf({ rows, totalBytes }: SampledExtent, buckets: number): NodeSeries {
  if (rows === undefined) return { series: 0, fields: 0, reopened: 0 };
  const points = ((totalBytes ?? Number.POSITIVE_INFINITY) * rows.points) / rows.bytes;
  return { series: Math.min(rows.series, points / buckets), fields: rows.slots / rows.points, reopened: 0 };
}
