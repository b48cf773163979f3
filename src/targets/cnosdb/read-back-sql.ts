// Points read back by SQL, exactly: integers as text, since a number of JSON ends at 2^53; times as nanoseconds.

import type { ColumnType, FieldValue, PointValues, Precision, TargetColumn } from '../../core/types/index.js';
import { type SettingsRow, textOf } from './database-settings.js';
import { quoted } from './probe.js';

/** Series and times asked for in one statement. */
export const pointsPerQuestion = 25;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

const isWhole = (type: ColumnType | null): boolean => type === 'integer' || type === 'unsigned';

/** The SELECT that finds these points, all of one table, among others of the same tags. */
export function question(
  points: readonly PointValues[],
  columns: readonly TargetColumn[],
  precision: Precision,
): string {
  const wanted = new Set(points.flatMap(({ fields }) => [...fields.keys()]));
  const shown = columns
    .filter(({ name, type }) => type === 'tag' || wanted.has(name))
    .map(({ name, type }) => (isWhole(type) ? `CAST(${quoted(name)} AS STRING) AS ${quoted(name)}` : quoted(name)));
  const where = points.map((point) => `(${conditions(point, precision).join(' AND ')})`);
  return `SELECT ${['time', ...shown].join(', ')} FROM ${quoted(points[0]!.table)} WHERE ${where.join(' OR ')}`;
}

function conditions({ time, tags }: PointValues, precision: Precision): string[] {
  // A bare number is in the database's unit, so it is only used where that is ours.
  const when = precision === 'ns' && time >= 0n ? String(time) : text(iso(time));
  return [`time = ${when}`, ...[...tags].map(([name, value]) => `${quoted(name)} = ${text(value)}`)];
}

/** All points of a table, each once: only with a look at `time` is what was overwritten not counted again. */
export function countQuestion(table: string): string {
  return `SELECT count(*) AS n FROM ${quoted(table)} WHERE time > '1677-09-22T00:00:00Z'`;
}

/** A row as the point it is. Throws SyntaxError for a time that cannot be read. */
export function pointOf(row: SettingsRow, table: string, columns: readonly TargetColumn[]): PointValues {
  const tags = new Map<string, string>();
  const fields = new Map<string, FieldValue>();
  for (const { name, type } of columns) {
    const value = row[name];
    if (value === undefined || value === null) continue;
    // A tag without a value is none.
    if (type === 'tag') tags.set(name, textOf(value));
    else fields.set(name, isWhole(type) ? BigInt(textOf(value)) : (value as FieldValue));
  }
  return { table, time: nanoseconds(textOf(row.time)), tags, fields };
}

/** Whether a stored point is the one asked for: same time, same tags and no others. */
export function isSame(asked: PointValues, stored: PointValues): boolean {
  if (asked.time !== stored.time) return false;
  return [...stored.tags].every(([name, value]) => value === (asked.tags.get(name) ?? '')) && hasAll(asked, stored);
}

function hasAll(asked: PointValues, stored: PointValues): boolean {
  return [...asked.tags].every(([name, value]) => stored.tags.get(name) === value);
}

const billion = 1_000_000_000n;

/** `2022-01-01T00:00:00.000000001Z` */
function iso(time: bigint): string {
  const fraction = ((time % billion) + billion) % billion;
  const seconds = new Date(Number((time - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(fraction).padStart(9, '0')}Z`;
}

/** Of a time as CnosDB writes it, with as many digits of a second as it takes. */
function nanoseconds(shown: string): bigint {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(shown);
  if (match === null) throw new SyntaxError(`not a time: ${shown}`);
  const seconds = BigInt(Date.parse(`${match[1]}T${match[2]}Z`)) * 1_000_000n;
  return seconds + BigInt((match[3] ?? '').padEnd(9, '0'));
}
