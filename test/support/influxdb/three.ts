// InfluxDB 3 Core: its documentation (docs.influxdata.com/influxdb3/core/write-data, …/api) and, where that is silent,
// influxdb3_server/src/http.rs and influxdb3_write of github.com/influxdata/influxdb. With accept_partial=false the answer
// names the first wrong line, and nothing of the body is stored. A write creates its database.

import type { Reply } from '../cluster/reply.js';
import { type Asked, type Influxdb, json, type Version } from './server.js';
import { linesOf, Tables } from './tables.js';

const units: Readonly<Record<string, bigint>> = {
  nanosecond: 1n,
  microsecond: 1_000n,
  millisecond: 1_000_000n,
  second: 1_000_000_000n,
};
const arrow: Readonly<Record<string, string>> = {
  float: 'Float64',
  integer: 'Int64',
  unsigned: 'UInt64',
  boolean: 'Boolean',
  string: 'Utf8',
  tag: 'Dictionary(Int32, Utf8)',
};

export const three: Version = {
  scheme: 'Bearer',
  writePath: '/api/v3/write_lp',
  unauthorized: json(401, { error: 'the request was not authenticated' }),
  answer(asked, influx) {
    const what = `${asked.method} ${asked.path}`;
    if (what === 'GET /ping')
      return {
        ...json(200, { version: '3.4.1' }),
        headers: { 'x-influxdb-build': 'Core', 'x-influxdb-version': '3.4.1' },
      };
    if (what === 'POST /api/v3/query_sql') return query(asked, influx);
    if (what === 'POST /api/v3/configure/database') return create(asked, influx);
    if (what === 'POST /api/v3/write_lp') return write(asked, influx);
    return { status: 404, body: 'not found' };
  },
};

function query({ body }: Asked, influx: Influxdb): Reply {
  const { db, q, format } = JSON.parse(body.toString('utf8')) as Record<string, string>;
  if (!influx.may('read')) return json(403, { error: 'the request was not authorized' });
  const tables = influx.databases.get(db!);
  if (tables === undefined) return json(404, { error: `query error: database not found: ${db}` });
  if (format === 'csv') return { status: 200, body: tables.csv(q!) };
  if (format !== 'json') return json(400, { error: 'unexpected format' });
  if (q === 'SELECT 1') return json(200, [{ 'Int64(1)': 1 }]);
  const rows = [...tables.types].flatMap(([table_name, columns]) => [
    { table_name, column_name: 'time', data_type: 'Timestamp(Nanosecond, None)' },
    ...[...columns].map(([column_name, type]) => ({ table_name, column_name, data_type: arrow[type] })),
  ]);
  const [, only] = /table_name = '([^']*)'/.exec(q!) ?? [];
  return json(
    200,
    rows.filter(({ table_name }) => only === undefined || table_name === only),
  );
}

function create({ body }: Asked, influx: Influxdb): Reply {
  if (!influx.may('create')) return json(403, { error: 'the request was not authorized' });
  const { db } = JSON.parse(body.toString('utf8')) as { db: string };
  if (influx.databases.has(db)) return { status: 409, body: 'attempted to create a resource that already exists' };
  influx.databases.set(db, new Tables());
  return { status: 200 };
}

function write({ query: asked, body }: Asked, influx: Influxdb): Reply {
  const unit = units[asked.get('precision') ?? ''];
  // The message of serde, as for every value other than true and false.
  if (unit === undefined) return { status: 400, body: 'serde error: unknown variant' };
  if (asked.get('accept_partial') !== 'false') return { status: 400, body: 'a loader asks for whole bodies' };
  const most = influx.options.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  if (body.length > most) return { status: 500, body: `max request size (${most} bytes) exceeded` };
  if (!influx.may('write')) return json(403, { error: 'the request was not authorized' });
  const name = asked.get('db') ?? '';
  const tables = influx.databases.get(name) ?? new Tables();
  const lines = linesOf(body);
  if (lines.length === 0) return { status: 400, body: 'write buffer error: empty write' };
  const seen = new Tables();
  for (const { number, text, point, problem } of lines) {
    const other = point === null ? null : (tables.conflict(point) ?? seen.conflict(point));
    const message =
      other === null
        ? problem
        : `invalid column type for column '${other.column}', expected iox::column_type::field::${other.has}, got iox::column_type::field::${other.got}`;
    if (message !== '')
      return json(400, {
        error: 'parsing failed for write_lp endpoint',
        data: { original_line: text, line_number: number, error_message: message },
      });
    seen.store(point!, 0n);
  }
  influx.databases.set(name, tables);
  for (const { point } of lines) tables.store(point!, point!.time! * unit);
  return { status: 204 };
}
