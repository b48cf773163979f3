// The VictoriaMetrics dialect: /write as in InfluxDB 1. VictoriaMetrics stores the database as a label, every number as
// a float, and every timestamp in milliseconds. It silently drops points beyond its limits. So the loader reads the
// limits and rejects such points.

import { RefusedError } from '../../core/errors.js';
import { type DatabaseSettings, defaultDatabaseSettings, type PointValues } from '../../core/types/index.js';
import { basicOrBearer, type Dialect } from '../http/dialect.js';
import type { QueryClient } from '../http/query-client.js';
import type { TargetDeps } from '../types.js';
import { readBack } from './read-back-export.js';
import { type StartFlags, startFlags } from './start-flags.js';
import { verdicts } from './victoriametrics-verdicts.js';

export class VictoriaMetrics implements Dialect {
  readonly authorization: string | null;
  readonly writePath: string;
  readonly verdicts = verdicts;
  readonly #deps: TargetDeps;
  #flags: StartFlags = startFlags('');

  constructor(deps: TargetDeps) {
    const { db, precision } = deps.settings;
    this.#deps = deps;
    this.authorization = basicOrBearer(deps.settings);
    const label = db === '' ? {} : { db };
    this.writePath = `/write?${new URLSearchParams({ ...label, precision }).toString()}`;
  }

  async version(query: QueryClient, index: number): Promise<string | null> {
    const outcome = await query.once(index, { path: '/metrics' });
    return outcome.kind === 'response' ? startFlags(outcome.response.body).version : null;
  }

  async settings(query: QueryClient): Promise<DatabaseSettings> {
    const { notify } = this.#deps;
    const { status, body } = await query.response({ path: '/metrics' });
    this.#flags = startFlags(status === 200 ? body : '');
    const { retentionMs, limits, trim, dedup } = this.#flags;
    if (trim !== '1ms')
      throw new RefusedError({
        tried: 'reading the flags of VictoriaMetrics',
        expected: 'timestamps to stay as sent (-influxTrimTimestamp=1ms)',
        found: `-influxTrimTimestamp=${trim}`,
        fix: 'start VictoriaMetrics without that flag for the load',
      });
    if (dedup !== '0s') {
      const message = `-dedup.minScrapeInterval=${dedup}: VictoriaMetrics later drops all but one point of a series in each interval of this length`;
      notify({ level: 'warn', kind: 'dedup', message });
    }
    if (retentionMs === null) {
      const message =
        'VictoriaMetrics does not report its retention (/metrics has no flags). It silently drops points older than the retention. These points ' +
        'count as loaded, but --verify finds that they are missing';
      notify({ level: 'warn', kind: 'retention', message });
    }
    const { db } = this.#deps.settings;
    // Without a database, the label `db` is not added. So one more tag fits, and a tag may be named `db`.
    const own = db === '' ? { ...limits, tags: limits.tags + 1, ownTags: ['__name__'] } : limits;
    return { ...defaultDatabaseSettings, precision: 'ms', ttlMs: retentionMs, limits: own };
  }

  readBack(query: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]> {
    return readBack(query, this.#deps.settings.db, this.#flags.names, points);
  }
}
