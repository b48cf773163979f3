// Points read back by /api/v1/export: one series per field, all values as floats.

import type { FieldValue, PointValues } from '../../core/types/index.js';
import type { QueryClient, Question } from '../lines/query-client.js';
import type { MetricNames } from './start-flags.js';

const nsPerMs = 1_000_000n;

interface Exported {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
  readonly timestamps: readonly number[];
}

/** What it takes from its buffers every second is seen by nobody until it is written, and a flush does not wait for that. */
const visibleAgainMs = 1_000;
const looks = 4;

/** What was written may stay invisible for a second: it is asked to make it visible, where it knows how. */
export async function readBack(
  asker: QueryClient,
  db: string,
  names: MetricNames,
  points: readonly PointValues[],
): Promise<(PointValues | null)[]> {
  const found: (PointValues | null)[] = points.map(() => null);
  const isWhole = (i: number): boolean => (found[i]?.fields.size ?? 0) === points[i]!.fields.size;
  for (let look = 0; look < looks; look += 1) {
    const open = points.flatMap((_, i) => (isWhole(i) ? [] : [i]));
    if (open.length === 0) break;
    if (look > 0) await asker.wait(visibleAgainMs);
    await asker.answer({ path: '/internal/force_flush' });
    for (const i of open) {
      const series = await exported(asker, exportOf(points[i]!, db, names));
      found[i] = stored(points[i]!, db, names, series);
    }
  }
  return found;
}

function exportOf(point: PointValues, db: string, names: MetricNames): Question {
  const ms = Number(point.time / nsPerMs);
  const query = new URLSearchParams();
  for (const field of point.fields.keys()) query.append('match[]', selector(labelsOf(point, field, db, names)));
  // Seconds, a millisecond to either side: fractions are cut there.
  query.set('start', ((ms - 1) / 1000).toFixed(3));
  query.set('end', ((ms + 1) / 1000).toFixed(3));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { path: '/api/v1/export', headers, body: query.toString() };
}

async function exported(asker: QueryClient, question: Question): Promise<Exported[]> {
  const { status, body } = await asker.answer(question);
  try {
    if (status !== 200) throw new SyntaxError(`${status} ${body.trim().slice(0, 200)}`);
    return body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Exported);
  } catch (error) {
    throw asker.refused(question, error instanceof Error ? error.message : String(error));
  }
}

function labelsOf(point: PointValues, field: string, db: string, names: MetricNames): Map<string, string> {
  const single = names.skipSingleField && point.fields.size === 1;
  const name = names.skipMeasurement ? field : single ? point.table : `${point.table}${names.separator}${field}`;
  return new Map([['__name__', name], [names.dbLabel, db], ...point.tags]);
}

function selector(labels: ReadonlyMap<string, string>): string {
  return `{${[...labels].map(([name, value]) => `${labelName(name)}=${JSON.stringify(value)}`).join(',')}}`;
}

/** As its query language writes a name that is no word. */
function labelName(name: string): string {
  return name.replace(/[^\w]/gu, (sign) => `\\${sign}`);
}

/** Null when none of its fields is there at its time. */
function stored(point: PointValues, db: string, names: MetricNames, series: readonly Exported[]): PointValues | null {
  const ms = Number(point.time / nsPerMs);
  const fields = new Map<string, FieldValue>();
  for (const [field, asked] of point.fields) {
    const labels = labelsOf(point, field, db, names);
    for (const { metric, values, timestamps } of series) {
      if (!isOf(metric, labels)) continue;
      const there = values.filter((value, i): value is number => timestamps[i] === ms && value !== null);
      // Several of one time are all kept there: it is enough when ours is among them.
      if (there.some((value) => isEqual(value, Number(asked)))) fields.set(field, asked);
      else if (there.length > 0) fields.set(field, there.at(-1)!);
    }
  }
  return fields.size === 0 ? null : { ...point, fields };
}

/** It keeps decimals, of which 15 digits are the ones that were sent (1.79.5: 1.7976931348623157e+23 came back as …62316). */
function isEqual(a: number, b: number): boolean {
  return a === b || a.toPrecision(15) === b.toPrecision(15);
}

function isOf(metric: Readonly<Record<string, string>>, labels: ReadonlyMap<string, string>): boolean {
  return Object.keys(metric).length === labels.size && [...labels].every(([name, value]) => metric[name] === value);
}
