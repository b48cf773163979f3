// Points read back by InfluxQL, exactly. A column's type is asked for, since 1 may be an integer or a float.

import type { ColumnType, FieldValue, PointValues, TargetColumn } from '../../core/types/index.js';
import { isSame } from '../cnosdb/read-back-sql.js';
import type { QueryClient } from '../lines/query-client.js';
import { ask, Digits, type InfluxqlSeries, question, quoted, text } from './influxql.js';

/** In one request; each is a statement. */
const pointsPerQuestion = 25;

const types: Readonly<Record<string, ColumnType>> = {
  float: 'float',
  integer: 'integer',
  unsigned: 'unsigned',
  boolean: 'boolean',
  string: 'string',
};

/** Without what has several types, in several shards: there the target decides. None where the user may not ask. */
export async function columns(asker: QueryClient, db: string, table?: string): Promise<TargetColumn[]> {
  const from = table === undefined ? '' : ` FROM ${quoted(table)}`;
  const answer = await ask(asker, question(db, [`SHOW FIELD KEYS${from}`, `SHOW TAG KEYS${from}`]));
  if (answer === 'refused') return [];
  const [fields = [], tags = []] = answer;
  const typed = fields.flatMap(({ name, values }) => {
    const several = new Set(values.map(([field]) => field).filter((field, i, all) => all.indexOf(field) !== i));
    return values
      .filter(([field]) => !several.has(field))
      .map(([field, type]) => ({ table: name, name: String(field), type: types[String(type)] ?? null }));
  });
  const named = tags.flatMap(({ name, values }) =>
    values.map(([tag]) => ({ table: name, name: String(tag), type: 'tag' as const })),
  );
  return [...typed, ...named];
}

/** Of one table. Throws as `ask`. */
export async function readBack(
  asker: QueryClient,
  db: string,
  points: readonly PointValues[],
): Promise<(PointValues | null)[]> {
  const [first] = points;
  if (first === undefined) return [];
  const known = new Map((await columns(asker, db, first.table)).map(({ name, type }) => [name, type]));
  const found: (PointValues | null)[] = [];
  for (let i = 0; i < points.length; i += pointsPerQuestion) {
    const asked = points.slice(i, i + pointsPerQuestion);
    const put = question(db, asked.map(select));
    const answer = await ask(asker, put);
    if (answer === 'refused') throw asker.refused(put, 'that the user may not read');
    asked.forEach((point, k) => {
      const stored = (answer[k] ?? []).flatMap((series) => pointsOf(series, known));
      found.push(stored.find((each) => isSame(point, each)) ?? null);
    });
  }
  return found;
}

function select({ table, time, tags }: PointValues): string {
  const where = [`time = ${time}`, ...[...tags].map(([name, value]) => `${quoted(name)} = ${text(value)}`)];
  return `SELECT * FROM ${quoted(table)} WHERE ${where.join(' AND ')} GROUP BY *`;
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
      if (column === 'time' && value instanceof Digits) time = BigInt(value.text);
      else if (value !== null && value !== undefined) fields.set(column, fieldOf(value, known.get(column) ?? null));
    });
    const set = Object.entries(tags).filter(([, value]) => value !== '');
    return { table: name, time, tags: new Map(set), fields };
  });
}

function fieldOf(value: unknown, type: ColumnType | null): FieldValue {
  if (!(value instanceof Digits)) return typeof value === 'boolean' ? value : String(value);
  return type === 'integer' || type === 'unsigned' ? BigInt(value.text) : Number(value.text);
}
