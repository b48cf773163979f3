// VictoriaMetrics: /write as InfluxDB 1 has it. The database is a label, every number a float, every timestamp a whole
// millisecond, and what does not fit is dropped without a word; so what fits is asked before, and the rest rejected here.

import { RefusedError } from '../../core/errors.js';
import {
  type DatabaseSettings,
  defaultDatabaseSettings,
  type PointValues,
  type TargetTraits,
  type Verdict,
} from '../../core/types/index.js';
import { sentence } from '../cnosdb/ask-sql.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { LinesOptions } from '../http/types.js';
import type { Dialect } from '../lines/dialect.js';
import type { QueryClient } from '../lines/query-client.js';
import { basicOrBearer } from '../lines/sign-in.js';
import { readBack } from './read-back-export.js';
import { type Flags, flagsOf } from './start-flags.js';
import { verdict } from './victoriametrics-verdict.js';

const traits: TargetTraits = {
  title: 'VictoriaMetrics',
  firstWriteExclusive: false,
  plansMemory: false,
  countsPoints: false,
  sendsSeconds: true,
};
const units = { ns: 'ns', us: 'u', ms: 'ms', s: 's' } as const;

export class VictoriaMetrics implements Dialect {
  readonly traits = traits;
  readonly authorization: string | null;
  readonly writePath: string;
  readonly knock = null;
  readonly #options: LinesOptions;
  #flags: Flags = flagsOf('');

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

  isMissing(): boolean {
    return false;
  }

  async version(asker: QueryClient, index: number): Promise<string | null> {
    const outcome = await asker.once(index, { path: '/metrics' });
    return outcome.kind === 'answer' ? flagsOf(outcome.answer.body).version : null;
  }

  async settings(asker: QueryClient): Promise<DatabaseSettings> {
    const { status, body } = await asker.answer({ path: '/metrics' });
    this.#flags = flagsOf(status === 200 ? body : '');
    const { retentionMs, limits, trim, dedup } = this.#flags;
    if (trim !== '1ms') throw trimmed(trim);
    if (dedup !== '0s') {
      const message = `-dedup.minScrapeInterval=${dedup}: of the points of a series within that time it keeps one, and drops the others later`;
      this.#options.notify?.({ level: 'warn', kind: 'dedup', message });
    }
    if (retentionMs === null) {
      const message =
        'VictoriaMetrics does not tell its retention here (no flags at /metrics): points beyond it are dropped without a word, ' +
        'and count as loaded; --verify shows whether they are there';
      this.#options.notify?.({ level: 'warn', kind: 'retention', message });
    }
    return { ...defaultDatabaseSettings, precision: 'ms', ttlMs: retentionMs, limits };
  }

  readBack(asker: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]> {
    return readBack(asker, this.#options.db, this.#flags.names, points);
  }
}

function trimmed(to: string): RefusedError {
  return new RefusedError(
    sentence(
      'looked at the flags of VictoriaMetrics',
      'expected timestamps to be kept as they are sent (-influxTrimTimestamp=1ms)',
      `got -influxTrimTimestamp=${to}`,
      'start it without that flag for the load',
    ),
  );
}
