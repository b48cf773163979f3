// InfluxDB 3 Core and Enterprise: /api/v3/write_lp. A write creates its database, so whether that is there is asked before.

import {
  type ColumnType,
  type DatabaseSettings,
  defaultDatabaseSettings,
  type TargetColumn,
  type TargetTraits,
  type Verdict,
} from '../../core/types/index.js';
import { textOf } from '../cnosdb/database-settings.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { LinesOptions } from '../http/types.js';
import type { Dialect } from '../lines/dialect.js';
import type { QueryClient, Question } from '../lines/query-client.js';
import { versionOf } from '../lines/sign-in.js';
import { verdict } from './influxdb3-verdict.js';

const traits: TargetTraits = {
  title: 'InfluxDB',
  firstWriteExclusive: false,
  plansMemory: false,
  countsPoints: false,
  sendsSeconds: true,
};
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

export class Influxdb3 implements Dialect {
  readonly traits = traits;
  readonly authorization: string | null;
  readonly writePath: string;
  readonly knock: Question;
  readonly #db: string;

  constructor({ db, precision, token }: LinesOptions) {
    this.#db = db;
    this.authorization = token === null ? null : `Bearer ${token}`;
    const query = { db, precision: units[precision], accept_partial: 'false', no_sync: 'false' };
    this.writePath = `/api/v3/write_lp?${new URLSearchParams(query).toString()}`;
    this.knock = this.#sql('SELECT 1');
  }

  verdict(answer: HttpAnswer, now: number): Verdict {
    return verdict(answer, now);
  }

  /** A token that may write and not read is as good as any; it is told by the first write when it may do neither. */
  knocked(answer: HttpAnswer, now: number): Verdict {
    const { status, body } = answer;
    if (status === 200 || status === 403) return { kind: 'accepted' };
    if (status >= 400 && status < 500 && /database .*not found|not found.*database/i.test(body))
      return { kind: 'refused', reason: `database not found: "${this.#db}"` };
    return verdict(answer, now);
  }

  isMissing(said: Verdict): boolean {
    return said.kind === 'refused' && /^database not found/.test(said.reason);
  }

  version(asker: QueryClient, index: number): Promise<string | null> {
    return versionOf(asker, index, { path: '/ping' });
  }

  async create(asker: QueryClient): Promise<void> {
    const question = { path: '/api/v3/configure/database', headers: json, body: JSON.stringify({ db: this.#db }) };
    const { status, body } = await asker.answer(question);
    // 409: another was faster.
    if (status >= 300 && status !== 409) throw asker.refused(question, `${status} ${body.trim().slice(0, 200)}`);
  }

  settings(): Promise<DatabaseSettings> {
    return Promise.resolve(defaultDatabaseSettings);
  }

  async columns(asker: QueryClient, table?: string): Promise<TargetColumn[]> {
    const one = table === undefined ? '' : ` AND table_name = '${table.replaceAll("'", "''")}'`;
    const statement = `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'iox'${one}`;
    const question = this.#sql(statement);
    const { status, body } = await asker.answer(question);
    if (status === 403) return [];
    const rows: unknown = status === 200 ? JSON.parse(body) : null;
    if (!Array.isArray(rows)) throw asker.refused(question, `${status} ${body.trim().slice(0, 200)}`);
    return (rows as Record<string, unknown>[])
      .filter(({ data_type }) => !textOf(data_type).startsWith('Timestamp'))
      .map((row) => ({
        table: textOf(row.table_name),
        name: textOf(row.column_name),
        type: types[textOf(row.data_type)] ?? null,
      }));
  }

  #sql(q: string): Question {
    return { path: '/api/v3/query_sql', headers: json, body: JSON.stringify({ db: this.#db, q, format: 'json' }) };
  }
}
