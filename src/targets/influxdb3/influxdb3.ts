// The dialect of InfluxDB 3 Core and Enterprise: /api/v3/write_lp. A write creates its database if it is missing. So a
// query checks before the first write whether the database exists.

import { z } from 'zod';
import { entryOf } from '../../core/text.js';
import { isoTime } from '../../core/time/iso-time.js';
import {
  type ColumnType,
  type DatabaseSettings,
  defaultDatabaseSettings,
  type TargetColumn,
  type TimeSpan,
  type Verdict,
} from '../../core/types/index.js';
import { csvPoints, selectList } from '../http/csv-points.js';
import { type Dialect, versionHeader } from '../http/dialect.js';
import type { QueryClient, QueryRequest } from '../http/query-client.js';
import { inParentheses, jsonOf, middleCut, plainText } from '../http/response-text.js';
import type { HttpResponse } from '../http/types.js';
import { judge, missingDatabase } from '../http/verdict-table.js';
import type { TargetDeps } from '../types.js';
import { verdicts } from './influxdb3-verdicts.js';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const units = { ns: 'nanosecond', us: 'microsecond', ms: 'millisecond', s: 'second' } as const;
const json = { 'content-type': 'application/json' };

const types: Readonly<Record<string, ColumnType>> = {
  Float64: 'float',
  Int64: 'integer',
  UInt64: 'unsigned',
  Boolean: 'boolean',
  Utf8: 'string',
  'Dictionary(Int32, Utf8)': 'tag',
};

/** The response to SELECT 1. */
const oneRow = z.array(z.record(z.string(), z.unknown())).length(1);
const columnsSchema = z.array(z.object({ table_name: z.string(), column_name: z.string(), data_type: z.string() }));

export class Influxdb3 implements Dialect {
  readonly authorization: string | null;
  readonly writePath: string;
  readonly verdicts = verdicts;
  readonly probe: NonNullable<Dialect['probe']>;
  readonly #db: string;

  constructor({ settings }: TargetDeps) {
    const { db, precision, token } = settings;
    this.#db = db;
    this.authorization = token === null ? null : `Bearer ${token}`;
    const query = { db, precision: units[precision], accept_partial: 'false', no_sync: 'false' };
    this.writePath = `/api/v3/write_lp?${new URLSearchParams(query).toString()}`;
    this.probe = {
      request: this.#sql('SELECT 1'),
      verdict: (response, now) => this.#probeVerdict(response, now),
    };
  }

  /**
   * Judges a probe, which is a query. Accepts 403, because a token may permit writes and forbid queries. The first
   * write shows whether the token permits writes.
   */
  #probeVerdict(response: HttpResponse, now: number): Verdict {
    const { status, body } = response;
    if (status === 200 && oneRow.safeParse(jsonOf(body)).success) return { kind: 'accepted' };
    if (status === 403) return { kind: 'accepted' };
    const isClientError = status >= 400 && status < 500;
    if (isClientError && /database .*not found|not found.*database/i.test(middleCut(body)))
      return missingDatabase(`database not found: "${this.#db}"`);
    return judge(verdicts, response, now);
  }

  version(query: QueryClient, index: number): Promise<string | null> {
    return versionHeader(query, index);
  }

  async create(query: QueryClient): Promise<void> {
    const request = { path: '/api/v3/configure/database', headers: json, body: JSON.stringify({ db: this.#db }) };
    const { status, body, endpoint } = await query.response(request);
    // 409: the database exists, because another client has created it.
    if (status >= 300 && status !== 409)
      throw query.refused(request, endpoint, `status ${status}${inParentheses(plainText(body))}`);
  }

  settings(): Promise<DatabaseSettings> {
    return Promise.resolve(defaultDatabaseSettings);
  }

  async columns(query: QueryClient, table?: string): Promise<TargetColumn[]> {
    const filter = table === undefined ? '' : ` AND table_name = '${table.replaceAll("'", "''")}'`;
    const request = this.#sql(
      `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'iox'${filter}`,
    );
    const response = await query.response(request);
    if (response.status === 403) return [];
    const value = response.status === 200 ? jsonOf(response.body) : undefined;
    return query
      .parsed(request, response, value, columnsSchema)
      .filter(({ data_type }) => !data_type.startsWith('Timestamp'))
      .map((row) => ({ table: row.table_name, name: row.column_name, type: entryOf(types, row.data_type) ?? null }));
  }

  async *scan(query: QueryClient, table: string, { from, to }: TimeSpan): AsyncGenerator<Uint8Array, void> {
    const columns = await this.columns(query, table);
    if (columns.length === 0) return;
    const where = `time >= '${isoTime(from)}' AND time < '${isoTime(to)}'`;
    const request = this.#sql(`SELECT ${selectList(columns, quoted)} FROM ${quoted(table)} WHERE ${where}`, 'csv');
    const { response, chunks } = await query.stream(request);
    if (response.status !== 200)
      throw query.refused(
        request,
        response.endpoint,
        `status ${response.status}${inParentheses(plainText(response.body))}`,
      );
    yield* csvPoints(table, columns, chunks, (found) => query.broken(request, response.endpoint, found));
  }

  #sql(q: string, format: 'json' | 'csv' = 'json'): QueryRequest {
    const body = JSON.stringify({ db: this.#db, q, format });
    return { path: '/api/v3/query_sql', headers: json, body, label: q };
  }
}
