// InfluxDB 1.x: /write, /query, and an empty write that checks database, user and rights.

import {
  type DatabaseSettings,
  defaultDatabaseSettings,
  type PointValues,
  type TargetColumn,
  type TargetTraits,
  type Verdict,
} from '../../core/types/index.js';
import { durationMs } from '../cnosdb/database-settings.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { LinesOptions } from '../http/types.js';
import type { Dialect } from '../lines/dialect.js';
import type { QueryClient } from '../lines/query-client.js';
import { basicOrBearer, versionOf } from '../lines/sign-in.js';
import { verdict } from './influxdb1-verdict.js';
import { ask, question, quoted } from './influxql.js';
import { columns, readBack } from './read-back-influxql.js';

// It sorts out first writes by itself: fields are created under a lock of their shard.
const traits: TargetTraits = {
  title: 'InfluxDB',
  firstWriteExclusive: false,
  plansMemory: false,
  countsPoints: false,
  sendsSeconds: true,
};
/** Its word for microseconds. */
const units = { ns: 'ns', us: 'u', ms: 'ms', s: 's' } as const;

export class Influxdb1 implements Dialect {
  readonly traits = traits;
  readonly authorization: string | null;
  readonly writePath: string;
  readonly knock = null;
  readonly #options: LinesOptions;

  constructor(options: LinesOptions) {
    this.#options = options;
    this.authorization = basicOrBearer(options);
    this.writePath = `/write?${new URLSearchParams({ db: options.db, precision: units[options.precision] }).toString()}`;
  }

  verdict(answer: HttpAnswer, now: number): Verdict {
    return verdict(answer, now);
  }

  knocked(answer: HttpAnswer, now: number): Verdict {
    return verdict(answer, now);
  }

  isMissing(said: Verdict): boolean {
    return said.kind === 'refused' && /^database not found/.test(said.reason);
  }

  version(asker: QueryClient, index: number): Promise<string | null> {
    return versionOf(asker, index, { path: '/ping' });
  }

  async create(asker: QueryClient): Promise<void> {
    const { db, dbOptions } = this.#options;
    const rest = dbOptions === null ? '' : ` WITH ${dbOptions}`;
    // Not the database of the question: that would have to be there.
    const put = question('', [`CREATE DATABASE ${quoted(db)}${rest}`]);
    if ((await ask(asker, put)) === 'refused') throw asker.refused(put, 'that the user may not create a database');
  }

  async settings(asker: QueryClient): Promise<DatabaseSettings> {
    const { db } = this.#options;
    const answer = await ask(asker, question(db, [`SHOW RETENTION POLICIES ON ${quoted(db)}`]));
    const [series] = answer === 'refused' ? [] : (answer[0] ?? []);
    if (series === undefined) return defaultDatabaseSettings;
    const [duration, isDefault] = [series.columns.indexOf('duration'), series.columns.indexOf('default')];
    const policy = series.values.find((row) => row[isDefault] === true);
    // 0s is for ever.
    const ttlMs = policy === undefined ? 0 : durationMs(String(policy[duration]));
    return { ...defaultDatabaseSettings, ttlMs: ttlMs === 0 ? null : ttlMs };
  }

  columns(asker: QueryClient, table?: string): Promise<TargetColumn[]> {
    return columns(asker, this.#options.db, table);
  }

  readBack(asker: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]> {
    return readBack(asker, this.#options.db, points);
  }
}
