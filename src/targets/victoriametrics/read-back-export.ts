// Reads points back by /api/v1/export. This request returns one series for each field, and all values as floats.

import { z } from 'zod';
import type { FieldValue, PointValues } from '../../core/types/index.js';
import type { QueryClient, QueryRequest } from '../http/query-client.js';
import { inParentheses, jsonOf, plainText } from '../http/response-text.js';
import type { MetricNames } from './start-flags.js';

const nsPerMs = 1_000_000n;

const seriesSchema = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(z.number().nullable()),
  timestamps: z.array(z.number()),
});
type ExportedSeries = z.infer<typeof seriesSchema>;

/**
 * Pause between attempts, ms. VictoriaMetrics makes buffered points visible every second. A flush does not make them
 * visible earlier.
 */
const visibleAgainMs = 1_000;
const attempts = 4;

/** Reads points. Reads again if some points are not visible yet. */
export async function readBack(
  query: QueryClient,
  db: string,
  names: MetricNames,
  points: readonly PointValues[],
): Promise<(PointValues | null)[]> {
  const found: (PointValues | null)[] = points.map(() => null);
  const isWhole = (i: number): boolean => (found[i]?.fields.size ?? 0) === points[i]!.fields.size;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const open = points.flatMap((_, i) => (isWhole(i) ? [] : [i]));
    if (open.length === 0) break;
    if (attempt > 0) await query.wait(visibleAgainMs);
    // A VictoriaMetrics cluster does not support this flush request, but its storage nodes flush every second.
    if (!query.urls.some(isInsertUrl)) await query.response({ path: '/internal/force_flush' });
    for (const i of open) {
      const series = await exported(query, exportRequest(points[i]!, db, names));
      found[i] = stored(points[i]!, db, names, series);
    }
  }
  return found;
}

const insertPath = /\/insert\/([^/]+)(\/.*)?$/;

function isInsertUrl(url: string): boolean {
  return insertPath.test(new URL(url).pathname);
}

/**
 * Maps a path for writes to the path for queries. In a cluster, these are `/insert/0/influx` and
 * `/select/0/prometheus`.
 */
function selectPath(pathname: string): string {
  return pathname.replace(insertPath, '/select/$1/prometheus');
}

function exportRequest(point: PointValues, db: string, names: MetricNames): QueryRequest {
  const ms = Number(point.time / nsPerMs);
  const form = new URLSearchParams();
  for (const field of point.fields.keys()) form.append('match[]', selector(labelsOf(point, field, db, names)));
  // The range is in seconds. It begins a millisecond before the point and ends a millisecond after it, because
  // VictoriaMetrics truncates fractions.
  form.set('start', ((ms - 1) / 1000).toFixed(3));
  form.set('end', ((ms + 1) / 1000).toFixed(3));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { path: '/api/v1/export', base: selectPath, headers, body: form.toString() };
}

async function exported(query: QueryClient, request: QueryRequest): Promise<ExportedSeries[]> {
  const response = await query.response(request);
  const { status, body, endpoint } = response;
  if (status !== 200) {
    const fix = 'use a --url that also serves /select/, such as vmauth, or leave out --verify';
    const found = `status ${status}${inParentheses(plainText(body))}`;
    throw query.refused(request, endpoint, found, isInsertUrl(endpoint) ? { fix } : {});
  }
  const lines = body.split('\n').filter((line) => line !== '');
  return lines.map((line) => query.parsed(request, response, jsonOf(line), seriesSchema));
}

function labelsOf(point: PointValues, field: string, db: string, names: MetricNames): Map<string, string> {
  const single = names.skipSingleField && point.fields.size === 1;
  const name = names.skipMeasurement ? field : single ? point.table : `${point.table}${names.separator}${field}`;
  return new Map([['__name__', name], ...(db === '' ? [] : [[names.dbLabel, db] as const]), ...point.tags]);
}

function selector(labels: ReadonlyMap<string, string>): string {
  return `{${[...labels].map(([name, value]) => `${labelName(name)}=${JSON.stringify(value)}`).join(',')}}`;
}

/** Escapes a label name as MetricsQL does. */
function labelName(name: string): string {
  return name.replace(/[^\w]/gu, (sign) => `\\${sign}`);
}

/** Returns the stored fields of a point; null if no field is stored at the point's time. */
function stored(
  point: PointValues,
  db: string,
  names: MetricNames,
  series: readonly ExportedSeries[],
): PointValues | null {
  const ms = Number(point.time / nsPerMs);
  const fields = new Map<string, FieldValue>();
  for (const [field, wanted] of point.fields) {
    const labels = labelsOf(point, field, db, names);
    for (const { metric, values, timestamps } of series) {
      if (!hasLabels(metric, labels)) continue;
      const atTime = values.filter((value, i): value is number => timestamps[i] === ms && value !== null);
      // VictoriaMetrics may store several values for one time. The field is correct if one of them is the wanted value.
      if (atTime.some((value) => isEqual(value, Number(wanted)))) fields.set(field, wanted);
      else if (atTime.length > 0) fields.set(field, atTime.at(-1)!);
    }
  }
  return fields.size === 0 ? null : { ...point, fields };
}

/**
 * Tests whether two numbers are equal in their first 15 digits. VictoriaMetrics changes later digits, such as
 * 1.7976931348623157e+23 to 1.797693134862316e+23 (version 1.79.5).
 */
function isEqual(a: number, b: number): boolean {
  return a === b || a.toPrecision(15) === b.toPrecision(15);
}

function hasLabels(metric: Readonly<Record<string, string>>, labels: ReadonlyMap<string, string>): boolean {
  return Object.keys(metric).length === labels.size && [...labels].every(([name, value]) => metric[name] === value);
}
