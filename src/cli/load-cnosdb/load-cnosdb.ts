// `load_cnosdb`: the Go tool's flags and what it prints, over the load of this project. Lines on stdout are the Go tool's;
// all trouble is told on stderr, and the exit code is true.

import { resolve } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { outcomes } from '../../core/outcomes.js';
import { clock } from '../../core/system-clock.js';
import type { Input, Notice, Summary } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { type Expansion, expand } from '../../inputs/expand.js';
import { createTarget } from '../../load/create-target.js';
import { options } from '../../load/option-table.js';
import { type LoadResult, load } from '../../load/pipeline.js';
import type { Snapshot } from '../../reporting/figures.js';
import { reporter } from '../../reporting/progress/reporter.js';
import { prepareResult, writeResult } from '../../reporting/result-file.js';
import { summaryText } from '../../reporting/summary.js';
import { type CustomTarget, createCustomTarget } from '../../targets/custom/custom-target.js';
import { reexecWithMallocTuning } from '../malloc-reexec.js';
import { print } from '../output/print.js';
import { printError } from '../output/print-error.js';
import { reportOf } from '../output/report-file.js';
import type { Process } from '../process.js';
import { remoteOptions } from '../remote-options.js';
import { runAllThenThrow } from '../settle-all.js';
import { onSignals } from '../signals.js';
import { standardInput } from '../stdin.js';
import { FlagError, type GoValue, parseFlags, usage } from './go/pflag.js';
import { ours, theirs } from './load-cnosdb-flags.js';
import { type Paced, paced } from './paced-target.js';
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
import { type LoadCnosdbRequest, request } from './to-options.js';
import { translateFlagNames } from './translate-flags.js';

const flags = [...theirs, ...ours];
/** `--do-load=false`: everything is taken and nothing kept, so that only reading is measured. */
const discarding: CustomTarget = {
  write: () =>
    Promise.resolve({
      verdict: { kind: 'accepted' },
      endpoint: 'nowhere (--do-load=false)',
      latencyMs: 0,
      sentBytes: 0,
    }),
};
/** How a results file begins, ours or the Go tool's. */
const resultsHead = /^\{\s*"ResultFormatVersion"/;

/** Runs what was typed. Sets `process.exitCode`; never throws. */
export async function loadCnosdb(process: Process): Promise<void> {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    const { values, typed } = parseFlags(process.argv.slice(2), flags);
    const asked = request(values, typed);
    reexecWithMallocTuning(process);
    process.exitCode = await run(asked, values, process);
  } catch (error) {
    process.exitCode =
      error instanceof FlagError
        ? await refuse(error, process)
        : printError(error, process, 'load_cnosdb', translateFlagNames);
  }
}

/** As the Go tool does: the problem on both streams, its usage on stderr, and 2 also where help was asked for. */
async function refuse({ message, help }: FlagError, process: Process): Promise<number> {
  const text = usage('load_cnosdb', flags);
  process.stderr.write(help ? text : `${message}\n${text}`);
  await print(process, `${message}\n`);
  return outcomes.usage.exitCode;
}

async function run(asked: LoadCnosdbRequest, values: ReadonlyMap<string, GoValue>, process: Process): Promise<number> {
  const { settings, origins, warnings } = await resolve(options, {
    flags: { ...asked.options, dryRun: false },
    env: process.env,
  });
  if (asked.resultsFile !== '') await prepareResult(asked.resultsFile, resultsHead);
  const written = await reportOf(settings, origins, clock);
  // There is nobody to tell before the run.
  let notify: (notice: Notice) => void = () => {};
  const expansion = await input(asked, settings, process, (notice) => notify(notice));
  const told = await reporter('none', streams(process), clock, settings.logLevel);
  // Without a target its memory is of no interest.
  notify = (said) => {
    if (!asked.doLoad && said.level === 'info') return;
    const notice = { ...said, message: translateFlagNames(said.message) };
    told.notice(notice);
    written.notice(notice);
  };
  for (const message of [...asked.warnings, ...warnings]) notify({ level: 'warn', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const workers = await inFront(asked, settings, expansion.inputs, notify, process);
  const periodic = new Periodic(asked.reportingPeriodMs, process);
  try {
    const result = await load(settings, {
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
        if (settings.report !== null) told.show(snapshot);
      },
    });
    const seconds = periodic.end();
    told.finish(null);
    await runAllThenThrow([
      () => conclude(result, { asked, values, workers, seconds, process }),
      () => written.end(result, told.samples(), workers.target.traits.title),
    ]);
    return result.summary.exitCode;
  } finally {
    periodic.end();
    told.finish(null);
    interruption.end();
  }
}

async function input(
  { file }: LoadCnosdbRequest,
  settings: Settings,
  process: Process,
  notify: (notice: Notice) => void,
): Promise<Pick<Expansion, 'inputs' | 'named'>> {
  const { inputs, named } = await expand([file === '' ? '-' : file], {
    stdin: standardInput(process),
    cwd: process.cwd(),
    stateDir: settings.stateDir,
    remote: remoteOptions(settings, process, notify),
  });
  return { inputs, named };
}

async function inFront(
  asked: LoadCnosdbRequest,
  settings: Settings,
  inputs: readonly Input[],
  notify: (notice: Notice) => void,
  process: Process,
): Promise<Paced> {
  const { doLoad, dropExisting, backoffMs, intervals } = asked;
  const context = { version: version(), clock, notify, dropExisting, inputs, stdout: process.stdout };
  const target = doLoad ? await createTarget(settings, context) : createCustomTarget(discarding, 'none');
  return paced(
    target,
    {
      workers: settings.workers,
      backoffMs,
      intervals,
      random: Math.random,
      backedOff: (worker, seconds) => process.stdout.write(backoffLine(worker, seconds)),
    },
    clock,
  );
}

/** The lines that are printed while the load goes on. */
class Periodic {
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
      const look = { unixSeconds, seconds, metrics: values.loaded, rows: points.loaded };
      this.#process.stdout.write(reportLine(look, before));
      before = look;
    });
  }

  /** Seconds from the beginning of the load to the first call. */
  end(): number {
    this.#stop();
    this.#seconds ??= this.#elapsed();
    return this.#seconds;
  }

  #elapsed(): number {
    return this.#startedMs === null ? 0 : (clock.monotonic() - this.#startedMs) / 1000;
  }
}

interface Concluding {
  readonly asked: LoadCnosdbRequest;
  readonly values: ReadonlyMap<string, GoValue>;
  readonly workers: Paced;
  readonly seconds: number;
  readonly process: Process;
}

async function conclude({ summary, examples, error }: LoadResult, its: Concluding): Promise<void> {
  const { asked, values, workers, seconds, process } = its;
  const totals = { metrics: summary.values.loaded, rows: summary.points.loaded };
  const lines = workers.backoffs().map((each, worker) => backoffTotal(worker, each));
  await print(process, `${lines.join('')}${summaryLines(totals, seconds, asked.workers)}`);
  if (summary.exitCode !== 0)
    process.stderr.write(translateFlagNames(summaryText(summary, Object.fromEntries(examples))));
  if (error?.outcome === 'bug') process.stderr.write(`${error.stack ?? error.message}\n`);
  if (wrongPort(summary, asked)) process.stderr.write(portHint);
  if (asked.resultsFile === '') return;
  await print(process, savingLine(asked.resultsFile));
  const endMs = clock.now();
  await writeResult(asked.resultsFile, resultsJson(values, endMs - seconds * 1000, endMs, totals));
}

const portHint =
  "load_cnosdb: port 8086 is the Go tool's default, and InfluxDB's; CnosDB listens on 8902: --urls http://localhost:8902\n";

function wrongPort({ outcome }: Summary, { options }: LoadCnosdbRequest): boolean {
  return (outcome === 'unavailable' || outcome === 'refused') && /:8086\b/.test(String(options.url));
}

function streams({ stderr }: Process): { write: (text: string) => void; columns: () => null; color: boolean } {
  return { write: (text) => void stderr.write(text), columns: () => null, color: false };
}
