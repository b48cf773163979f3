// Merges the results of several loads, one for each database of --context-map. Adds up counts, and uses the worst of
// the measured values.

import type { Outcome } from '../../core/outcomes.js';
import type { RunDetails, Summary, VerifyReport } from '../../core/types/index.js';
import type { LoadResult } from '../types.js';

/** The result of a load, and the database that it loaded into. */
export interface DatabaseResult {
  readonly db: string;
  readonly result: LoadResult;
}

/** Outcomes of a load after which the next database is loaded. The best outcome is first. */
const continuing: readonly Outcome[] = ['complete', 'complete-with-rejects', 'input', 'verify-failed'];

/** Tests whether the command loads the next database after this result. */
export function continues({ summary }: LoadResult): boolean {
  return continuing.includes(summary.outcome);
}

/**
 * Merges one or more results, in the order of their loads. After every result but the last, `continues` must be true.
 */
export function mergeResults(parts: readonly DatabaseResult[]): LoadResult {
  const last = parts.at(-1)!;
  const rank = ({ result }: DatabaseResult): number => continuing.indexOf(result.summary.outcome);
  const worst = continues(last.result) ? parts.reduce((a, b) => (rank(b) > rank(a) ? b : a)) : last;
  const { outcome, exitCode, reason } = worst.result.summary;
  const results = parts.map(({ result }) => result);
  return {
    summary: {
      ...mergeSummaries(results.map(({ summary }) => summary)),
      ...{ outcome, exitCode, verify: mergeVerify(parts) },
      reason: reason === null ? null : `database ${worst.db}: ${reason}`,
    },
    examples: new Map(results.toReversed().flatMap(({ examples }) => [...examples])),
    error: worst.result.error,
    details: mergeDetails(results),
  };
}

/**
 * Merges summaries of loads of the same inputs. Adds up their figures. Takes outcome and reason from the last summary.
 */
export function mergeSummaries(all: readonly Summary[]): Summary {
  const first = all[0]!;
  const last = all.at(-1)!;
  const sum = (of: (summary: Summary) => number): number => all.reduce((total, each) => total + of(each), 0);
  const max = (of: (summary: Summary) => number): number => Math.max(...all.map(of));
  const sums = <T extends object>(of: (summary: Summary) => T): T => all.map(of).reduce(added);
  const phases = sums(({ phases: each }) => each);
  const thisRun = sums((each) => each.thisRun);
  const bytes = sums((each) => each.bytes);
  const perSecond = (amount: number): number => (phases.sendSeconds > 0 ? Math.round(amount / phases.sendSeconds) : 0);
  const letters = all.flatMap(({ rejects }) => rejects.deadLetters ?? []);
  return {
    ...last,
    startedAt: first.startedAt,
    seconds: sum(({ seconds }) => seconds),
    ...{ phases, thisRun, bytes },
    points: sums(({ points }) => points),
    values: sums(({ values }) => values),
    rate: { pointsPerSecond: perSecond(thisRun.loaded), decodedBytesPerSecond: perSecond(bytes.decoded) },
    batches: { ...sums(({ batches }) => ({ ...batches, cut: 0 })), cut: sums(({ batches }) => batches.cut) },
    requests: sums(({ requests }) => requests),
    latencyMs: {
      p50: max(({ latencyMs }) => latencyMs.p50),
      p95: max(({ latencyMs }) => latencyMs.p95),
      p99: max(({ latencyMs }) => latencyMs.p99),
      max: max(({ latencyMs }) => latencyMs.max),
    },
    memory: {
      ...last.memory,
      peakRssBytes: max(({ memory }) => memory.peakRssBytes),
      highSeconds: sum(({ memory }) => memory.highSeconds),
      criticalSeconds: sum(({ memory }) => memory.criticalSeconds),
      forcedGcs: sum(({ memory }) => memory.forcedGcs),
    },
    pressure: {
      ...last.pressure,
      limitMin: Math.min(...all.map(({ pressure }) => pressure.limitMin)),
      bodyBytesMin: Math.min(...all.map(({ pressure }) => pressure.bodyBytesMin)),
      throttledSeconds: sum(({ pressure }) => pressure.throttledSeconds),
      heldBackBy: sums(({ pressure }) => pressure.heldBackBy),
    },
    target: {
      ...last.target,
      estimatedPeakBytesPerNode: all.some(({ target }) => target.estimatedPeakBytesPerNode !== null)
        ? max(({ target }) => target.estimatedPeakBytesPerNode ?? 0)
        : null,
      flushes: sum(({ target }) => target.flushes),
      rinses: sum(({ target }) => target.rinses),
      nodeDeaths: sum(({ target }) => target.nodeDeaths),
      newTables: sum(({ target }) => target.newTables),
      newColumns: sum(({ target }) => target.newColumns),
    },
    inputs: last.inputs.map((input, i) => ({
      ...input,
      ...all.map(({ inputs }) => countsOf(inputs[i]!)).reduce(added),
      error: all.map(({ inputs }) => inputs[i]!.error).find((error) => error !== null) ?? null,
    })),
    rejects: {
      byReason: sums(({ rejects }) => rejects.byReason),
      deadLetters: letters.length === 0 ? null : letters,
      reasons: all.find(({ rejects }) => rejects.reasons !== null)?.rejects.reasons ?? null,
    },
    endpoints: last.endpoints.map(({ url }, i) => ({
      url,
      loaded: sum(({ endpoints }) => endpoints[i]?.loaded ?? 0),
      failures: sum(({ endpoints }) => endpoints[i]?.failures ?? 0),
      openSeconds: sum(({ endpoints }) => endpoints[i]?.openSeconds ?? 0),
    })),
  };
}

function countsOf({ read, loaded, rejected, undelivered, bytes }: Summary['inputs'][number]) {
  return { read, loaded, rejected, undelivered, bytes };
}

/** Adds the numbers of two objects by key. A key of only one object keeps its number. */
function added<T extends object>(a: T, b: T): T {
  const sum = new Map<string, number>(Object.entries(a));
  for (const [key, value] of Object.entries(b) as [string, number][]) sum.set(key, (sum.get(key) ?? 0) + value);
  return Object.fromEntries(sum) as T;
}

/** Merges the reports of --verify. Puts the name of the database before the name of each table. */
function mergeVerify(parts: readonly DatabaseResult[]): VerifyReport | null {
  const reports = parts.flatMap(({ db, result: { summary } }) =>
    summary.verify === null ? [] : [{ db, report: summary.verify }],
  );
  if (reports.length === 0) return null;
  const sum = (key: 'sampled' | 'found' | 'equal'): number =>
    reports.reduce((total, { report }) => total + report[key], 0);
  const named = <T extends { readonly table: string }>(db: string, list: readonly T[]): T[] =>
    list.map((each) => ({ ...each, table: `${db}.${each.table}` }));
  return {
    ...{ sampled: sum('sampled'), found: sum('found'), equal: sum('equal') },
    differences: reports.flatMap(({ db, report }) => named(db, report.differences)),
    tables: reports.flatMap(({ db, report }) => named(db, report.tables)),
  };
}

function mergeDetails(results: readonly LoadResult[]): RunDetails | null {
  const all = results.flatMap(({ details }) => (details === null ? [] : [details]));
  if (all.length === 0) return null;
  const excerpt = <T>(of: (details: RunDetails) => { readonly shown: readonly T[]; readonly more: number }) => ({
    shown: all.flatMap((each) => of(each).shown),
    more: all.reduce((total, each) => total + of(each).more, 0),
  });
  return {
    rejects: excerpt(({ rejects }) => rejects),
    tables: excerpt(({ tables }) => tables),
    sampled: all.some(({ sampled }) => sampled),
    introduced: excerpt(({ introduced }) => introduced),
    abandoned: excerpt(({ abandoned }) => abandoned),
  };
}
