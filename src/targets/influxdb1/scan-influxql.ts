// Reads a table back by InfluxQL as line protocol. The series arrive in chunks, one JSON text per line.

import { escapeName, quoteString } from '../../core/points/line-protocol.js';
import type { ColumnType, TimeSpan } from '../../core/types/index.js';
import type { QueryClient } from '../http/query-client.js';
import { textOf } from '../http/server-values.js';
import { chunkedStatement, chunkOf, digitsOf, type InfluxqlSeries, sourceOf } from './influxql.js';
import { fieldTypes } from './read-back-influxql.js';

/** Largest number of rows in one chunk. */
const chunkRows = 1_000;
/** Earliest and latest time that InfluxDB can store, ns. It reserves the other values of a 64-bit integer. */
const [earliest, latest] = [-(2n ** 63n) + 2n, 2n ** 63n - 2n];

/** Yields the points of a table in a range of time. Throws like `QueryClient.stream`. */
export async function* scan(
  query: QueryClient,
  { db, rp }: { readonly db: string; readonly rp: string | null },
  table: string,
  span: TimeSpan,
): AsyncGenerator<Uint8Array, void> {
  const types = await fieldTypes(query, db, table);
  const request = chunkedStatement(db, select(table, rp, span), chunkRows);
  const { response, chunks } = await query.stream(request);
  if (response.status !== 200) throw query.refused(request, response.endpoint, `status ${response.status}`);
  for await (const line of lines(chunks)) {
    const results = chunkOf(line)?.results;
    const error = results?.find((result) => result.error !== undefined)?.error;
    if (results === undefined || error !== undefined)
      throw query.broken(request, response.endpoint, error ?? line.slice(0, 300));
    const text = results.flatMap(({ series }) => series.flatMap((each) => pointsOf(each, types)));
    if (text.length > 0) yield Buffer.from(text.join(''));
  }
}

function select(table: string, rp: string | null, { from, to }: TimeSpan): string {
  const [first, last] = [from > earliest ? from : earliest, to - 1n < latest ? to - 1n : latest];
  return `SELECT * FROM ${sourceOf(table, rp)} WHERE time >= ${first} AND time <= ${last} GROUP BY *`;
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield Buffer.concat([...parts.splice(0), rest.subarray(0, end)]).toString();
      rest = rest.subarray(end + 1);
    }
    parts.push(rest);
  }
  const last = Buffer.concat(parts).toString();
  if (last !== '') yield last;
}

function pointsOf(
  { name, tags, columns: names, values }: InfluxqlSeries,
  types: ReadonlyMap<string, ColumnType | null>,
): string[] {
  const tagText = Object.entries(tags).map(([key, value]) =>
    value === '' ? '' : `,${escapeName(key)}=${escapeName(value)}`,
  );
  const head = `${escapeName(name)}${tagText.join('')} `;
  const keys = names.map((column) => `${escapeName(column)}=`);
  const suffixes = names.map((column) => suffixOf(types.get(column) ?? null));
  const timeAt = names.indexOf('time');
  return values.flatMap((row) => {
    const fields: string[] = [];
    for (const [i, value] of row.entries()) {
      if (i === timeAt || value === null || value === undefined) continue;
      const digits = digitsOf(value);
      if (digits !== null) fields.push(`${keys[i]}${digits}${suffixes[i]}`);
      else fields.push(`${keys[i]}${typeof value === 'boolean' ? value : quoteString(textOf(value))}`);
    }
    return fields.length === 0 ? [] : [`${head}${fields.join(',')} ${digitsOf(row[timeAt]) ?? ''}\n`];
  });
}

function suffixOf(type: ColumnType | null): string {
  return type === 'integer' ? 'i' : type === 'unsigned' ? 'u' : '';
}
