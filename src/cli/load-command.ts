// `bulk-load [load] INPUT…`: loads the inputs. Progress goes to stderr, and results go to the files that options name.

import { existsSync } from 'node:fs';
import type { Resolved } from '../config/resolve.js';
import type { Settings } from '../config/settings.js';
import { type BulkLoadError, InterruptedError, StateError } from '../core/errors.js';
import { plural, size } from '../core/text.js';
import { clock } from '../core/time/system-clock.js';
import type { Notice, Summary, Target, TargetDescription, TargetTraits } from '../core/types/index.js';
import { version } from '../core/version.js';
import type { FleetPlan } from '../fleet/plan-file.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import { expand } from '../inputs/expand.js';
import { isUrl } from '../inputs/http/url-name.js';
import { createTarget } from '../load/create-target.js';
import { loadDatabases } from '../load/load-databases.js';
import type { LoadContext, LoadResult } from '../load/types.js';
import { metricsHead, pageHead, prepareResults, summaryHead } from '../reporting/result-file.js';
import { row, summaryJson, summaryText } from '../reporting/summary.js';
import { continuation } from './command-line.js';
import { shardRun } from './fleet/shard-run.js';
import { inputOptions } from './input-options.js';
import { openCommand } from './open-command.js';
import { maskResult } from './output/masking.js';
import { openProgress } from './output/open-progress.js';
import { outputName, runAllThenThrow, widthOf, writeOutput } from './output/print.js';
import { emptyRunText, printError, sentNothing } from './output/print-error.js';
import { openReport } from './output/report-file.js';
import { openMetrics } from './output/serve-metrics.js';
import type { Process } from './process.js';
import { onSignals, onStatus } from './signals.js';

const closedPipe = new InterruptedError('SIGPIPE').exitCode;

/** Returns the exit code. Throws UsageError and StateError for problems before the run. */
export async function runLoad(
  names: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  unmasked: Process,
): Promise<number> {
  let plan: FleetPlan | null = null;
  const planOptions = async (path: string): Promise<FleetPlan['options']> => {
    const { readPlan } = await import('../fleet/plan-file.js');
    plan = await readPlan(path);
    return plan.options;
  };
  const { resolved, mask, process } = await openCommand(names, flags, unmasked, planOptions);
  const { warnings } = resolved;
  const part = shardRun(plan, resolved, names, process.env);
  const settings = part?.settings ?? resolved.settings;
  // Removes older results, so that nobody takes them for the results of this run if this run fails.
  await prepareResults([
    [settings.summary, summaryHead],
    [settings.report, pageHead],
    [settings.metricsFile, metricsHead],
  ]);
  const run = settings.queue === null ? loadDatabases : await fleetRun(resolved, process);
  const report = openReport(resolved, clock);
  // Notices are dropped until the reporter exists.
  let notify: (notice: Notice) => void = () => {};
  const from = inputOptions(settings, process, (notice) => notify(notice));
  const { inputs, named, duplicates, leftOut } = part === null ? await expand(names, from) : await part.expand(from);
  const progress = await openProgress(settings, process);
  const metrics = await openMetrics(settings);
  const endStatus = onStatus(process, () => progress.status());
  notify = (notice) => {
    const masked = mask.deep(notice);
    progress.notice(masked);
    report.notice(masked);
  };
  for (const message of warnings) notify({ level: 'warn', kind: message, message });
  for (const message of [...leftOut, ...duplicates]) notify({ level: 'info', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const context = { version: version(), clock, notify, inputs };
  const targetOf = (each: Settings): Promise<Target> =>
    createTarget(each, { ...context, stdout: process.stdout, env: process.env });
  try {
    let shown: Summary | null = null;
    const contextOf = (each: Settings, target: Target): LoadContext => ({
      ...context,
      named,
      ...(part === null ? {} : { shard: part.shard }),
      target,
      stop: interruption.stop,
      abort: interruption.abort,
      // A dry run does not write a checkpoint, so it cannot be resumed.
      command: settings.dryRun === null ? (skip) => continuation(process.argv, settings.fresh, skip) : null,
      watch: (snapshot, description, memory) => {
        const from = `${plural(inputs.length, 'input')} (${totalSize(inputs)})`;
        const to = destination(each, description, target.traits);
        progress.start([`bulk-load ${version()}: ${from} → ${to}${limitText(memory)}`]);
        if (metrics.url !== null) notify({ level: 'info', kind: 'metrics', message: `metrics at ${metrics.url}` });
        progress.show(snapshot);
        metrics.watch(snapshot);
      },
      writeResults: async (latest) => {
        const result = maskResult(latest(), mask);
        shown = result.summary;
        progress.finish(result.summary);
        showResult(result, settings, process);
        // A result that cannot be written must not prevent writing the other results.
        await runAllThenThrow([
          () => metrics.end(result.summary),
          () => report.end(result, progress.samples(), target.traits.title),
          () => {
            const { summary: last } = maskResult(latest(), mask);
            // If another run holds the lock of the load, that run owns the file.
            return writeOutput(settings.summary, summaryJson(last), process, last.outcome === 'busy');
          },
        ]).catch((error: unknown) => {
          throw withEndOfLoad(error, result.summary);
        });
        // Writing results may raise the peak of memory above the limit, which changes the exit code. In this case, the
        // results are written again with the new exit code.
        const late = maskResult(latest(), mask);
        if (late.summary.exitCode === result.summary.exitCode) return;
        await metrics.end(late.summary);
        await report.end(late, progress.samples(), target.traits.title);
      },
    });
    const { summary, error } = await run(settings, targetOf, contextOf);
    return shown!.exitCode === summary.exitCode ? summary.exitCode : printError(error, process, 'bulk-load');
  } finally {
    progress.finish(null);
    interruption.end();
    endStatus();
    await metrics.close();
  }
}

/** Imports the modules of the fleet here, because a load without --queue does not need them. */
async function fleetRun(resolved: Resolved, process: Process): Promise<typeof loadDatabases> {
  const [{ fleetContext }, { coordinate }] = await Promise.all([
    import('./fleet/open-fleet.js'),
    import('../load/fleet/queue/coordinate.js'),
  ]);
  const fleet = await fleetContext(resolved, process.cwd());
  return async (...run) => await coordinate(...run, fleet);
}

function limitText(memory: Pick<MemoryPlan, 'slots' | 'limitBytes' | 'limitSource'> | null): string {
  if (memory === null) return '';
  const { slots, limitBytes, limitSource } = memory;
  return `, at most ${plural(slots, 'writer')}, memory limit ${size(limitBytes)} (${limitSource})`;
}

/** Describes the output of a dry run. Only a dry run that reads its inputs to the end keeps its file. */
function dryRunText(output: string, { outcome }: Summary): string {
  const isWhole = outcome === 'complete' || outcome === 'complete-with-rejects';
  const isKept = output === '-' || isWhole || (outcome === 'input' && existsSync(output));
  return isKept
    ? 'nothing was sent'
    : `nothing was sent; bulk-load does not write ${output}, because the run stopped early`;
}

/**
 * Adds the outcome of the load to an error that occurred while a result file was written. The error decides the exit
 * code of the command.
 */
function withEndOfLoad(error: unknown, { exitCode, outcome }: Summary): unknown {
  if (!(error instanceof StateError) || error.problem === null) return error;
  const found = `${error.problem.found}; the load itself ended with exit code ${exitCode} (${outcome})`;
  return new StateError({ ...error.problem, found }, { cause: error });
}

function destination(
  { db, urls, dryRun }: Settings,
  description: TargetDescription | null,
  { title }: TargetTraits,
): string {
  if (dryRun !== null) return `${outputName(dryRun)}, nothing is sent (--dry-run)`;
  const found = description === null ? '' : ` ${description.version ?? 'of unknown version'}`;
  const database = db === '' ? '' : `${db} at `;
  return `${database}${urls.map(({ shown }) => shown).join(', ')} (${title}${found})`;
}

function showResult(result: LoadResult, settings: Settings, process: Process): void {
  const { summary, examples, error } = result;
  // A closed pipe means that the reader does not need further output.
  const silent = (settings.quiet && summary.exitCode === 0) || summary.exitCode === closedPipe;
  if (!silent && settings.progress !== 'json') {
    const width = widthOf(process);
    // A dry run that read points shows the numbers of loaded and rejected points.
    const isEmpty = sentNothing(summary) && (settings.dryRun === null || summary.points.read === 0);
    if (isEmpty) process.stderr.write(emptyRunText(result, 'bulk-load'));
    else {
      process.stderr.write(summaryText(summary, Object.fromEntries(examples), width, outputName(settings.dryRun)));
      if (settings.dryRun !== null) process.stderr.write(`${row('dry run', dryRunText(settings.dryRun, summary))}\n`);
    }
  }
  if (error?.outcome === 'bug') process.stderr.write(`${stackOf(error)}\n`);
}

function stackOf(error: BulkLoadError): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

/** Returns the size of all inputs as text. A remote input of 0 bytes counts as unknown: its server is not asked yet. */
function totalSize(inputs: readonly { name: string; size: number | null }[]): string {
  if (inputs.some((input) => input.size === null || (input.size === 0 && isUrl(input.name)))) return 'size unknown';
  return size(inputs.reduce((sum, input) => sum + (input.size ?? 0), 0));
}
