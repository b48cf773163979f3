// Reads points back by InfluxQL, with exact values. Also queries the type of each column, because a result does not
// show whether 1 is an integer or a float.

import { entryOf } from '../../core/text.js';
import type { ColumnType, FieldValue, PointValues, TargetColumn } from '../../core/types/index.js';
import type { QueryClient } from '../http/query-client.js';
import { isSamePoint } from '../http/server-values.js';
import { Digits, type InfluxqlSeries, influxql, quoted, quotedText, sourceOf, statements } from './influxql.js';

/** Largest number of points in one request. The request contains one statement for each point. */
const pointsPerRequest = 25;

const types: Readonly<Record<string, ColumnType>> = {
  float: 'float',
  integer: 'integer',
  unsigned: 'unsigned',
  boolean: 'boolean',
  string: 'string',
};

/**
 * Lists the columns. Returns an empty list if the user may not read. Omits fields whose type differs between shards.
 * For such a field, InfluxDB itself detects values of a wrong type.
 */
export async function columns(query: QueryClient, db: string, table?: string): Promise<TargetColumn[]> {
  const from = table === undefined ? '' : ` FROM ${quoted(table)}`;
  const results = await influxql(query, statements(db, [`SHOW FIELD KEYS${from}`, `SHOW TAG KEYS${from}`]));
  if (results === null) return [];
  const [fields = [], tags = []] = results;
  const typed = fields.flatMap(({ name, values }) => {
    const ambiguous = new Set(values.map(([field]) => field).filter((field, i, all) => all.indexOf(field) !== i));
    return values
      .filter(([field]) => !ambiguous.has(field))
      .map(([field, type]) => ({ table: name, name: String(field), type: entryOf(types, String(type)) ?? null }));
  });
  const named = tags.flatMap(({ name, values }) =>
    values.map(([tag]) => ({ table: name, name: String(tag), type: 'tag' as const })),
  );
  return [...typed, ...named];
}

/** Returns the types of the fields of a table. Omits tags, because a tag may have the same name as a field. */
export async function fieldTypes(
  query: QueryClient,
  db: string,
  table: string,
): Promise<Map<string, ColumnType | null>> {
  const all = await columns(query, db, table);
  return new Map(all.filter(({ type }) => type !== 'tag').map(({ name, type }) => [name, type]));
}

/** Reads points of one table. Throws like `influxql`. */
export async function readBack(
  query: QueryClient,
  { db, rp }: { readonly db: string; readonly rp: string | null },
  points: readonly PointValues[],
): Promise<(PointValues | null)[]> {
  const [first] = points;
  if (first === undefined) return [];
  const known = await fieldTypes(query, db, first.table);
  const found: (PointValues | null)[] = [];
  for (let i = 0; i < points.length; i += pointsPerRequest) {
    const wanted = points.slice(i, i + pointsPerRequest);
    const request = statements(
      db,
      wanted.map((point) => select(point, rp)),
    );
    const results = await influxql(query, request);
    if (results === null)
      throw query.refused(request, query.urls[query.order[0]!]!, 'a user that may not read the database');
    wanted.forEach((point, k) => {
      const stored = (results[k] ?? []).flatMap((series) => pointsOf(series, known));
      found.push(stored.find((each) => isSamePoint(point, each)) ?? null);
    });
  }
  return found;
}

function select({ table, time, tags }: PointValues, rp: string | null): string {
  const where = [`time = ${time}`, ...[...tags].map(([name, value]) => `${quoted(name)}::tag = ${quotedText(value)}`)];
  return `SELECT * FROM ${sourceOf(table, rp)} WHERE ${where.join(' AND ')} GROUP BY *`;
}

function pointsOf(
  { name, tags, columns: names, values }: InfluxqlSeries,
  known: ReadonlyMap<string, ColumnType | null>,
): PointValues[] {
  return values.map((row) => {
    const fields = new Map<string, FieldValue>();
    let time = 0n;
    names.forEach((column, i) => {
      const value = row[i];
      if (column === 'time') time = wholeOf(value) ?? 0n;
      else if (value !== null && value !== undefined) fields.set(column, fieldOf(value, known.get(column) ?? null));
    });
    const set = Object.entries(tags).filter(([, value]) => value !== '');
    return { table: name, time, tags: new Map(set), fields };
  });
}

function fieldOf(value: unknown, type: ColumnType | null): FieldValue {
  if (!(value instanceof Digits)) return typeof value === 'boolean' ? value : String(value);
  const whole = type === 'integer' || type === 'unsigned' ? wholeOf(value) : null;
  return whole ?? Number(value.text);
}

function wholeOf(value: unknown): bigint | null {
  return value instanceof Digits && /^-?\d{1,20}$/.test(value.text) ? BigInt(value.text) : null;
}
