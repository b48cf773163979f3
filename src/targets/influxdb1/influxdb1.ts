// The InfluxDB 1 dialect: /write, /query, and an empty write that checks database, user and privileges.

import {
  type DatabaseSettings,
  defaultDatabaseSettings,
  type PointValues,
  type TargetColumn,
  type TimeSpan,
} from '../../core/types/index.js';
import { basicOrBearer, type Dialect, versionHeader } from '../http/dialect.js';
import type { QueryClient } from '../http/query-client.js';
import { durationMs, textOf } from '../http/server-values.js';
import type { TargetDeps, TargetSettings } from '../types.js';
import { verdicts } from './influxdb1-verdicts.js';
import { influxql, quoted, statements } from './influxql.js';
import { columns, readBack } from './read-back-influxql.js';
import { scan } from './scan-influxql.js';

/** InfluxDB abbreviates microseconds as u. */
const units = { ns: 'ns', us: 'u', ms: 'ms', s: 's' } as const;

export class Influxdb1 implements Dialect {
  readonly authorization: string | null;
  readonly writePath: string;
  readonly verdicts = verdicts;
  readonly #settings: TargetSettings;

  constructor({ settings }: TargetDeps) {
    const { db, rp, precision } = settings;
    this.#settings = settings;
    this.authorization = basicOrBearer(settings);
    const policy = rp === null ? {} : { rp };
    this.writePath = `/write?${new URLSearchParams({ db, ...policy, precision: units[precision] }).toString()}`;
  }

  version(query: QueryClient, index: number): Promise<string | null> {
    return versionHeader(query, index);
  }

  async create(query: QueryClient): Promise<void> {
    const { db, dbOptions } = this.#settings;
    const clause = dbOptions === null ? '' : ` WITH ${dbOptions}`;
    // The request omits the database, because InfluxDB requires a named database to exist.
    const request = statements('', [`CREATE DATABASE ${quoted(db)}${clause}`]);
    if ((await influxql(query, request)) === null)
      throw query.refused(request, query.urls[query.order[0]!]!, 'a user that may not create databases');
  }

  async settings(query: QueryClient): Promise<DatabaseSettings> {
    const { db, rp } = this.#settings;
    const request = statements(db, [`SHOW RETENTION POLICIES ON ${quoted(db)}`]);
    const series = (await influxql(query, request))?.[0]?.[0];
    if (series === undefined) return defaultDatabaseSettings;
    const policies = series.values.map((row) => Object.fromEntries(series.columns.map((name, i) => [name, row[i]])));
    const policy = policies.find((each) => (rp === null ? each.default === true : each.name === rp));
    // An empty write does not prove that the policy exists, because some versions check only writes with points.
    if (rp !== null && policy === undefined)
      throw query.refused(request, query.urls[query.order[0]!]!, policies.map(({ name }) => textOf(name)).join(', '), {
        expected: `retention policy ${rp}`,
        fix: 'check --rp, or create the policy',
      });
    return { ...defaultDatabaseSettings, ttlMs: policy === undefined ? null : retentionMs(textOf(policy.duration)) };
  }

  columns(query: QueryClient, table?: string): Promise<TargetColumn[]> {
    return columns(query, this.#settings.db, table);
  }

  scan(query: QueryClient, table: string, span: TimeSpan): AsyncGenerator<Uint8Array, void> {
    return scan(query, this.#settings, table, span);
  }

  readBack(query: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]> {
    return readBack(query, this.#settings, points);
  }
}

/** Parses a retention in Go's syntax, ms; null for `0s`, which means forever, and for unreadable text. */
function retentionMs(text: string): number | null {
  try {
    return durationMs(text) || null;
  } catch {
    return null;
  }
}
