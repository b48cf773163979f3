// The run, top to bottom: input → format → batch → (alone?) → deliver → account.
// With its two halves, reading.ts and account.ts, the only place that knows every room.

import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { memoryOf, peakRss, pressureOf, snapshotOf, type Told } from './account.js';
import { Arena } from './batch/arena.js';
import { alone, Outstanding } from './deliver/alone.js';
import { Delivery } from './deliver/delivery.js';
import { SizeLimit } from './deliver/sizes.js';
import { runWriters } from './deliver/writers.js';
import { BugError, BulkLoadError, InputError, InterruptedError } from './errors.js';
import { sampleTimes, type TimeSample } from './input/times.js';
import { DeadLetters } from './ledger/dead-letters.js';
import { accepts, Ledger } from './ledger/ledger.js';
import { Meter } from './ledger/meter.js';
import { loadName } from './ledger/name.js';
import { exitCodeOf, outcomeOf, summarize } from './ledger/summarize.js';
import { planMemory } from './memory.js';
import type { Batch, Clock, Input, Notice, Receipt, Snapshot, Summary, Target, TargetDescription } from './model.js';
import { memcacheAsked, outlook, words } from './outlook.js';
import type { MemoryPlan } from './plan.js';
import type { Governor } from './pressure/contract.js';
import { collector } from './pressure/gc.js';
import { govern } from './pressure/governor.js';
import { residentMemory } from './pressure/resident.js';
import { Reading } from './reading.js';
import { Stall } from './report/stall.js';
import { Catalogue } from './schema/catalogue.js';
import { awaitColumns, refresh } from './schema/landing.js';
import type { Settings } from './settings/settings.js';
import { TargetSide } from './target-side.js';

/** What a run needs from outside. */
export interface LoadContext {
  readonly version: string;
  readonly inputs: readonly Input[];
  readonly target: Target;
  readonly clock: Clock;
  /** Stops cleanly: no more reading and waiting; requests in flight finish, 10 s at most. Its reason ends the run. */
  readonly stop: AbortSignal;
  /** Stops at once: requests in flight are torn down. */
  readonly abort: AbortSignal;
  /** The command that runs this load again; null where there is none. */
  readonly command: string | null;
  readonly notify: (notice: Notice) => void;
  /** Called once, before anything is read: what to look at while the run goes on. */
  readonly watch: (snapshot: () => Snapshot, description: TargetDescription, memory: MemoryPlan) => void;
}

export interface LoadResult {
  readonly summary: Summary;
  /** First message of each reason for rejects. */
  readonly examples: ReadonlyMap<string, string>;
  /** What ended the run early, or what is wrong with its inputs; null when it is complete. */
  readonly error: BulkLoadError | null;
}

/** Requests in flight may take this long after a stop; product contract. */
const graceMs = 10_000;

/**
 * Loads the inputs. What inputs, target or machine do wrong is in the result, whose account balances; throws only
 * BugError, when it does not.
 */
export async function load(settings: Settings, context: LoadContext): Promise<LoadResult> {
  const run = new Run(settings, context);
  try {
    await run.move(await run.prepare());
  } catch (error) {
    run.end(error);
  }
  return await run.finish();
}

class Run {
  readonly #settings: Settings;
  readonly #context: LoadContext;
  readonly #startedMs: number;
  readonly #ledger: Ledger;
  readonly #meter = new Meter();
  readonly #deadLetters: DeadLetters;
  readonly #outstanding = new Outstanding();
  readonly #resident = residentMemory();
  /** Ends reading, waiting and new attempts; a little later, `#hard` ends the requests in flight. */
  readonly #halt = new AbortController();
  readonly #hard = new AbortController();
  readonly #undo: (() => void)[] = [];
  #stall: Stall | null = null;
  #begun = false;
  #over = false;
  #catalogue = new Catalogue([]);
  #memory: MemoryPlan | null = null;
  #description: TargetDescription | null = null;
  #reading: Reading | null = null;
  #governor: Governor | null = null;
  #side: TargetSide | null = null;
  #sizes: SizeLimit | null = null;

  constructor(settings: Settings, context: LoadContext) {
    this.#settings = settings;
    this.#context = context;
    this.#startedMs = context.clock.now();
    const { tenant, db, precision } = settings;
    const inputs = context.inputs.map(({ path }) => path ?? '-');
    const name = loadName({ target: 'cnosdb', tenant, database: db, inputs, format: 'lp', precision });
    this.#deadLetters = new DeadLetters(settings.stateDir, name);
    const names = context.inputs.map((input) => input.name);
    this.#ledger = new Ledger(names, this.#deadLetters, settings.maxRejected);
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
    const memory = planMemory(this.#settings);
    this.#memory = memory;
    if (memory.note !== null) notify({ level: 'warn', kind: 'memory-plan', message: memory.note });
    await this.#deadLetters.prepare(stampOf(this.#startedMs));
    const times = await sampleTimes(inputs, this.#halt.signal);
    this.#description = await target.describe(this.#halt.signal, memcacheAsked(this.#settings, times));
    this.#catalogue = new Catalogue(await target.columns(this.#halt.signal));
    this.#reading = new Reading({
      settings: this.#settings,
      inputs,
      database: this.#description.database,
      catalogue: this.#catalogue,
      ledger: this.#ledger,
      clock,
      startedMs: this.#startedMs,
      notify,
      begun: () => this.#begun,
      settled: () => this.#outstanding.idle(),
    });
    watch(() => snapshotOf(this.#told()), this.#description, memory);
    await this.#lookOut(times, this.#description);
    return memory;
  }

  /** What this load will do to the target, said before anything is sent. */
  async #lookOut(times: TimeSample, { database, version }: TargetDescription): Promise<void> {
    const { target, clock, notify } = this.#context;
    const signal = this.#halt.signal;
    const seen = outlook(this.#settings, database, await target.layout(signal), times);
    for (const notice of words(this.#settings, seen, times, version)) notify(notice);
    this.#side = new TargetSide(this.#settings, seen, { target, clock, signal, notify });
  }

  /** The flow. Permit, then pull: a batch is made when a writer may send it, and never before. */
  async move(memory: MemoryPlan): Promise<void> {
    const gate = pLimit(1);
    const sizes = new SizeLimit(memory.batchBytes, () => this.#side!.bodyBytes, this.#context.notify);
    const governor = this.#govern(memory, (writers) => {
      gate.concurrency = writers;
    });
    this.#sizes = sizes;
    this.#stall = this.#watchForStalls();
    this.#limitDuration();
    const arena = new Arena(memory.slots, memory);
    const read = this.#reading!.batches(arena, () => sizes.current, this.#halt.signal);
    const batches = alone(read, this.#outstanding);
    const delivery = this.#delivery(governor, sizes);
    try {
      await runWriters(memory.slots, gate, batches, async (batch) => {
        try {
          await this.#ledger.settle(batch, await this.#deliver(delivery, batch));
        } catch (error) {
          this.end(error);
        } finally {
          this.#outstanding.end();
          governor.sample();
        }
      });
    } finally {
      await batches.return();
    }
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
    const { version, command, inputs, clock, target } = this.#context;
    this.#governor?.close();
    this.#side?.close();
    this.#stall?.close();
    for (const undo of this.#undo) undo();
    const finishedAs = ledger.reason === null ? stampOf(this.#startedMs) : null;
    await this.#deadLetters.close(finishedAs).catch((error: unknown) => this.end(error));
    for (const undo of this.#undo) undo();
    await target.close();
    this.#over = true;
    this.#resident.close();
    ledger.assertBalanced();
    const ended = outcomeOf(ledger, this.#settings.minPoints, this.#accepted());
    const error = ledger.reason ?? (ended.reason === null ? null : new InputError(ended.reason));
    const outcome = error?.outcome ?? ended.outcome;
    const told = this.#told();
    const summary = summarize(ledger, this.#meter, {
      version,
      startedMs: this.#startedMs,
      endedMs: clock.now(),
      outcome,
      exitCode: exitCodeOf(outcome, error),
      error,
      continueWith: error === null || outcome === 'usage' || outcome === 'bug' ? null : command,
      inputs: inputs.map(({ name }) => ({ name, format: 'lp' })),
      bytes: this.#reading?.bytes ?? { read: 0, decoded: 0 },
      memory: memoryOf(told),
      pressure: pressureOf(told),
      target: this.#description,
      side: this.#side?.account() ?? null,
      introduced: this.#catalogue.introduced,
      endpoints: target.endpoints(),
      deadLetters: this.#deadLetters.paths,
    });
    // Last: with many inputs the summary itself is large.
    summary.memory.peakRssBytes = peakRss(told);
    return { summary, examples: ledger.examples, error };
  }

  #govern(memory: MemoryPlan, changed: (writers: number) => void): Governor {
    const { clock, notify } = this.#context;
    this.#governor = govern({
      limitBytes: memory.limitBytes,
      watchdog: this.#settings.memoryWatchdog,
      workers: memory.slots,
      clock,
      probe: () => this.#resident.bytes(),
      drained: () => this.#outstanding.count === 0,
      collect: collector(),
      changed,
      stop: (error) => this.end(error),
      notify,
    });
    return this.#governor;
  }

  #watchForStalls(): Stall {
    const { clock, target, notify } = this.#context;
    const look = () => ({
      outstanding: this.#outstanding.count,
      endpoints: target.endpoints(),
      input: this.#reading!.inputs.current,
    });
    return new Stall({ clock, look, notify });
  }

  #delivery(governor: Governor, sizes: SizeLimit): Delivery {
    const { target, clock, notify } = this.#context;
    const { retryForMs, requestTimeoutMs, urls } = this.#settings;
    return new Delivery(target, this.#stall!.backOffs(clock), sizes, {
      retryForMs,
      requestTimeoutMs,
      endpoints: urls.length,
      random: Math.random,
      observe: (attempt, bodyBytes, retry) => {
        this.#meter.count(attempt, retry);
        governor.observe(attempt, bodyBytes, this.#outstanding.count);
        this.#side!.observe(attempt, bodyBytes);
        this.#stall!.observe(attempt);
      },
      mayReject: (more) => this.#ledger.mayReject(more),
      landed: async (batch, signal, patienceMs) => {
        const shown = awaitColumns(target, this.#catalogue, batch.introduces ?? [], clock, signal, patienceMs);
        await this.#stall!.during('the columns of a batch whose outcome is unknown', shown);
      },
      notify,
    });
  }

  /** What it introduced is known to be there once it was acknowledged; where part of it was not, the target is asked. */
  async #deliver(delivery: Delivery, batch: Batch): Promise<Receipt> {
    this.#begun ||= batch.points > 0;
    // Stopped while it waits, it comes back from the delivery undelivered.
    await this.#side!.admit(batch, this.#halt.signal).catch(() => {});
    const { receipt, fatal } = await delivery.deliver(batch, this.#halt.signal, this.#hard.signal);
    if (fatal !== null) this.end(fatal);
    if (batch.introduces === null) return receipt;
    const whole = receipt.rejected.length === 0 && receipt.undelivered.length === 0;
    if (whole) this.#catalogue.pin(batch.introduces);
    else if (receipt.loaded.length > 0) {
      await refresh(this.#context.target, this.#catalogue, batch.introduces, this.#halt.signal).catch(() => {});
    }
    return receipt;
  }

  #told(): Told {
    const { inputs, clock } = this.#context;
    return {
      inputs,
      clock,
      startedMs: this.#startedMs,
      ledger: this.#ledger,
      meter: this.#meter,
      memory: this.#memory,
      reading: this.#reading,
      governor: this.#governor,
      sizes: this.#sizes,
      side: this.#side,
      inFlight: this.#outstanding.count,
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
    const left = Math.max(0, maxDurationMs - (this.#context.clock.now() - this.#startedMs));
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

/** For file names: 20261123T194500Z. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
