// `load_cnosdb`: a load with the flags and the output of the Go tool. stdout has the Go tool's lines, stderr has every
// problem, and the exit code reports failures.

import type { Settings } from '../../config/settings.js';
import { outcomes } from '../../core/outcomes.js';
import { clock } from '../../core/time/system-clock.js';
import type { Input, Notice, Summary } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { type Expansion, expand } from '../../inputs/expand.js';
import { createTarget } from '../../load/create-target.js';
import { type LoadResult, load } from '../../load/pipeline.js';
import type { Snapshot } from '../../reporting/figures.js';
import { reporter } from '../../reporting/progress/reporter.js';
import { pageHead, prepareResults, writeResult } from '../../reporting/result-file.js';
import { summaryText } from '../../reporting/summary.js';
import { type CustomTarget, createCustomTarget } from '../../targets/custom/custom-target.js';
import { inputOptions } from '../input-options.js';
import { type CompiledCode, limitV8, reexecWithMallocTuning } from '../malloc-reexec.js';
import { openCommand } from '../open-command.js';
import { maskResult, withMaskedStderr } from '../output/masking.js';
import { print, runAllThenThrow } from '../output/print.js';
import { emptyRunText, printError, sentNothing } from '../output/print-error.js';
import { openReport } from '../output/report-file.js';
import type { Process } from '../process.js';
import { onSignals } from '../signals.js';
import { FlagError, type GoValue, parseFlags, usage } from './go/pflag.js';
import { goFlags, ownFlags } from './load-cnosdb-flags.js';
import { type PacedTarget, pacedTarget } from './paced-target.js';
import {
  backoffLine,
  backoffTotal,
  header,
  type ReportSnapshot,
  reportLine,
  savingLine,
  summaryLines,
} from './report-lines.js';
import { resultsJson } from './results-file.js';
import { type LoadCnosdbRequest, toRequest } from './to-options.js';
import { translateFlagNames } from './translate-flags.js';

const flags = [...goFlags, ...ownFlags];
/** Target of `--do-load=false`: accepts and drops every point, to measure only the reading of the input. */
const discarding: CustomTarget = {
  write: () =>
    Promise.resolve({
      verdict: { kind: 'accepted' },
      endpoint: 'nowhere (--do-load=false)',
      latencyMs: 0,
      sentBytes: 0,
    }),
};
/** Matches the start of a results file that load_cnosdb or the Go tool has written. */
const resultsHead = /^\{\s*"ResultFormatVersion"/;

/** Runs the command line. Sets `process.exitCode`; never throws. */
export async function loadCnosdb(process: Process, code?: CompiledCode): Promise<void> {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    const { values, given } = parseFlags(process.argv.slice(2), flags);
    const request = toRequest(values, given);
    reexecWithMallocTuning(process);
    limitV8(process, [], code);
    process.exitCode = await run(request, values, process);
  } catch (error) {
    process.exitCode =
      error instanceof FlagError
        ? await refuse(error, process)
        : printError(error, withMaskedStderr(process), 'load_cnosdb', translateFlagNames);
  }
}

/**
 * Like the Go tool, prints the problem on both streams and the usage on stderr. Returns exit code 2 even for --help.
 */
async function refuse({ message, help }: FlagError, process: Process): Promise<number> {
  const text = usage('load_cnosdb', flags);
  process.stderr.write(help ? text : `${message}\n${text}`);
  await print(process, `${message}\n`);
  return outcomes.usage.exitCode;
}

async function run(
  request: LoadCnosdbRequest,
  values: ReadonlyMap<string, GoValue>,
  unmasked: Process,
): Promise<number> {
  const flagsOfLoad = { ...request.options, dryRun: false };
  const { resolved, mask, process } = await openCommand([request.file], flagsOfLoad, unmasked);
  const { settings, warnings } = resolved;
  await prepareResults([
    [request.resultsFile || null, resultsHead],
    [resolved.settings.report, pageHead],
  ]);
  const report = openReport(resolved, clock);
  // Notices are dropped until the reporter exists.
  let notify: (notice: Notice) => void = () => {};
  const expansion = await expandFile(request, settings, process, (notice) => notify(notice));
  const progress = await reporter('none', plainStderr(process), clock, settings.logLevel);
  notify = (notice) => {
    // With --do-load=false, notices about the memory of the target do not apply.
    if (!request.doLoad && notice.level === 'info') return;
    const shown = mask.deep({ ...notice, message: translateFlagNames(notice.message) });
    progress.notice(shown);
    report.notice(shown);
  };
  for (const message of [...request.warnings, ...warnings]) notify({ level: 'warn', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const workers = await openTarget(request, settings, expansion.inputs, notify, process);
  const periodic = new PeriodicReport(request.reportingPeriodMs, process);
  try {
    let shown: Summary | null = null;
    const { summary, error } = await load(settings, {
      version: version(),
      ...expansion,
      target: workers.target,
      clock,
      stop: interruption.stop,
      abort: interruption.abort,
      command: null,
      notify,
      watch: (snapshot) => {
        periodic.begin(snapshot);
        if (settings.report !== null) progress.show(snapshot);
      },
      writeResults: async (latest) => {
        const result = maskResult(latest(), mask);
        shown = result.summary;
        const seconds = periodic.end();
        progress.finish(null);
        await runAllThenThrow([
          () => report.end(result, progress.samples(), workers.target.traits.title),
          () => printResult(result, { request, values, workers, seconds, process }),
        ]);
      },
    });
    return shown!.exitCode === summary.exitCode
      ? summary.exitCode
      : printError(error, process, 'load_cnosdb', translateFlagNames);
  } finally {
    periodic.end();
    progress.finish(null);
    interruption.end();
  }
}

async function expandFile(
  { file }: LoadCnosdbRequest,
  settings: Settings,
  process: Process,
  notify: (notice: Notice) => void,
): Promise<Pick<Expansion, 'inputs' | 'named'>> {
  const { inputs, named } = await expand([file === '' ? '-' : file], inputOptions(settings, process, notify));
  return { inputs, named };
}

async function openTarget(
  { doLoad, dropExisting, backoffMs, intervals }: LoadCnosdbRequest,
  settings: Settings,
  inputs: readonly Input[],
  notify: (notice: Notice) => void,
  process: Process,
): Promise<PacedTarget> {
  const context = { version: version(), clock, notify, dropExisting, inputs, stdout: process.stdout, env: process.env };
  const target = doLoad ? await createTarget(settings, context) : createCustomTarget(discarding, 'none');
  const backedOff = (worker: number, seconds: number): unknown => process.stdout.write(backoffLine(worker, seconds));
  const pace = { workers: settings.workers, backoffMs, intervals, random: Math.random, backedOff };
  return pacedTarget(target, pace, clock);
}

/** Prints a line after each --reporting-period while the load runs. */
class PeriodicReport {
  readonly #periodMs: number;
  readonly #process: Process;
  #startedMs: number | null = null;
  #seconds: number | null = null;
  #stop = (): void => {};

  constructor(periodMs: number, process: Process) {
    this.#periodMs = periodMs;
    this.#process = process;
    if (periodMs > 0) process.stdout.write(header);
  }

  begin(snapshot: () => Snapshot): void {
    this.#startedMs = clock.monotonic();
    if (this.#periodMs === 0) return;
    let before: ReportSnapshot = { unixSeconds: 0, seconds: 0, metrics: 0, rows: 0 };
    this.#stop = clock.every(this.#periodMs, () => {
      const { points, values } = snapshot();
      const [unixSeconds, seconds] = [clock.now() / 1000, this.#elapsed()];
      const now = { unixSeconds, seconds, metrics: values.loaded, rows: points.loaded };
      this.#process.stdout.write(reportLine(now, before));
      before = now;
    });
  }

  /** Returns the seconds from the start of the load to the first call of `end`. */
  end(): number {
    this.#stop();
    this.#seconds ??= this.#elapsed();
    return this.#seconds;
  }

  #elapsed(): number {
    return this.#startedMs === null ? 0 : (clock.monotonic() - this.#startedMs) / 1000;
  }
}

interface PrintContext {
  readonly request: LoadCnosdbRequest;
  readonly values: ReadonlyMap<string, GoValue>;
  readonly workers: PacedTarget;
  readonly seconds: number;
  readonly process: Process;
}

async function printResult(result: LoadResult, context: PrintContext): Promise<void> {
  const { summary, examples, error } = result;
  const { request, values, workers, seconds, process } = context;
  const totals = { metrics: summary.values.loaded, rows: summary.points.loaded };
  const lines = workers.backoffs().map((each, worker) => backoffTotal(worker, each));
  await print(process, `${lines.join('')}${summaryLines(totals, seconds, request.workers)}`);
  if (summary.exitCode !== 0) {
    const text = sentNothing(summary)
      ? emptyRunText(result, 'load_cnosdb')
      : summaryText(summary, Object.fromEntries(examples));
    process.stderr.write(translateFlagNames(text));
  }
  if (error?.outcome === 'bug') process.stderr.write(`${error.stack ?? error.message}\n`);
  if (isWrongPort(summary, request)) process.stderr.write(portHint);
  if (request.resultsFile === '') return;
  await print(process, savingLine(request.resultsFile));
  const endMs = clock.now();
  await writeResult(request.resultsFile, resultsJson(values, endMs - seconds * 1000, endMs, totals));
}

const portHint =
  'load_cnosdb: 8086 is the default port of the Go tool and of InfluxDB. CnosDB listens on 8902: --urls http://localhost:8902\n';

function isWrongPort({ outcome }: Summary, { options: { url } }: LoadCnosdbRequest): boolean {
  return (outcome === 'unavailable' || outcome === 'refused') && /:8086\b/.test(String(url));
}

function plainStderr({ stderr }: Process): { write: (text: string) => void; columns: () => null; color: boolean } {
  return { write: (text) => void stderr.write(text), columns: () => null, color: false };
}
