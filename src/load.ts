// The run, top to bottom: input → format → batch → (alone?) → deliver → account.
// The only file that knows every room; it turns settings into each room's own narrow options.

import pLimit from 'p-limit';
import { Arena } from './batch/arena.js';
import { Batcher, type Guard } from './batch/batcher.js';
import { unitsPerMs } from './batch/stamp.js';
import { alone, Outstanding } from './deliver/alone.js';
import { Delivery } from './deliver/delivery.js';
import { SizeLimit } from './deliver/sizes.js';
import { runWriters } from './deliver/writers.js';
import { BugError, BulkLoadError, InputError, InterruptedError, RefusedError, UsageError } from './errors.js';
import { unexpectedTime } from './format/expect-time.js';
import { LineProtocol } from './format/line-protocol.js';
import { DeadLetters } from './ledger/dead-letters.js';
import { Ledger, within } from './ledger/ledger.js';
import { Meter } from './ledger/meter.js';
import { loadName } from './ledger/name.js';
import { exitCodeOf, outcomeOf, summarize } from './ledger/summarize.js';
import { planMemory } from './memory.js';
import type {
  Batch,
  ByteSource,
  Clock,
  Input,
  Notice,
  Receipt,
  Snapshot,
  Summary,
  Target,
  TargetDescription,
} from './model.js';
import type { MemoryPlan } from './plan.js';
import { collector } from './pressure/gc.js';
import { type Governor, govern } from './pressure/governor.js';
import { residentMemory } from './pressure/resident.js';
import { Catalogue } from './schema/catalogue.js';
import { awaitColumns, refresh } from './schema/landing.js';
import type { Settings } from './settings/settings.js';

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
  notify(notice: Notice): void;
  /** Called once, before anything is read: what to look at while the run goes on. */
  watch(snapshot: () => Snapshot, description: TargetDescription, memory: MemoryPlan): void;
}

export interface LoadResult {
  readonly summary: Summary;
  /** First message of each reason for rejects. */
  readonly examples: ReadonlyMap<string, string>;
  /** What ended the run early, if anything did. */
  readonly error: BulkLoadError | null;
}

/** Requests in flight may take this long after a stop; product contract. */
const graceMs = 10_000;

/**
 * Loads the inputs. Never throws for anything that inputs, target or machine do: that is in the result, and the
 * account in its summary balances.
 */
export async function load(settings: Settings, context: LoadContext): Promise<LoadResult> {
  const run = new Run(settings, context);
  try {
    await run.prepare();
    await run.move();
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
  /** Ends reading, waiting and new attempts, and later the requests in flight. */
  readonly #halt = new AbortController();
  readonly #hard = new AbortController();
  readonly #undo: (() => void)[] = [];
  readonly #bytes = {
    done: 0,
    decoded: 0,
    inputsDone: 0,
    current: null as string | null,
    source: null as ByteSource | null,
  };
  #begun = 0;
  #over = false;
  #memory: MemoryPlan | null = null;
  #sizes: SizeLimit | null = null;
  #governor: Governor | null = null;
  #description: TargetDescription | null = null;
  #catalogue = new Catalogue([]);

  constructor(settings: Settings, context: LoadContext) {
    this.#settings = settings;
    this.#context = context;
    this.#startedMs = context.clock.now();
    const inputs = context.inputs.map(({ path }) => path ?? '-');
    const { tenant, db, precision } = settings;
    const name = loadName({ target: 'cnosdb', tenant, database: db, inputs, format: 'lp', precision });
    this.#deadLetters = new DeadLetters(settings.stateDir, name);
    const names = context.inputs.map((input) => input.name);
    this.#ledger = new Ledger(names, this.#deadLetters, settings.maxRejected);
    this.#obey(context.stop, (reason) => this.end(reason));
    this.#obey(context.abort, (reason) => {
      this.end(reason);
      this.#hard.abort(reason);
    });
  }

  /** Everything that can refuse the load before a byte of input is read. */
  async prepare(): Promise<void> {
    const { target, notify, watch } = this.#context;
    this.#memory = planMemory(this.#settings);
    if (this.#memory.note !== null) notify({ level: 'warn', kind: 'memory-plan', message: this.#memory.note });
    await this.#deadLetters.prepare(stampOf(this.#startedMs));
    this.#description = await target.describe(this.#halt.signal);
    this.#catalogue = new Catalogue(await target.columns(this.#halt.signal));
    watch(() => this.#snapshot(), this.#description, this.#memory);
  }

  /** The flow. Permit, then pull: a batch is made when a writer may send it, and never before. */
  async move(): Promise<void> {
    const memory = this.#memory!;
    const { clock, notify } = this.#context;
    const gate = pLimit(1);
    const sizes = new SizeLimit(memory.batchBytes, notify);
    this.#sizes = sizes;
    const governor = govern({
      limitBytes: memory.limitBytes,
      workers: memory.slots,
      clock,
      probe: () => this.#resident.bytes(),
      drained: () => this.#outstanding.count === 0,
      collect: collector(),
      changed: (writers) => {
        gate.concurrency = writers;
      },
      stop: (error) => this.end(error),
      notify,
    });
    this.#governor = governor;
    this.#limitDuration();
    const batches = alone(this.#batches(new Arena(memory.slots, memory), sizes), this.#outstanding);
    const delivery = this.#delivery(governor, sizes);
    try {
      await runWriters(memory.slots, gate, batches, async (batch) => {
        try {
          const { receipt, fatal } = await this.#deliver(delivery, batch);
          if (fatal !== null) this.end(fatal);
          await this.#ledger.settle(batch, receipt);
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
    const timer = setTimeout(() => this.#hard.abort(error), graceMs);
    this.#undo.push(() => clearTimeout(timer));
  }

  /** Closes everything and draws up the account. Throws BugError when it does not balance. */
  async finish(): Promise<LoadResult> {
    const ledger = this.#ledger;
    this.#governor?.close();
    for (const undo of this.#undo) undo();
    let { outcome, reason } = outcomeOf(ledger, this.#settings.minPoints, this.#accepted());
    await this.#deadLetters
      .close(ledger.reason === null ? stampOf(this.#startedMs) : null)
      .catch((error) => this.end(error));
    if (ledger.reason !== null) ({ outcome, message: reason } = ledger.reason);
    await this.#context.target.close();
    this.#over = true;
    this.#resident.close();
    ledger.assertBalanced();
    const error = ledger.reason ?? (reason === null ? null : new InputError(reason));
    const again = error !== null && outcome !== 'usage' && outcome !== 'bug';
    const summary = summarize(ledger, this.#meter, {
      version: this.#context.version,
      startedMs: this.#startedMs,
      endedMs: this.#context.clock.now(),
      outcome,
      exitCode: exitCodeOf(outcome, error),
      error,
      continueWith: again ? this.#context.command : null,
      inputs: this.#context.inputs.map(({ name }) => ({ name, format: 'lp' })),
      bytes: { read: this.#bytes.done, decoded: this.#bytes.decoded },
      memory: this.#memoryAccount(),
      pressure: this.#pressureAccount(),
      target: this.#description,
      introduced: this.#catalogue.introduced,
      endpoints: this.#context.target.endpoints(),
      deadLetters: this.#deadLetters.paths,
    });
    return { summary, examples: ledger.examples, error };
  }

  /** Batches of all inputs, one input after the other. A bad one is named and the others are loaded. */
  async *#batches(arena: Arena, sizes: SizeLimit): AsyncGenerator<Batch, void> {
    const { inputs, clock, notify } = this.#context;
    const settings = this.#settings;
    const format = new LineProtocol(settings);
    const database = this.#description!.database;
    const oldestMs = database.ttlMs === null ? Number.NEGATIVE_INFINITY : this.#startedMs - database.ttlMs;
    const batcher = new Batcher(arena, this.#guard(), this.#ledger, clock, {
      points: settings.batchPoints,
      bodyBytes: () => sizes.current,
      lingerMs: settings.batchLingerMs,
      precision: settings.precision,
      startMs: this.#startedMs,
      limit: settings.limit ?? Number.POSITIVE_INFINITY,
      oldest: oldestMs * unitsPerMs[settings.precision],
      inspect: (timestamp, line) => this.#inspect(timestamp, line),
    });
    for (const [i, input] of inputs.entries()) {
      if (this.#ledger.read >= (settings.limit ?? Number.POSITIVE_INFINITY)) break;
      this.#bytes.current = input.name;
      let source: ByteSource | null = null;
      try {
        source = await input.open(this.#halt.signal);
        const counted = this.#counting(source);
        yield* batcher.batches(i, format.points(counted, this.#halt.signal), this.#halt.signal);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        this.#ledger.inputs[i]!.error = error.message;
        if (settings.onInputError === 'stop') throw error;
        notify({ level: 'error', kind: 'input', message: error.message });
      } finally {
        this.#bytes.source = null;
        this.#bytes.done += source?.bytesRead ?? 0;
        await source?.close();
      }
      this.#bytes.inputsDone += 1;
      if (settings.inOrder) await this.#outstanding.idle();
    }
    this.#bytes.current = null;
  }

  /** The source, with its decoded bytes counted. */
  #counting(source: ByteSource): ByteSource {
    const bytes = this.#bytes;
    bytes.source = source;
    return {
      read: async (into, signal) => {
        const read = await source.read(into, signal);
        bytes.decoded += read;
        return read;
      },
      close: () => source.close(),
      get bytesRead() {
        return source.bytesRead;
      },
      compression: source.compression,
    };
  }

  #guard(): Guard {
    const strict = this.#description!.database.strictWrite;
    return {
      look: (shape) => {
        const look = this.#catalogue.look(shape);
        if (strict && look.kind === 'introduces') throw strictWrite(this.#settings.db, shape.table);
        return look;
      },
      introduction: () => this.#catalogue.introduction(),
    };
  }

  /** A timestamp in the wrong unit ends the run while nothing was sent; later it condemns only its input. */
  #inspect(timestamp: bigint, line: number): void {
    const { expectTime, precision } = this.#settings;
    const problem = expectTime === null ? null : unexpectedTime(timestamp, precision, expectTime);
    if (problem === null) return;
    const message = `reading ${this.#bytes.current}:${line} — ${problem}`;
    throw this.#begun === 0 ? new UsageError([message]) : new InputError(message);
  }

  #delivery(governor: Governor, sizes: SizeLimit): Delivery {
    const { target, clock, notify } = this.#context;
    return new Delivery(target, clock, sizes, {
      retryForMs: this.#settings.retryForMs,
      requestTimeoutMs: this.#settings.requestTimeoutMs,
      endpoints: this.#settings.urls.length,
      random: Math.random,
      observe: (attempt, bodyBytes, retry) => {
        this.#meter.count(attempt, retry);
        governor.observe(attempt, bodyBytes, this.#outstanding.count);
      },
      mayReject: (more) => this.#ledger.mayReject(more),
      landed: async (batch, signal) => {
        await awaitColumns(target, this.#catalogue, batch.introduces ?? [], clock, signal);
      },
      notify,
    });
  }

  async #deliver(delivery: Delivery, batch: Batch): ReturnType<Delivery['deliver']> {
    if (batch.points > 0) this.#begun += 1;
    const delivered = await delivery.deliver(batch, this.#halt.signal, this.#hard.signal);
    if (batch.introduces !== null) await this.#pin(batch, delivered.receipt);
    return delivered;
  }

  /** What was acknowledged is there. Where part of the batch was not, the target is asked. */
  async #pin(batch: Batch, receipt: Receipt): Promise<void> {
    const shapes = batch.introduces ?? [];
    if (receipt.rejected.length === 0 && receipt.undelivered.length === 0) this.#catalogue.pin(shapes);
    else if (receipt.loaded.length > 0 && !this.#halt.signal.aborted) {
      await refresh(this.#context.target, this.#catalogue, shapes, this.#halt.signal).catch(() => {});
    }
  }

  #accepted(): boolean {
    const { rejected, read } = this.#ledger.total;
    const allowance = this.#settings.acceptRejects;
    return 'percent' in allowance ? rejected * 100 <= allowance.percent * read : within(rejected, read, allowance);
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
    const timer = setTimeout(() => this.end(new InterruptedError('--max-duration')), Math.min(left, 2 ** 31 - 1));
    this.#undo.push(() => clearTimeout(timer));
  }

  #memoryAccount(): Summary['memory'] {
    const account = this.#governor?.account();
    return {
      limitBytes: this.#memory?.limitBytes ?? 0,
      limitSource: this.#memory?.limitSource ?? '',
      peakRssBytes: Math.max(account?.peakRssBytes ?? 0, peakRss()),
      slots: this.#memory?.slots ?? 0,
      slotBytes: this.#memory?.slotBytes ?? 0,
      highSeconds: account?.highSeconds ?? 0,
      criticalSeconds: account?.criticalSeconds ?? 0,
      forcedGcs: account?.forcedGcs ?? 0,
    };
  }

  #pressureAccount(): Summary['pressure'] {
    const account = this.#governor?.account();
    return {
      workers: this.#memory?.slots ?? 0,
      limitMin: account?.limitMin ?? 0,
      limitFinal: account?.limitFinal ?? 0,
      bodyBytesMin: this.#sizes?.least ?? 0,
      bodyBytesFinal: this.#sizes?.current ?? 0,
      throttledSeconds: account?.throttledSeconds ?? 0,
      heldBackBy: {
        target: account?.heldBack.target ?? 0,
        ownMemory: account?.heldBack.ownMemory ?? 0,
        input: 0,
        rateLimit: 0,
      },
    };
  }

  #snapshot(): Snapshot {
    const { clock, inputs } = this.#context;
    const { read, loaded, rejected } = this.#ledger.total;
    const sizes = inputs.map(({ size }) => size);
    const latency = this.#meter.latencyMs();
    const governor = this.#governor;
    return {
      at: clock.now(),
      seconds: (clock.now() - this.#startedMs) / 1000,
      points: { read, loaded, rejected },
      bytes: {
        read: this.#bytes.done + (this.#bytes.source?.bytesRead ?? 0),
        total: sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
        decoded: this.#bytes.decoded,
        sent: this.#meter.bytesSent,
      },
      inputs: { done: this.#bytes.inputsDone, total: inputs.length, current: this.#bytes.current },
      inFlight: this.#outstanding.count,
      writers: { limit: governor?.writers ?? 0, max: this.#memory?.slots ?? 0 },
      memory: {
        rssBytes: this.#over ? process.memoryUsage.rss() : this.#resident.bytes(),
        limitBytes: this.#memory?.limitBytes ?? 0,
        level: governor?.level ?? 'normal',
      },
      latencyMs: { p50: latency.p50, p99: latency.p99 },
      requests: { ...this.#meter.requests },
      heldBackBy: governor?.heldBackBy ?? null,
    };
  }
}

/** The kernel's own record of the most resident memory there ever was; bytes. */
function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function bug(cause: unknown): BugError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BugError(`a defect of bulk-load: ${message}`, { cause });
}

function strictWrite(db: string, table: string): RefusedError {
  return new RefusedError(
    `loading into "${db}" — expected every table and field to exist, since it has STRICT_WRITE on and drops unknown fields ` +
      `without a word — got points for "${table}" with some it lacks — create them first, or use a database without STRICT_WRITE`,
  );
}

/** For file names: 20261123T194500Z. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
