// The run, top to bottom: input → format → batch in reading.ts, (alone?) → deliver → account in sending.ts, and what it
// came to in account.ts. With these, the only place that knows every room.

import { setMaxListeners } from 'node:events';
import { Arena } from '../batching/arena.js';
import { readingIdentity } from '../config/identity.js';
import type { Settings } from '../config/settings.js';
import { BugError, BulkLoadError, InputError, InterruptedError } from '../core/errors.js';
import type {
  Clock,
  Input,
  InputPrecision,
  Notice,
  RunDetails,
  Summary,
  Target,
  TargetColumn,
  TargetDescription,
  VerifyReport,
} from '../core/types/index.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import { residentMemory } from '../flow-control/own-memory/resident.js';
import { forecastNotices, forecastTargetMemory } from '../flow-control/target-memory/target-forecast.js';
import { TargetThrottle } from '../flow-control/target-memory/target-throttle.js';
import { formatsOf, unusedMapping } from '../formats/format-set.js';
import { emptyTimeSample, sampleTimes, type TimeSample } from '../inputs/sample-times.js';
import type { Snapshot } from '../reporting/figures.js';
import { Catalogue } from '../schema/catalogue.js';
import { DetailCollector } from './ledger/detail-collector.js';
import { accepts, Ledger } from './ledger/ledger.js';
import { loadName } from './ledger/load-name.js';
import { Meter } from './ledger/meter.js';
import { exitCodeOf, outcomeOf } from './ledger/summarize.js';
import { options } from './option-table.js';
import { assertColumnsFit, isWorthThread, memoryBudget, planMemory, reduceMemory } from './plan-memory.js';
import { ReadStage } from './read-stage.js';
import { ResumeState } from './resume-state.js';
import { peakRss, type RunFacts, snapshotOf, summaryOf } from './run-facts.js';
import { RunPhases } from './run-phases.js';
import { memcacheToRequest } from './target-memory.js';
import { Verification, verifyError } from './verify.js';
import { WriteStage } from './write-stage.js';

/** What a run needs from outside. */
export interface LoadContext {
  readonly version: string;
  readonly inputs: readonly Input[];
  /** What was named on the way to the inputs, made canonical: it makes the load the same load. Default: their paths. */
  readonly named?: readonly string[];
  readonly target: Target;
  /** What makes a load into it another load than one into the same database of another kind. Default: that of the settings. */
  readonly targetKind?: string;
  readonly clock: Clock;
  /** Stops cleanly: no more reading and waiting; requests in flight finish, 10 s at most. Its reason ends the run. */
  readonly stop: AbortSignal;
  /** Stops at once: requests in flight are torn down. */
  readonly abort: AbortSignal;
  /** The command that continues this load, with so many points skipped where that is not null; null: there is none. */
  readonly command: ((skipPoints: number | null) => string) | null;
  readonly notify: (notice: Notice) => void;
  /** Whether points should be found on a thread of its own. Default: where the inputs are large enough for that. */
  readonly apart?: boolean;
  /** Called once, before anything is read: what to look at while the run goes on. */
  readonly watch: (snapshot: () => Snapshot, description: TargetDescription, memory: MemoryPlan) => void;
}

export interface LoadResult {
  readonly summary: Summary;
  /** First message of each reason for rejects. */
  readonly examples: ReadonlyMap<string, string>;
  /** What ended the run early, or what is wrong with its inputs; null when it is complete. */
  readonly error: BulkLoadError | null;
  /** What a page shows beyond the summary; null where no report was asked for. */
  readonly particulars: RunDetails | null;
}

/** Requests in flight may take this long after a stop; product contract. */
const graceMs = 10_000;

/**
 * Loads the inputs. What inputs, target or machine do wrong is in the result, whose account balances; throws only
 * BugError, when it does not.
 */
export async function load(settings: Settings, context: LoadContext): Promise<LoadResult> {
  const run = new PipelineRun(settings, context);
  // Not all that a run may wait for keeps the process alive: a flush that is not due yet would end it half-way, with code 13.
  const alive = setInterval(() => {}, 60_000);
  try {
    await run.move(await run.prepare());
    await run.verify();
  } catch (error) {
    run.end(error);
  }
  return await run.finish().finally(() => clearInterval(alive));
}

class PipelineRun {
  readonly #settings: Settings;
  readonly #context: LoadContext;
  readonly #startedMs: number;
  /** Monotonic: the wall clock may be set meanwhile. */
  readonly #begunMs: number;
  readonly #phases: RunPhases;
  readonly #ledger: Ledger;
  readonly #meter = new Meter();
  readonly #particularly: DetailCollector | null;
  readonly #continuing: ResumeState;
  readonly #resident = residentMemory();
  /** Ends reading, waiting and new attempts; a little later, `#hard` ends the requests in flight. */
  readonly #halt = new AbortController();
  readonly #hard = new AbortController();
  readonly #undo: (() => void)[] = [];
  #over = false;
  #catalogue = new Catalogue([]);
  #memory: MemoryPlan | null = null;
  #description: TargetDescription | null = null;
  #reading: ReadStage | null = null;
  #sending: WriteStage | null = null;
  #side: TargetThrottle | null = null;
  #verification: Verification | null = null;
  #verified: VerifyReport | null = null;

  constructor(settings: Settings, context: LoadContext) {
    this.#settings = settings;
    this.#context = context;
    this.#startedMs = context.clock.now();
    this.#begunMs = context.clock.monotonic();
    this.#phases = new RunPhases(context.clock);
    const { inputs, clock, notify } = context;
    const { maxRejected } = settings;
    this.#continuing = new ResumeState({
      settings,
      inputs,
      clock,
      startedMs: this.#startedMs,
      names: namesOf(settings, context),
      signal: this.#halt.signal,
      notify,
      end: (error) => this.end(error),
    });
    this.#particularly =
      settings.report === null ? null : particularly(settings, sentPrecision(settings, context.target));
    this.#ledger = new Ledger(
      inputs.map((input) => input.name),
      this.#continuing.deadLetters,
      maxRejected,
      (batch, receipt, kept, whole) => {
        this.#continuing.booked(batch, receipt, kept, whole);
        this.#particularly?.booked(batch, receipt, kept);
      },
    );
    // Every writer listens to them.
    setMaxListeners(0, this.#halt.signal, this.#hard.signal);
    this.#obey(context.stop, (reason) => this.end(reason));
    this.#obey(context.abort, (reason) => {
      this.end(reason);
      this.#hard.abort(reason);
    });
  }

  /** Everything that can refuse the load before a byte of input is read. */
  async prepare(): Promise<MemoryPlan> {
    const { target, inputs, clock, notify, watch } = this.#context;
    const formats = await formatsOf(this.#settings, inputs, this.#halt.signal);
    // Of pipes nobody knows yet.
    const unused = inputs.every(({ size }) => size !== null) ? unusedMapping(this.#settings, formats) : null;
    if (unused !== null) notify({ level: 'warn', kind: 'mapping', message: unused });
    const memory = planMemory(this.#settings, formats, inputs, this.#context.apart ?? isWorthThread(inputs));
    reduceMemory(memory);
    this.#memory = memory;
    if (memory.note !== null) notify({ level: 'warn', kind: 'memory-plan', message: memory.note });
    await this.#continuing.open(this.#ledger);
    const lines = formats.every((format) => format === 'lp');
    const times = lines ? await sampleTimes(inputs, this.#halt.signal) : emptyTimeSample(inputs);
    this.#description = await target.describe(this.#halt.signal, memcacheToRequest(this.#settings, times));
    const columns = await target.columns(this.#halt.signal);
    this.#catalogue = new Catalogue(columns);
    assertColumnsFit(this.#catalogue.size, memory);
    if (this.#settings.verify) await this.#sample(columns);
    await this.#continuing.begin();
    this.#reading = new ReadStage({
      settings: this.#settings,
      inputs,
      database: this.#description.database,
      introducesAlone: target.traits.firstWriteExclusive,
      sendsSeconds: target.traits.sendsSeconds,
      catalogue: this.#catalogue,
      ledger: this.#ledger,
      continuing: this.#continuing,
      clock,
      startedMs: this.#startedMs,
      assertFits: () => assertColumnsFit(this.#catalogue.size, memory),
      room: memoryBudget(this.#settings, formats, memory),
      means: { wideChunks: memory.optimizes, workerThread: memory.apart },
      notify,
      begun: () => this.#sending!.begun || this.#settledAny,
      settled: () => this.#sending!.idle(),
    });
    watch(() => snapshotOf(this.#told()), this.#description, memory);
    this.#side = await this.#lookOut(times, this.#description);
    this.#sending = this.#sendingTo(this.#side, memory);
    return memory;
  }

  /** What this load will do to the target, said before anything is sent. */
  async #lookOut(times: TimeSample, { database, version }: TargetDescription): Promise<TargetThrottle> {
    const { target, clock, notify } = this.#context;
    const signal = this.#halt.signal;
    const seen = forecastTargetMemory(this.#settings, database, await target.layout(signal), times);
    if (target.traits.plansMemory)
      for (const notice of forecastNotices(this.#settings, seen, times, version)) notify(notice);
    return new TargetThrottle(this.#settings, seen, { target, clock, signal, notify });
  }

  #sendingTo(side: TargetThrottle, memory: MemoryPlan): WriteStage {
    const { target, clock, notify } = this.#context;
    return new WriteStage({
      settings: this.#settings,
      memory,
      target,
      side,
      catalogue: this.#catalogue,
      ledger: this.#ledger,
      meter: this.#meter,
      verification: this.#verification,
      clock,
      resident: () => this.#resident.bytes(),
      input: () => this.#reading!.inputs.current,
      stop: this.#halt.signal,
      abort: this.#hard.signal,
      end: (error) => this.end(error),
      notify,
    });
  }

  /** The flow: a batch is made when a writer may send it, and never before. */
  async move({ slots, ...sizes }: MemoryPlan): Promise<void> {
    this.#limitDuration();
    this.#phases.begin('sending');
    const sending = this.#sending!;
    const bodyBytes = (): number => sending.sizes.current;
    await sending.run(this.#reading!.batches(new Arena(slots, sizes), bodyBytes, this.#halt.signal));
  }

  /** Once everything is loaded, a sample is read back, when that was asked for. */
  async verify(): Promise<void> {
    if (this.#verification === null || this.#halt.signal.aborted) return;
    this.#phases.begin('verifying');
    this.#sending!.verifying();
    this.#verified = await this.#verification.report(this.#context.target, this.#halt.signal);
  }

  /** The first cause wins. From here on nothing is read and nothing new is sent. */
  end(cause: unknown): void {
    const error = cause instanceof BulkLoadError ? cause : bug(cause);
    this.#ledger.stopFor(error);
    if (this.#halt.signal.aborted) return;
    this.#halt.abort(error);
    this.#later(graceMs, () => this.#hard.abort(error));
  }

  /** Closes everything and draws up the account. Throws BugError when it does not balance. */
  async finish(): Promise<LoadResult> {
    const ledger = this.#ledger;
    const { version, command, inputs, target } = this.#context;
    this.#phases.begin('ending');
    this.#sending?.close();
    this.#side?.close();
    for (const undo of this.#undo) undo();
    await this.#reading?.close();
    await this.#continuing.close(this.#howItEnded()).catch((error: unknown) => this.end(error));
    for (const undo of this.#undo) undo();
    await target.close(ledger.reason === null).catch((error: unknown) => this.end(error));
    this.#over = true;
    this.#resident.close();
    ledger.assertBalanced();
    const ended = this.#outcome();
    const differs = this.#verified === null ? null : verifyError(this.#verified, ledger.total.loaded);
    const error = ledger.reason ?? (ended.reason === null ? differs : new InputError(ended.reason));
    const outcome = error?.outcome ?? ended.outcome;
    const told = this.#told();
    const summary = summaryOf(told, {
      version,
      startedMs: this.#startedMs,
      outcome,
      exitCode: exitCodeOf(outcome, error),
      error,
      continueWith: error?.retryHelps ? (command?.(this.#continuing.skippable) ?? null) : null,
      inputs: inputs.map(({ name }, i) => ({ name, format: this.#reading?.formatOf(i) ?? this.#settings.format })),
      target: this.#description,
      introduced: this.#catalogue.introduced,
      resumedFromByte: (i) => this.#continuing.resumedFrom(i),
      checkpoint: this.#continuing.checkpoint,
      deadLetters: this.#continuing.deadLetters.paths,
      verify: this.#verified,
    });
    // Last: with many inputs the summary itself is large.
    summary.memory.peakRssBytes = peakRss(told);
    return { summary, examples: ledger.examples, error, particulars: this.#particulars() };
  }

  #particulars(): RunDetails | null {
    if (this.#particularly === null) return null;
    return {
      rejects: this.#particularly.rejects(),
      tables: this.#particularly.tables(),
      sampled: this.#particularly.sampled,
      introduced: this.#catalogue.introductions,
      abandoned: this.#continuing.abandoned,
    };
  }

  async #sample(columns: readonly TargetColumn[]): Promise<void> {
    const { workers } = this.#settings;
    this.#verification = new Verification({
      precision: sentPrecision(this.#settings, this.#context.target),
      ordered: workers === 1,
      random: Math.random,
    });
    const tables = [...new Set(columns.map(({ table }) => table))];
    await this.#verification.begin(this.#context.target, tables, this.#halt.signal);
  }

  #outcome(): ReturnType<typeof outcomeOf> {
    const { minPoints } = this.#settings;
    // What an earlier load brought need not come again.
    return outcomeOf(this.#ledger, minPoints - this.#continuing.leftOut, this.#accepted());
  }

  /** Whether anything was accounted for, now or in an earlier run of the load. */
  get #settledAny(): boolean {
    const { loaded, rejected } = this.#ledger.total;
    return loaded + rejected > 0;
  }

  #howItEnded(): Parameters<ResumeState['close']>[0] {
    const { reason, total } = this.#ledger;
    if (reason?.outcome === 'usage' && !this.#settledAny) return 'unbegun';
    if (reason !== null || total.read !== total.loaded + total.rejected) return 'stopped';
    return this.#outcome().reason === null ? 'finished' : 'stopped';
  }

  #told(): RunFacts {
    const { inputs, clock } = this.#context;
    return {
      inputs,
      clock,
      begunMs: this.#begunMs,
      ledger: this.#ledger,
      meter: this.#meter,
      memory: this.#memory,
      reading: this.#reading,
      resume: this.#continuing,
      phases: this.#phases,
      limit: this.#settings.limit,
      sending: this.#sending,
      side: this.#side,
      endpoints: this.#context.target.endpoints(),
      rssBytes: this.#over ? process.memoryUsage.rss() : this.#resident.bytes(),
    };
  }

  #accepted(): boolean {
    const { rejected, read } = this.#ledger.total;
    return accepts(rejected, read, this.#settings.acceptRejects);
  }

  #obey(signal: AbortSignal, act: (reason: unknown) => void): void {
    const listener = (): void => act(signal.reason);
    if (signal.aborted) listener();
    signal.addEventListener('abort', listener, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', listener));
  }

  #limitDuration(): void {
    const { maxDurationMs } = this.#settings;
    if (maxDurationMs === null) return;
    const left = Math.max(0, maxDurationMs - (this.#context.clock.monotonic() - this.#begunMs));
    this.#later(left, () => this.end(new InterruptedError('--max-duration')));
  }

  #later(ms: number, act: () => void): void {
    this.#undo.push(this.#context.clock.after(ms, act));
  }
}

function bug(cause: unknown): BugError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BugError(`a defect of bulk-load: ${message}`, { cause });
}

/** Timestamps are sent as they are in the inputs, but for seconds where the target takes none: these go as milliseconds. */
function sentPrecision({ precision }: Settings, { traits }: Target): InputPrecision {
  return precision === 's' && !traits.sendsSeconds ? 'ms' : precision;
}

function particularly({ measurement }: Settings, precision: InputPrecision): DetailCollector {
  const table = measurement === null || measurement.includes('{') ? null : measurement;
  const unitNs = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n }[precision];
  return new DetailCollector({ table, unitNs, random: Math.random });
}

/** The load's name, and that of the database it goes to. */
function namesOf(settings: Settings, context: LoadContext): { load: string; database: string } {
  const { tenant, db, precision, dryRun } = settings;
  const target = dryRun === null ? settings.target : 'dry-run';
  const named = context.named ?? context.inputs.map(({ path }) => path ?? '-');
  const name = (inputs: readonly string[]): string =>
    loadName({
      target: context.targetKind ?? target,
      tenant,
      database: db,
      inputs,
      format: readingIdentity(options, settings),
      precision,
    });
  return { load: name(named), database: name([]) };
}
