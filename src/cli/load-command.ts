// `bulk-load [load] <inputs>`: settings, inputs and target together, one run, its story on stderr, its summary where asked.

import { resolve } from '../config/resolve.js';
import type { Settings } from '../config/settings.js';
import { type BulkLoadError, InterruptedError } from '../core/errors.js';
import { clock } from '../core/system-clock.js';
import { size } from '../core/text.js';
import type { Clock, Notice, Summary, TargetDescription, TargetTraits } from '../core/types/index.js';
import { version } from '../core/version.js';
import { wrapObject } from '../core/wrap-object.js';
import { expand } from '../inputs/expand.js';
import { isUrl } from '../inputs/http/url-name.js';
import { createTarget } from '../load/create-target.js';
import { options } from '../load/option-table.js';
import { type LoadResult, load } from '../load/pipeline.js';
import { type Reporter, reporter } from '../reporting/progress/reporter.js';
import { metricsHead, prepareResult, writeResult } from '../reporting/result-file.js';
import { summaryJson, summaryText } from '../reporting/summary.js';
import { continuation } from './command-line.js';
import { print } from './output/print.js';
import { reportOf } from './output/report-file.js';
import { metricsOf } from './output/serve-metrics.js';
import { outletName } from './output/sink-name.js';
import { widthOf } from './output/terminal-width.js';
import type { Process } from './process.js';
import { remoteOptions } from './remote-options.js';
import { runAllThenThrow } from './settle-all.js';
import { onSignals } from './signals.js';
import { onStatus } from './status-signal.js';
import { standardInput } from './stdin.js';

const closedPipe = new InterruptedError('SIGPIPE').exitCode;

/** Returns the exit code. Throws UsageError and StateError of what comes before the run. */
export async function runLoad(
  names: readonly string[],
  flags: Record<string, unknown>,
  process: Process,
): Promise<number> {
  const { settings, origins, warnings } = await resolve(options, { flags, env: process.env });
  // An older result never survives a new run, however it ends.
  if (isFile(settings.summary)) await prepareResult(settings.summary);
  const written = await reportOf(settings, origins, clock);
  if (settings.metricsFile !== null) await prepareResult(settings.metricsFile, metricsHead);
  // There is nobody to tell before the run.
  let notify: (notice: Notice) => void = () => {};
  const web = remoteOptions(settings, process, (notice) => notify(notice));
  const from = { stdin: standardInput(process), cwd: process.cwd(), stateDir: settings.stateDir, remote: web };
  const { inputs, named, duplicates, leftOut } = await expand(names, from);
  const shown = await show(settings, process, clock);
  const numbers = await metricsOf(settings);
  const noMoreStatus = onStatus(process, () => shown.status());
  notify = (notice) => {
    shown.notice(notice);
    written.notice(notice);
  };
  for (const message of warnings) notify({ level: 'warn', kind: message, message });
  for (const message of [...leftOut, ...duplicates]) notify({ level: 'info', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const target = await createTarget(settings, { version: version(), clock, notify, inputs, stdout: process.stdout });
  try {
    const result = await load(settings, {
      version: version(),
      inputs,
      named,
      target,
      clock,
      stop: interruption.stop,
      abort: interruption.abort,
      // What was written stands; the rest has another beginning.
      command: settings.dryRun === null ? (skip) => continuation(process.argv, settings.fresh, skip) : null,
      notify,
      watch: (snapshot, description, memory) => {
        shown.start([
          `bulk-load ${version()}: ${counted(inputs.length, 'input')} (${totalSize(inputs)}) → ${where(settings, description, target.traits)}, ` +
            `at most ${counted(memory.slots, 'writer')}, memory limit ${size(memory.limitBytes)} (${memory.limitSource})`,
        ]);
        if (numbers.url !== null) notify({ level: 'info', kind: 'metrics', message: `metrics at ${numbers.url}` });
        shown.show(snapshot);
        numbers.watch(snapshot);
      },
    });
    shown.finish(result.summary);
    tell(result, settings, process);
    // A full disk must not cost what is said above, nor what has another place.
    await runAllThenThrow([
      () => writeSummary(result.summary, settings, process),
      () => numbers.end(result.summary),
      () => written.end(result, shown.samples(), target.traits.title),
    ]);
    return result.summary.exitCode;
  } finally {
    shown.finish(null);
    interruption.end();
    noMoreStatus();
    await numbers.close();
  }
}

function where({ db, urls, dryRun }: Settings, { version: found }: TargetDescription, { title }: TargetTraits): string {
  if (dryRun !== null) return `${outletName(dryRun)}, nothing is sent (--dry-run)`;
  return `${db} at ${urls.map((url) => url.shown).join(', ')} (${title} ${found ?? 'of unknown version'})`;
}

function isFile(summary: string | null): summary is string {
  return summary !== null && summary !== '-';
}

async function show(settings: Settings, { env, stderr }: Process, time: Clock): Promise<Reporter> {
  const terminal = stderr.isTTY === true;
  const auto = terminal && env.TERM !== 'dumb' ? 'bar' : 'plain';
  const mode = settings.quiet ? 'none' : settings.progress === 'auto' ? auto : settings.progress;
  const io = {
    write: (text: string): void => {
      stderr.write(text);
    },
    columns: () => widthOf({ stderr }),
    ...(terminal ? { terminal: stderr } : {}),
    color: terminal && !env.NO_COLOR && env.TERM !== 'dumb',
    // These two cut instead.
    reflows: env.XTERM_VERSION === undefined && env.TERM !== 'linux',
  };
  const seen = await reporter(mode, io, time, settings.logLevel);
  // Quiet is not a word when all goes well; what went wrong is then in the summary.
  return settings.quiet ? wrapObject(seen, { notice: () => {} }) : seen;
}

function tell({ summary, examples, error }: LoadResult, settings: Settings, process: Process): void {
  // Whoever reads only the first lines has all that was wanted.
  const silent = (settings.quiet && summary.exitCode === 0) || summary.exitCode === closedPipe;
  if (!silent && settings.progress !== 'json') {
    const outlet = outletName(settings.dryRun);
    process.stderr.write(summaryText(summary, Object.fromEntries(examples), widthOf(process), outlet));
    if (settings.dryRun !== null) process.stderr.write('  dry run    nothing was sent\n');
  }
  if (error?.outcome === 'bug') process.stderr.write(`${stackOf(error)}\n`);
}

async function writeSummary(summary: Summary, settings: Settings, process: Process): Promise<void> {
  if (settings.summary === '-') await print(process, summaryJson(summary));
  // The file is that of the run that goes on; it writes it at its end.
  if (isFile(settings.summary)) await writeResult(settings.summary, summaryJson(summary), summary.outcome === 'busy');
}

function stackOf(error: BulkLoadError): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

/** One that cannot be reached yet has 0 bytes so far. */
function totalSize(inputs: readonly { name: string; size: number | null }[]): string {
  if (inputs.some((input) => input.size === null || (input.size === 0 && isUrl(input.name)))) return 'size unknown';
  return size(inputs.reduce((sum, input) => sum + (input.size ?? 0), 0));
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
