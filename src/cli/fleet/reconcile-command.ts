// `bulk-load reconcile`: adds up the summaries of all shards, and ends with the exit code of the whole load.

import { errorCode, UsageError } from '../../core/errors.js';
import { readText } from '../../core/io/files.js';
import { count, plural, printable } from '../../core/text.js';
import { maxPlanBytes, readPlan } from '../../fleet/plan-file.js';
import { type Reconciliation, reconcile, type SummaryFile } from '../../load/fleet/reconcile.js';
import { prepareResults, summaryHead } from '../../reporting/result-file.js';
import { closingSentence, row, summaryJson } from '../../reporting/summary.js';
import { writeOutput } from '../output/print.js';
import type { Process } from '../process.js';

export interface ReconcileOptions {
  readonly plan: string;
  /** File for the summary as JSON; `-` for standard output. */
  readonly summary?: string;
  readonly quiet?: boolean;
}

/**
 * Largest number of inputs in the printed result. For a load with more inputs, only inputs with rejects or problems are
 * printed.
 */
const maxInputs = 20;

/** Returns the exit code of the whole load. Throws UsageError for files that do not belong to the plan. */
export async function runReconcile(
  files: readonly string[],
  { plan: path, summary, quiet }: ReconcileOptions,
  process: Process,
): Promise<number> {
  const plan = await readPlan(path);
  const output = summary ?? null;
  await prepareResults([[output, summaryHead]]);
  const found = reconcile(plan, await Promise.all(files.map(read)));
  if (!quiet || found.exitCode !== 0) process.stderr.write(page(found));
  await writeOutput(output, summaryJson(found), process);
  return found.exitCode;
}

async function read(file: string): Promise<SummaryFile> {
  try {
    return { file, text: await readText(file, maxPlanBytes) };
  } catch (error) {
    const expected = 'the summary of a shard';
    throw new UsageError([{ tried: `reading ${file}`, expected, found: errorCode(error), fix: '' }], { cause: error });
  }
}

function balance({ read: all, loaded, rejected, undelivered }: Reconciliation['points']): string {
  return `${count(all)} read = ${count(loaded)} loaded + ${count(rejected)} rejected + ${count(undelivered)} undelivered`;
}

function page(found: Reconciliation): string {
  const { exitCode, reason, points, values, shards, inputs, rejects } = found;
  const { of, missing, repeated } = shards;
  const headline = missing.length > 0 ? 'Incomplete: shards are missing.' : closingSentence(found, null);
  const troubled = inputs.filter(({ rejected, undelivered, error }) => rejected + undelivered > 0 || error !== null);
  const shown = inputs.length <= maxInputs ? inputs : troubled.slice(0, maxInputs);
  const twice =
    repeated.length === 0 ? '' : `; shards with several summaries, each counted once: ${repeated.join(', ')}`;
  return [
    `${headline}${exitCode === 0 ? '' : ` (exit code ${exitCode})`}`,
    ...(reason === null ? [] : [row('reason', reason)]),
    row('points', `${balance(points)}, ${plural(values.loaded, 'value')}`),
    row('shards', `${count(of - missing.length)} of ${count(of)}${twice}`),
    ...shown.map((each) =>
      row('input', `${each.name}: ${balance(each)}${each.error === null ? '' : `; ${each.error}`}`),
    ),
    ...Object.entries(rejects.byReason).map(([reject, n]) => row('rejected', `${count(n)} × ${reject}`)),
    ...rejects.deadLetters.map((file) => row('see', file)),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('');
}
