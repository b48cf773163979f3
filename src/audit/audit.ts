// Runs `bulk-load audit`. Reads the inputs and computes one digest for each time window of a table. Compares these
// digests with digests of the target, and compares windows with different digests point by point. With --repair, loads
// the differing points again and compares the windows of these points once more.

import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import { count, plural } from '../core/text.js';
import { isoTime } from '../core/time/iso-time.js';
import type { AuditReport } from '../core/types/index.js';
import { AuditState } from './audit-state.js';
import type { PointComparison } from './differences/compare-files.js';
import { comparePoints, type DifferingWindow, fileBytesOf, rounds } from './differences/compare-points.js';
import { DifferenceList } from './differences/differences.js';
import { RepairFile } from './differences/repair-file.js';
import type { AuditContext } from './types.js';
import { type ComparedSpan, compareWindows, tableSpans } from './windows/compare-windows.js';
import { Digest } from './windows/digest.js';
import { type AuditPlan, digestInputs } from './windows/digest-inputs.js';

export type { AuditContext, AuditedInputs, AuditPhase } from './types.js';

/** Runs an audit. If the audit fails, its state remains on disk, and the next audit with the same identity resumes. */
export async function audit(context: AuditContext): Promise<AuditReport> {
  const state = new AuditState(context.folder, context.identity);
  const earlier = await state.resume();
  if (earlier !== null) reportResume(context, earlier);
  const plan = earlier?.plan ?? (await digestInputs(context)); // reads the inputs once
  assertPoints(plan, context);
  if (earlier === null) await state.begin(plan);

  const compared = await compareTarget(context, plan, state, earlier?.compared ?? []); // reads the target once
  const differing = compared.flatMap((span) => span.differing);
  const comparison: PointComparison = {
    differences: new DifferenceList(),
    repair: context.repair && new RepairFile(join(context.folder, 'repair.lp')),
    expected: new Map<number, Digest>(),
  };
  for (const round of rounds(differing, fileBytesOf(context.memoryBytes))) {
    await comparePoints(context, plan, round, comparison); // reads inputs and differing target ranges again
  }
  const repair = await repairPoints(context, plan, differing, comparison);
  const audited = new Set(plan.windows.map(({ table }) => table));
  const otherTables = (await context.targetTables()).filter((table) => !audited.has(table)).sort();
  return { ...reportOf(plan, compared, comparison.differences, repair), otherTables };
}

/** Throws InputError if the inputs lack points in the audited range. */
function assertPoints({ windows, totals }: AuditPlan, { since, until }: AuditContext): void {
  if (windows.length > 0) return;
  throw new InputError({
    tried: 'auditing',
    expected:
      since === null && until === null
        ? 'points in the inputs'
        : 'points of the inputs in the range from --since to --until',
    found: totals.points === 0 ? 'no points' : `${plural(totals.points, 'point')} outside this range`,
    fix: since === null && until === null ? '' : 'check --since and --until',
  });
}

/** Tests whether inputs and target are equal. After a repair, only the comparison after the repair counts. */
export function isEqual({ differences, repair }: Pick<AuditReport, 'differences' | 'repair'>): boolean {
  if (repair !== null) return repair.differingWindows === 0;
  const { missing, extra, different, overwritten } = differences;
  return missing + extra + different + overwritten === 0;
}

async function compareTarget(
  context: AuditContext,
  { windows, span }: AuditPlan,
  state: AuditState,
  compared: ComparedSpan[],
): Promise<ComparedSpan[]> {
  const done = compared.at(-1)?.end ?? 0;
  const spans = tableSpans(windows, span).filter(({ first }) => first >= done);
  context.progress('windows', done, windows.length);
  for await (const each of compareWindows(context, windows, spans, (index) => windows[index]!.digest)) {
    await state.add(each);
    compared.push(each);
    context.progress('windows', each.end, windows.length);
  }
  return compared;
}

/**
 * Loads missing and different points again, then compares the time windows of these points once more. Returns null
 * without such points, or without --repair.
 */
async function repairPoints(
  context: AuditContext,
  { windows, span }: AuditPlan,
  differing: readonly DifferingWindow[],
  { repair, expected }: PointComparison,
): Promise<AuditReport['repair']> {
  repair?.close();
  if (repair === null || context.repair === null || repair.points === 0) return null;
  context.progress('repair', 0, repair.points);
  await context.repair(repair.path);
  const wanted = new Map(differing.map(({ index }) => [index, expected.get(index) ?? new Digest()]));
  const spans = tableSpans(windows, span, (index) => wanted.has(index));
  let [differingWindows, checked] = [0, 0];
  context.progress('check', checked, spans.length);
  for await (const each of compareWindows(context, windows, spans, (index) => wanted.get(index))) {
    differingWindows += each.differing.length;
    context.progress('check', ++checked, spans.length);
  }
  return { points: repair.points, differingWindows };
}

function reportOf(
  { windows, span, totals }: AuditPlan,
  compared: readonly ComparedSpan[],
  differences: DifferenceList,
  repair: AuditReport['repair'],
): Omit<AuditReport, 'otherTables'> {
  const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((n, item) => n + of(item), 0);
  return {
    range: span.from < span.to ? { from: isoTime(span.from), to: isoTime(span.to) } : null,
    inputs: {
      points: sum(windows, ({ digest }) => digest.points),
      values: sum(windows, ({ digest }) => digest.values),
      rejected: totals.rejected,
      byReason: totals.byReason,
      overwritten: differences.overwritten,
    },
    target: { points: sum(compared, ({ points }) => points), values: sum(compared, ({ values }) => values) },
    windows: { total: windows.length, differing: sum(compared, (span) => span.differing.length) },
    differences: differences.result,
    repair,
  };
}

function reportResume(
  { notify }: AuditContext,
  { plan, compared }: { plan: AuditPlan; compared: ComparedSpan[] },
): void {
  const done = compared.at(-1)?.end ?? 0;
  const message = `resuming the audit: ${count(done)} of ${plural(plan.windows.length, 'window')} are already compared`;
  notify({ level: 'info', kind: 'audit-resume', message });
}
