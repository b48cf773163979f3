// What was typed at load_cnosdb → what a load has to be told, and what people should know about the difference.

import { UsageError } from '../../core/errors.js';
import type { GoValue } from './go/pflag.js';
import { type Interval, parseIntervals } from './insert-intervals.js';
import { consistencies, dead } from './load-cnosdb-flags.js';

export interface LoadCnosdbRequest {
  /** By option key, as the command line of bulk-load would hand them on. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly doLoad: boolean;
  readonly dropExisting: boolean;
  readonly workers: bigint;
  readonly backoffMs: number;
  readonly intervals: readonly Interval[] | null;
  /** 0: no report. */
  readonly reportingPeriodMs: number;
  /** Empty: none. */
  readonly resultsFile: string;
  /** What was typed to no effect. */
  readonly warnings: readonly string[];
}

const defaultBatch = 10_000n;

/** Throws UsageError with all that cannot be. */
export function request(values: ReadonlyMap<string, GoValue>, typed: ReadonlySet<string>): LoadCnosdbRequest {
  const text = (name: string): string => String(values.get(name));
  const number = (name: string): bigint => BigInt(values.get(name)!);
  const ms = (name: string): number => Math.max(0, Number(number(name)) / 1e6);
  const workers = number('workers');
  const intervals =
    text('insert-intervals') === '' ? null : parseIntervals(text('insert-intervals'), Math.max(1, Number(workers)));
  const problems = [
    ...(workers > 0n ? [] : ['--workers=0 — expected at least one — got none, and the Go tool waits forever then']),
    ...(consistencies.includes(text('consistency')) ? [] : ['invalid consistency settings']),
    ...(intervals !== null || text('insert-intervals') === ''
      ? []
      : [
          `--insert-intervals=${text('insert-intervals')} — worker insert interval could not be parsed as integer constant or range. ` +
            "Required: 'x' or 'x-y' | x,y are uint x<y",
        ]),
  ];
  if (problems.length > 0) throw new UsageError(problems);
  const limit = number('limit');
  const batch = number('batch-size');
  return {
    options: {
      url: text('urls')
        .split(',')
        .filter((url) => url !== ''),
      target: 'cnosdb',
      db: text('db-name'),
      batchPoints: String(batch === 0n ? defaultBatch : batch),
      workers: String(workers),
      ...(limit === 0n ? {} : { limit: String(limit) }),
      createDb: values.get('do-create-db') === true || values.get('drop-existing') === true,
      user: text('username'),
      ...(typed.has('password') ? { password: text('password') } : {}),
      compression: values.get('gzip') === true ? 'gzip' : 'none',
      // The Go tool keeps nothing of a run, and takes an empty input for a whole one.
      checkpoint: false,
      minPoints: '0',
    },
    file: text('file'),
    doLoad: values.get('do-load') === true,
    dropExisting: values.get('drop-existing') === true,
    workers,
    backoffMs: ms('backoff'),
    intervals,
    reportingPeriodMs: ms('reporting-period'),
    resultsFile: text('results-file'),
    warnings: warnings(values, typed),
  };
}

function warnings(values: ReadonlyMap<string, GoValue>, typed: ReadonlySet<string>): string[] {
  const unused = dead.filter((name) => typed.has(name));
  return [
    ...unused.map((name) => `--${name} has no effect, as in the Go tool`),
    ...(values.get('do-create-db') === true && values.get('drop-existing') !== true
      ? [
          '--do-create-db creates the database if it is not there; unlike the Go tool it drops nothing: see --drop-existing',
        ]
      : []),
  ];
}
