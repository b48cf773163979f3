// Builds the summary of a run. The functions have no side effects. The product contract fixes the keys of a summary and
// their order.

import { type BulkLoadError, InputError } from '../../core/errors.js';
import type { Outcome } from '../../core/outcomes.js';
import type { Problem } from '../../core/problem.js';
import { count, plural } from '../../core/text.js';
import type { EndpointTotals, Summary, TargetDescription } from '../../core/types/index.js';
import type { Ledger } from './ledger.js';
import type { Meter } from './meter.js';

/** The facts that a summary needs besides the `Ledger` and the `Meter`. */
export interface SummaryInput {
  readonly version: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Duration of the run by the monotonic clock. */
  readonly seconds: number;
  readonly phases: Summary['phases'];
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly error: BulkLoadError | null;
  readonly continueWith: string | null;
  readonly inputs: readonly { readonly name: string; readonly format: string }[];
  readonly bytes: { readonly read: number; readonly decoded: number };
  readonly memory: Summary['memory'];
  readonly pressure: Summary['pressure'];
  readonly target: TargetDescription | null;
  /** Figures of the target's memory; null if the run ended before this memory was planned. */
  readonly throttle: Pick<
    Summary['target'],
    | 'planBytesPerNode'
    | 'estimatedPeakBytesPerNode'
    | 'flushes'
    | 'rinses'
    | 'nodeDeaths'
    | 'gaugeDifferenceBytes'
    | 'advice'
  > | null;
  readonly introduced: { readonly tables: number; readonly columns: number };
  readonly endpoints: readonly EndpointTotals[];
  readonly verify: Summary['verify'];
  /** Returns the decoded offset at which this run began an input. */
  readonly resumedFromByte: (input: number) => number;
  readonly checkpoint: string | null;
  readonly shard: Summary['shard'];
  readonly deadLetters: { readonly points: readonly string[]; readonly reasons: string } | null;
}

export function summarize(ledger: Ledger, meter: Meter, facts: SummaryInput): Summary {
  const { read, loaded, rejected, undelivered } = ledger.total;
  const { seconds, phases } = facts;
  // Excludes the time before sending and the time of --verify, because the run sends no points during these times.
  const perSecond = (amount: number): number => (phases.sendSeconds > 0 ? Math.round(amount / phases.sendSeconds) : 0);
  return {
    formatVersion: 1,
    version: facts.version,
    outcome: facts.outcome,
    exitCode: facts.exitCode,
    reason: facts.error?.message ?? null,
    continueWith: facts.continueWith,
    startedAt: new Date(facts.startedMs).toISOString(),
    endedAt: new Date(facts.endedMs).toISOString(),
    seconds,
    phases,
    points: { read, loaded, rejected, undelivered },
    values: { loaded: ledger.values },
    thisRun: ledger.thisRun,
    bytes: { ...facts.bytes, sent: meter.bytesSent },
    rate: { pointsPerSecond: perSecond(ledger.thisRun.loaded), decodedBytesPerSecond: perSecond(facts.bytes.decoded) },
    batches: { loaded: ledger.batches, alone: ledger.alone, cut: { ...ledger.cuts } },
    requests: { ...meter.requests },
    latencyMs: meter.latencyMs(),
    memory: facts.memory,
    pressure: facts.pressure,
    target: {
      version: facts.target?.version ?? null,
      planBytesPerNode: facts.throttle?.planBytesPerNode ?? null,
      estimatedPeakBytesPerNode: facts.throttle?.estimatedPeakBytesPerNode ?? null,
      flushes: facts.throttle?.flushes ?? 0,
      rinses: facts.throttle?.rinses ?? 0,
      nodeDeaths: facts.throttle?.nodeDeaths ?? 0,
      gaugeDifferenceBytes: facts.throttle?.gaugeDifferenceBytes ?? null,
      advice: facts.throttle?.advice ?? null,
      newTables: facts.introduced.tables,
      newColumns: facts.introduced.columns,
    },
    inputs: ledger.inputs.map((account, i) => ({
      name: facts.inputs[i]!.name,
      format: facts.inputs[i]!.format,
      read: account.read,
      loaded: account.loaded,
      rejected: account.rejected,
      undelivered: account.undelivered,
      bytes: account.bytes,
      resumedFromByte: facts.resumedFromByte(i),
      error: account.error,
    })),
    rejects: {
      byReason: Object.fromEntries(ledger.byReason),
      deadLetters: facts.deadLetters === null ? null : [...facts.deadLetters.points],
      reasons: facts.deadLetters?.reasons ?? null,
    },
    verify: facts.verify,
    endpoints: facts.endpoints.map((endpoint) => ({ ...endpoint })),
    checkpoint: facts.checkpoint,
    shard: facts.shard && { plan: facts.shard.plan, index: facts.shard.index, of: facts.shard.of },
    machines: null,
  };
}

/** Describes the problem that the inputs have fewer points than --min-points. */
export function tooFewPoints(read: number, minPoints: number): Problem {
  return {
    tried: 'reading the inputs',
    expected: `at least ${plural(minPoints, 'point')} (--min-points)`,
    found: count(read),
    fix: 'check whether these are the right inputs',
  };
}

/**
 * Decides the outcome of a run that was not stopped. A bad input has precedence over rejects.
 * @param accepted true if --accept-rejects allows the rejects
 */
export function outcomeOf(
  { inputErrors, total }: Pick<Ledger, 'inputErrors' | 'total'>,
  minPoints: number,
  accepted: boolean,
): { outcome: Outcome; error: InputError | null } {
  if (inputErrors.length > 0) return { outcome: 'input', error: combined(inputErrors) };
  if (total.read < minPoints) return { outcome: 'input', error: new InputError(tooFewPoints(total.read, minPoints)) };
  const complete = total.rejected === 0 || accepted;
  return { outcome: complete ? 'complete' : 'complete-with-rejects', error: null };
}

/** Returns the first error. Its text also gives the number of further errors. */
function combined(errors: readonly InputError[]): InputError {
  const [first] = errors as [InputError, ...InputError[]];
  if (errors.length === 1) return first;
  const more = ` (and ${plural(errors.length - 1, 'more input')})`;
  const retryHelps = errors.some((error) => error.retryHelps);
  const { problem } = first;
  return new InputError(problem === null ? first.message + more : { ...problem, tried: problem.tried + more }, {
    retryHelps,
  });
}
