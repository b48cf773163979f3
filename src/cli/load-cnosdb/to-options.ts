// Converts flags of load_cnosdb into options of a load, and warns about the differences.

import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import type { GoValue } from './go/pflag.js';
import { type Interval, parseIntervals } from './insert-intervals.js';
import { consistencies, unusedFlags } from './load-cnosdb-flags.js';

export interface LoadCnosdbRequest {
  /** Options of bulk-load by key, with values as on its command line. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly doLoad: boolean;
  readonly dropExisting: boolean;
  readonly workers: bigint;
  readonly backoffMs: number;
  readonly intervals: readonly Interval[] | null;
  /** Interval of the periodic report; 0 switches the report off. */
  readonly reportingPeriodMs: number;
  /** Path of the results file; empty if the file is not wanted. */
  readonly resultsFile: string;
  readonly warnings: readonly string[];
}

const defaultBatch = 10_000n;

/** Converts the values of the flags. Throws UsageError with all problems. */
export function toRequest(values: ReadonlyMap<string, GoValue>, given: ReadonlySet<string>): LoadCnosdbRequest {
  const text = (name: string): string => String(values.get(name));
  const number = (name: string): bigint => BigInt(values.get(name)!);
  const ms = (name: string): number => Math.max(0, Number(number(name)) / 1e6);
  const workers = number('workers');
  const spelled = text('insert-intervals');
  const intervals = spelled === '' ? null : parseIntervals(spelled, Math.max(1, Number(workers)));
  const problems = problemsOf(workers, text('consistency'), spelled !== '' && intervals === null ? spelled : null);
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
      ...(given.has('password') ? { password: text('password') } : {}),
      compression: values.get('gzip') === true ? 'gzip' : 'none',
      // The Go tool does not store state, and accepts an empty input.
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
    warnings: warningsOf(values, given),
  };
}

function problemsOf(workers: bigint, consistency: string, intervals: string | null): Problem[] {
  const problem = (tried: string, expected: string, found: string): Problem => ({ tried, expected, found, fix: '' });
  const known = consistencies.join(', ');
  return [
    ...(workers > 0n
      ? []
      : [problem('--workers=0', 'at least 1 worker', '0 workers, with which the Go tool waits forever')]),
    ...(consistencies.includes(consistency)
      ? []
      : [problem(`--consistency=${consistency}`, `one of ${known}`, 'another word')]),
    ...(intervals === null
      ? []
      : [
          problem(
            `--insert-intervals=${intervals}`,
            'whole seconds such as 1, or ranges such as 1-3, separated by commas',
            'another form',
          ),
        ]),
  ];
}

function warningsOf(values: ReadonlyMap<string, GoValue>, given: ReadonlySet<string>): string[] {
  const unused = unusedFlags.filter((name) => given.has(name));
  const keeps = values.get('do-create-db') === true && values.get('drop-existing') !== true;
  return [
    ...unused.map((name) => `--${name} has no effect, as in the Go tool`),
    ...(keeps
      ? ['--do-create-db keeps an existing database, which the Go tool would drop; to drop it, add --drop-existing']
      : []),
  ];
}
