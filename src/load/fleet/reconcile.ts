// Sums up the summaries of all shards of a plan, and decides one outcome for the whole load.

import { z } from 'zod';
import { UsageError } from '../../core/errors.js';
import { countSchema as count } from '../../core/io/position-schema.js';
import { exitCodesOf, type Outcome, outcomeNames, outcomes } from '../../core/outcomes.js';
import { problemText } from '../../core/problem.js';
import { plural, someOf } from '../../core/text.js';
import type { Summary } from '../../core/types/index.js';
import type { FleetPlan } from '../../fleet/plan-file.js';
import { maxShards } from '../../fleet/shards.js';
import { accepts, within } from '../ledger/ledger.js';
import { tooFewPoints } from '../ledger/summarize.js';

const points = z.object({ read: count, loaded: count, rejected: count, undelivered: count });
const balances = ({ read, loaded, rejected, undelivered }: z.infer<typeof points>): boolean =>
  read === loaded + rejected + undelivered;

/** The keys of a shard's summary that `reconcile` reads. */
const shardSummarySchema = z
  .object({
    outcome: z.enum(outcomeNames as [Outcome, ...Outcome[]]),
    exitCode: z.int(),
    reason: z.string().nullable(),
    endedAt: z.string(),
    points: points.refine(balances),
    values: z.object({ loaded: count }),
    bytes: z.object({ read: count, decoded: count, sent: count }),
    inputs: z.array(points.extend({ name: z.string(), error: z.string().nullable() }).refine(balances)),
    rejects: z.object({
      byReason: z.record(z.string(), count),
      deadLetters: z.array(z.string()).nullable(),
      reasons: z.string().nullable(),
    }),
    shard: z
      .object({ plan: z.string(), index: z.int().positive(), of: z.int().max(maxShards) })
      .refine(({ index, of }) => index <= of),
  })
  .refine(({ outcome, exitCode }) => exitCodesOf(outcome).includes(exitCode));

type ShardSummary = z.infer<typeof shardSummarySchema>;

/** Name and text of a summary file. */
export interface SummaryFile {
  readonly file: string;
  readonly text: string;
}

export interface Reconciliation {
  readonly formatVersion: 1;
  readonly plan: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly reason: string | null;
  readonly shards: {
    readonly of: number;
    readonly missing: readonly number[];
    /** Shards that have several summaries. `reconcile` counts only one of them. */
    readonly repeated: readonly number[];
  };
  readonly points: Summary['points'];
  readonly values: { readonly loaded: number };
  readonly bytes: Summary['bytes'];
  /** Numbers of tables and columns that planning introduced. */
  readonly target: { readonly newTables: number; readonly newColumns: number };
  readonly inputs: readonly (Summary['points'] & { readonly name: string; readonly error: string | null })[];
  readonly rejects: {
    readonly byReason: Readonly<Record<string, number>>;
    readonly deadLetters: readonly string[];
    readonly reasons: readonly string[];
  };
}

/** Sums up summaries. Throws UsageError for a file that is not a summary of a shard of this plan. */
export function reconcile(plan: FleetPlan, files: readonly SummaryFile[]): Reconciliation {
  const summaries = files.map((file) => summaryOf(plan, file));
  const totals = new Set(summaries.map(({ shard }) => shard.of));
  if (totals.size !== 1)
    throw new UsageError([
      {
        tried: 'reconciling the shards',
        expected: 'summaries with the same number of shards',
        found: totals.size === 0 ? 'no summary' : `summaries of loads with ${[...totals].join(' and ')} shards`,
        fix: 'give only summaries of shards that were loaded together, with the same number of shards',
      },
    ]);
  const of = summaries[0]!.shard.of;
  const best = new Map<number, ShardSummary>();
  const repeated = new Set<number>();
  for (const summary of summaries) {
    const { index } = summary.shard;
    const other = best.get(index);
    if (other !== undefined) repeated.add(index);
    if (other === undefined || isBetter(summary, other)) best.set(index, summary);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !best.has(index));
  const counted = [...best].toSorted(([a], [b]) => a - b).map(([, summary]) => summary);
  const inputs = inputTotals(plan, counted);
  const total = sumOf(counted.map((each) => each.points));
  const { outcome, reason } = outcomeOf(plan, counted, missing, of, total, inputs);
  const own = counted.every((each) => each.outcome === outcome);
  const sum = (part: (summary: ShardSummary) => number): number => counted.reduce((n, each) => n + part(each), 0);
  return {
    formatVersion: 1,
    plan: plan.id,
    outcome,
    exitCode: own ? counted[0]!.exitCode : outcomes[outcome].exitCode,
    reason,
    shards: { of, missing, repeated: [...repeated].toSorted((a, b) => a - b) },
    points: total,
    values: { loaded: sum(({ values }) => values.loaded) },
    bytes: {
      read: sum(({ bytes }) => bytes.read),
      decoded: sum(({ bytes }) => bytes.decoded),
      sent: sum(({ bytes }) => bytes.sent),
    },
    target: { newTables: plan.introduced.tables, newColumns: plan.introduced.columns },
    inputs,
    rejects: {
      byReason: reasonTotals(counted),
      deadLetters: counted.flatMap(({ rejects }) => rejects.deadLetters ?? []),
      reasons: counted.flatMap(({ rejects }) => rejects.reasons ?? []),
    },
  };
}

function summaryOf(plan: FleetPlan, { file, text }: SummaryFile): ShardSummary {
  const problem = (found: string): UsageError =>
    new UsageError([
      {
        tried: `reading ${file}`,
        expected: `the summary of a shard of plan ${plan.id}`,
        found,
        fix: 'name a summary of this plan',
      },
    ]);
  let summary: ShardSummary;
  try {
    summary = shardSummarySchema.parse(JSON.parse(text));
  } catch {
    throw problem('a file with other content');
  }
  if (summary.shard.plan !== plan.id) throw problem(`a shard of plan ${summary.shard.plan}`);
  return summary;
}

const isComplete = ({ outcome }: ShardSummary): boolean => ['complete', 'complete-with-rejects'].includes(outcome);

/**
 * Tests whether the summary `one` is used instead of `other` for the same shard. A complete run has precedence over an
 * incomplete run. Otherwise the later run has precedence.
 */
function isBetter(one: ShardSummary, other: ShardSummary): boolean {
  if (isComplete(one) !== isComplete(other)) return isComplete(one);
  return one.endedAt > other.endedAt;
}

/** Outcomes of a shard or piece that become the outcome of the whole load; the worst is first. */
export const worstFirst: readonly Outcome[] = [
  ...(['bug', 'state', 'refused', 'too-many-rejects', 'memory', 'unavailable', 'busy', 'interrupted'] as const),
  ...(['usage', 'input', 'verify-failed'] as const),
];

function outcomeOf(
  plan: FleetPlan,
  counted: readonly ShardSummary[],
  missing: readonly number[],
  of: number,
  total: Summary['points'],
  inputs: Reconciliation['inputs'],
): FleetOutcome {
  const worst = worstFirst.find(
    (each) => counted.some(({ outcome }) => outcome === each) || (each === 'unavailable' && missing.length > 0),
  );
  if (worst === 'unavailable' && missing.length > 0) return { outcome: worst, reason: missingShards(missing, of) };
  if (worst !== undefined) {
    const { shard, reason } = counted.find(({ outcome }) => outcome === worst)!;
    return { outcome: worst, reason: `shard ${shard.index}/${of}: ${reason ?? outcomes[worst].closingSentence}` };
  }
  return totalOutcome(plan, total, inputs, 'reconciling the shards');
}

export interface FleetOutcome {
  readonly outcome: Outcome;
  readonly reason: string | null;
}

/** Decides the outcome of a load whose shards or pieces have all ended with an outcome that is not in `worstFirst`. */
export function totalOutcome(
  { limits, inputs: planned }: Pick<FleetPlan, 'limits' | 'inputs'>,
  total: Summary['points'],
  inputs: readonly { readonly error: string | null }[],
  tried: string,
): FleetOutcome {
  const bad = inputs.find(({ error }) => error !== null);
  if (bad !== undefined) return { outcome: 'input', reason: bad.error };
  const expected = planned.flatMap(({ pieces }) => pieces.map(({ points: each }) => each));
  const known = expected.reduce<number | null>((sum, each) => (sum === null || each === null ? null : sum + each), 0);
  if (known !== null && known !== total.read) return { outcome: 'input', reason: otherCount(tried, known, total.read) };
  if (total.read < limits.minPoints)
    return { outcome: 'input', reason: problemText(tooFewPoints(total.read, limits.minPoints)) };
  if (!within(total.rejected, total.read, limits.maxRejected))
    return {
      outcome: 'too-many-rejects',
      reason: `${plural(total.rejected, 'point')} of the whole load were rejected`,
    };
  const accepted = total.rejected === 0 || accepts(total.rejected, total.read, limits.acceptRejects);
  return { outcome: accepted ? 'complete' : 'complete-with-rejects', reason: null };
}

function missingShards(missing: readonly number[], of: number): string {
  const names = missing.map((index) => `${index}/${of}`);
  const shards = missing.length === 1 ? 'shard' : 'shards';
  return problemText({
    tried: 'reconciling the shards',
    expected: `a summary of each of ${plural(of, 'shard')}`,
    found: `no summary of ${shards} ${someOf(names)}`,
    fix: `run ${missing.length === 1 ? 'this shard with' : 'each of these shards, such as'} --shard ${names[0]}`,
  });
}

function otherCount(tried: string, planned: number, read: number): string {
  return problemText({
    tried,
    expected: `the ${plural(planned, 'point')} that planning counted`,
    found: plural(read, 'point'),
    fix: 'check whether an input has changed, then run bulk-load plan again',
  });
}

/** Sums up the pieces of each input. Returns the inputs in the order of the plan. */
function inputTotals({ inputs }: FleetPlan, counted: readonly ShardSummary[]): Reconciliation['inputs'] {
  const byName = new Map<string, ShardSummary['inputs']>();
  for (const piece of counted.flatMap((summary) => summary.inputs))
    byName.set(piece.name, [...(byName.get(piece.name) ?? []), piece]);
  return inputs.map(({ name, error }) => {
    const pieces = byName.get(name) ?? [];
    return { name, ...sumOf(pieces), error: error ?? pieces.find((each) => each.error !== null)?.error ?? null };
  });
}

function sumOf(all: readonly Summary['points'][]): Summary['points'] {
  const total = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };
  for (const each of all) {
    total.read += each.read;
    total.loaded += each.loaded;
    total.rejected += each.rejected;
    total.undelivered += each.undelivered;
  }
  return total;
}

function reasonTotals(counted: readonly ShardSummary[]): Record<string, number> {
  const totals = new Map<string, number>();
  for (const { rejects } of counted) {
    for (const [reason, n] of Object.entries(rejects.byReason)) totals.set(reason, (totals.get(reason) ?? 0) + n);
  }
  return Object.fromEntries(totals);
}
