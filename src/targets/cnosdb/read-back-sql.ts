// Reads points back by SQL. Reads integers as text, because JSON numbers are exact only up to 2^53. Times are in ns.

import { isoTime } from '../../core/time/iso-time.js';
import type { ColumnType, FieldValue, PointValues, Precision, TargetColumn, TimeSpan } from '../../core/types/index.js';
import { selectList } from '../http/csv-points.js';
import { textOf } from '../http/server-values.js';
import { quoted, quotedText, type SqlRow } from './sql.js';

/** Largest number of points in one statement. */
export const pointsPerStatement = 25;

const isWhole = (type: ColumnType | null): boolean => type === 'integer' || type === 'unsigned';

/**
 * Builds the SELECT that finds points of one table. The result may also contain points that have these tags and others.
 */
export function pointsStatement(
  points: readonly PointValues[],
  columns: readonly TargetColumn[],
  precision: Precision,
): string {
  const fields = new Set(points.flatMap((point) => [...point.fields.keys()]));
  const selected = columns
    .filter(({ name, type }) => type === 'tag' || fields.has(name))
    .map(({ name, type }) => (isWhole(type) ? `CAST(${quoted(name)} AS STRING) AS ${quoted(name)}` : quoted(name)));
  const where = points.map((point) => `(${conditions(point, precision).join(' AND ')})`);
  return `SELECT ${['time', ...selected].join(', ')} FROM ${quoted(points[0]!.table)} WHERE ${where.join(' OR ')}`;
}

function conditions({ time, tags }: PointValues, precision: Precision): string[] {
  return [
    `time = ${instant(time, precision)}`,
    ...[...tags].map(([name, value]) => `${quoted(name)} = ${quotedText(value)}`),
  ];
}

/**
 * Formats a time in ns for SQL: as a number if the database stores ns, otherwise as text. CnosDB reads a number in the
 * unit of the database.
 */
function instant(time: bigint, precision: Precision): string {
  return precision === 'ns' && time >= 0n ? String(time) : quotedText(isoTime(time));
}

/** Builds the SELECT of a table's points in a time range. The columns have the order that `csvPoints` expects. */
export function spanStatement(
  table: string,
  columns: readonly TargetColumn[],
  { from, to }: TimeSpan,
  precision: Precision,
): string {
  const where = `time >= ${instant(from, precision)} AND time < ${instant(to, precision)}`;
  return `SELECT ${selectList(columns, quoted)} FROM ${quoted(table)} WHERE ${where}`;
}

/**
 * Builds the statement that counts a table's points. The condition on `time` matters: without it, CnosDB counts a point
 * again each time it was overwritten.
 */
export function countStatement(table: string): string {
  return `SELECT count(*) AS n FROM ${quoted(table)} WHERE time > '1677-09-22T00:00:00Z'`;
}

/** Parses a row. Throws SyntaxError for an unreadable time or integer. */
export function pointOf(row: SqlRow, table: string, columns: readonly TargetColumn[]): PointValues {
  const tags = new Map<string, string>();
  const fields = new Map<string, FieldValue>();
  for (const { name, type } of columns) {
    const value = row[name];
    if (value === undefined || value === null) continue;
    if (type === 'tag') tags.set(name, textOf(value));
    else fields.set(name, isWhole(type) ? BigInt(textOf(value)) : (value as FieldValue));
  }
  return { table, time: nanoseconds(textOf(row.time)), tags, fields };
}

/** Parses a time as CnosDB prints it, into ns since 1970. The seconds have 0 to 9 decimal places. */
function nanoseconds(text: string): bigint {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  if (Number.isNaN(ms)) throw new SyntaxError(`not a time: ${text.slice(0, 80)}`);
  return BigInt(ms) * 1_000_000n + BigInt((match?.[3] ?? '').padEnd(9, '0'));
}
