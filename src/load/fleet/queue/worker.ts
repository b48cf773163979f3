// Runs a worker of a fleet: loads the pieces of all loads into its target, one piece at a time, until `stop` aborts.

import { randomUUID } from 'node:crypto';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../../../config/settings.js';
import { BulkLoadError, InterruptedError, UnavailableError, UsageError } from '../../../core/errors.js';
import { orAborted } from '../../../core/time/wait-stats.js';
import type { Notice } from '../../../core/types/index.js';
import { FleetStore } from '../../../fleet/queue/fleet-store.js';
import { type FleetLoad, type PieceJob, parsePieceJob, type WorkerStatus } from '../../../fleet/queue/messages.js';
import type { LeaseTiming, PieceLease } from '../../../fleet/queue/piece-lease.js';
import { maxDeaths, maxFailures, PieceSource } from '../../../fleet/queue/piece-queue.js';
import { queueAway } from '../../../fleet/queue/queue-errors.js';
import type { FleetRedis } from '../../../fleet/queue/redis.js';
import type { Snapshot } from '../../../reporting/figures.js';
import { openLimits, type WorkerLimits } from '../open-limits.js';
import { PieceParts } from './piece-parts.js';
import {
  deadlyPiece,
  failedPiece,
  type PieceContext,
  type PieceOutcome,
  removeAttempt,
  runPiece,
} from './piece-run.js';
import { RecentResults } from './recent-results.js';

export interface WorkerContext extends PieceContext {
  readonly redis: FleetRedis;
  readonly timing: LeaseTiming;
  readonly stateDir: string;
  /** Result of `targetHash` for this worker's target. The worker ignores loads into other targets. */
  readonly target: string;
  /** Returns the settings for a load. Throws UsageError if options of this worker contradict the load. */
  readonly settingsFor: (load: FleetLoad) => Promise<Settings>;
  readonly exitWhenIdle: boolean;
  /** Time without a response from the queue after which the worker ends with an error, ms. */
  readonly retryForMs: number;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Receives a function that returns snapshots of the current piece. Called once for each piece. */
  readonly watch: (snapshot: () => Snapshot) => void;
}

/** Pause before the worker requests a piece again, ms. `beatMs` is the interval of its status messages, ms. */
const idleMs = 500;
const beatMs = 1000;
/** Outcomes of a piece that end this worker. Another worker may then load the piece on another machine. */
const endsWorker = ['refused', 'memory', 'state', 'bug'];

/** A load whose pieces this worker loads. */
interface Joined {
  readonly load: FleetLoad;
  readonly limits: WorkerLimits;
  readonly source: PieceSource;
  readonly parts: PieceParts;
}

async function leave({ limits, source, parts }: Joined): Promise<void> {
  await Promise.all([limits.close(), source.close(), parts.close()]);
}

/** Runs until `stop` aborts or, with `exitWhenIdle`, until no load is left. Throws the error that ends the worker. */
export async function runWorker(context: WorkerContext): Promise<void> {
  await new FleetWorker(context).run();
}

class FleetWorker {
  readonly #context: WorkerContext;
  readonly #store: FleetStore;
  /** Known loads by id. `joined` is null for an ignored load. The worker joins a load again if its epoch changes. */
  readonly #joined = new Map<string, { readonly epoch: string; readonly joined: Joined | null }>();
  readonly #recent = new RecentResults();
  readonly #end = new AbortController();
  #snapshot: (() => Snapshot) | null = null;
  #piece: { readonly load: string; readonly id: string; readonly stop: AbortController } | null = null;
  /** Folder for the state of this worker's pieces. */
  readonly #folder: string;
  #hasWorked = false;
  #answeredAt: number;
  #isBeating = false;
  /** True after Redis refused a command to take a piece. */
  #isRefused = false;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#store = new FleetStore(context.redis);
    this.#answeredAt = context.clock.monotonic();
    this.#folder = join(context.stateDir, `worker-${context.workerId}`);
  }

  async run(): Promise<void> {
    const { clock, stop, workerId } = this.#context;
    const ended = AbortSignal.any([stop, this.#end.signal]);
    const cancel = clock.every(beatMs, () => void this.#beat());
    // Keeps the process alive, because the timer of `Clock.every` does not keep it alive.
    const alive = setInterval(() => {}, 60_000);
    try {
      await orAborted(this.#beat(), ended).catch(() => {});
      while (!ended.aborted) {
        // A stop must not wait for Redis, which may be unreachable for long.
        const next = await orAborted(this.#next(), ended).catch((error: unknown) => this.#withoutPiece(error, ended));
        const hasLoads = [...this.#joined.values()].some(({ joined }) => joined !== null);
        if (next !== null) await this.#work(next.joined, next.lease);
        else if (this.#context.exitWhenIdle && this.#hasWorked && !hasLoads) break;
        else await clock.sleep(idleMs, ended).catch(() => {});
      }
      if (this.#end.signal.aborted && !stop.aborted) throw this.#end.signal.reason;
    } finally {
      cancel();
      clearInterval(alive);
      await Promise.race([this.#leave(workerId), clock.sleep(idleMs)]);
    }
  }

  async #leave(workerId: string): Promise<void> {
    if (!this.#context.redis.isAway) await this.#store.removeWorker(workerId).catch(() => {});
    for (const { joined } of this.#joined.values()) if (joined !== null) await leave(joined);
    // The folder is not empty if dead letters were too large for the queue. Then the folder remains.
    await rmdir(this.#folder).catch(() => {});
  }

  /** Takes a piece of the oldest load that has a waiting piece; returns null while no piece is waiting. */
  async #next(): Promise<{ readonly joined: Joined; readonly lease: PieceLease } | null> {
    const ids = await this.#store.loadIds();
    for (const [id, { joined }] of this.#joined) {
      if (ids.includes(id)) continue;
      this.#joined.delete(id);
      if (joined !== null) await leave(joined);
    }
    for (const id of ids) {
      const joined = await this.#join(id);
      if (joined === null || (await this.#store.isStopped(id))) continue;
      const lease = await joined.source.take();
      this.#isRefused = false;
      if (lease !== null) return { joined, lease };
    }
    this.#isRefused = false;
    return null;
  }

  /** Handles an error of `#next`: ignores it after a stop, warns if Redis refused a command, throws any other error. */
  #withoutPiece(error: unknown, ended: AbortSignal): null {
    if (ended.aborted) return null;
    if (!(error instanceof UnavailableError)) throw error;
    this.#isRefused = true;
    this.#notify('warn', 'queue', error.message);
    return null;
  }

  async #join(id: string): Promise<Joined | null> {
    const load = await this.#store.load(id);
    if (load === null) return null;
    const known = this.#joined.get(id);
    if (known?.epoch === load.epoch) return known.joined;
    await this.#store.offer(id, this.#recent.offersFor(load));
    if (known?.joined) await leave(known.joined);
    const joined = await this.#opened(load);
    this.#joined.set(id, { epoch: load.epoch, joined });
    return joined;
  }

  async #opened(load: FleetLoad): Promise<Joined | null> {
    const { redis, timing, workerId, clock, notify, version, target, settingsFor, createTarget } = this.#context;
    if (load.target !== target) return null;
    const major = (text: string): string => text.split('.')[0]!;
    if (major(load.version) !== major(version))
      return this.#leaveOut(load, `the load needs bulk-load ${load.version}, and this worker is ${version}`);
    let settings: Settings;
    try {
      settings = await settingsFor(load);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return this.#leaveOut(load, error.message);
    }
    const source = new PieceSource(redis, load.id, workerId, timing, clock);
    await source.start();
    const limits = openLimits({ redis, loadId: load.id, workerId, settings, clock, notify });
    return { load, limits, source, parts: new PieceParts(createTarget) };
  }

  #leaveOut({ id }: FleetLoad, why: string): null {
    this.#notify('warn', `load ${id}`, `this worker does not take pieces of load ${id}: ${why}`);
    return null;
  }

  async #work({ load, limits, parts }: Joined, lease: PieceLease): Promise<void> {
    this.#hasWorked = true;
    const { watch } = this.#context;
    const job = parsePieceJob(lease.job);
    if (job === null || job.plan !== load.plan) return await this.#refuse(lease, load);
    const stop = new AbortController();
    this.#piece = { load: load.id, id: lease.id, stop };
    const folder = join(this.#folder, randomUUID());
    let isKept = false;
    try {
      const outcome = await this.#run(lease, job, {
        ...{ limits, parts, fleetLoad: load, job, lease, folder },
        stop: AbortSignal.any([stop.signal, this.#context.stop, this.#end.signal]),
        abort: this.#context.abort,
        watch: (snapshot) => {
          this.#snapshot = snapshot;
          watch(snapshot);
        },
      });
      isKept = outcome.result.letters?.keptIn === folder;
      await this.#settle(load, lease, job, outcome);
    } finally {
      this.#piece = null;
      this.#snapshot = null;
      if (!isKept) await removeAttempt(folder);
    }
  }

  async #run(lease: PieceLease, job: PieceJob, run: Parameters<typeof runPiece>[1]): Promise<PieceOutcome> {
    if (lease.deaths >= maxDeaths) {
      const error = deadlyPiece(job, lease.deaths);
      return { result: failedPiece(this.#context, error), error };
    }
    try {
      return await runPiece(this.#context, run);
    } catch (error) {
      if (!(error instanceof BulkLoadError)) throw error;
      return { result: failedPiece(this.#context, error), error };
    }
  }

  /** Reports the result of a piece. The queue refuses the result if the worker no longer holds the lease. */
  async #settle(load: FleetLoad, lease: PieceLease, job: PieceJob, { result, error }: PieceOutcome): Promise<void> {
    const { path } = job.input;
    if (lease.lost.aborted) return this.#late(path);
    const isFinal = error === null || error.outcome === 'too-many-rejects' || lease.deaths >= maxDeaths;
    const isLast = lease.failures + 1 >= maxFailures;
    const report = (): Promise<boolean> => {
      if (error?.outcome === 'interrupted') return lease.giveBack();
      return isFinal || isLast ? lease.complete(result) : lease.fail(result.reason ?? result.outcome);
    };
    const isTaken = await orAborted(report(), this.#end.signal).catch(() => false);
    if (!isTaken) this.#late(path);
    else if (isFinal) this.#recent.add(load, lease.id, result);
    if (error === null || error.outcome === 'interrupted') return;
    if (!isFinal) this.#notify('warn', 'piece', `${path}: ${error.message}`);
    if (endsWorker.includes(error.outcome)) this.#end.abort(error);
  }

  #late(path: string): void {
    const what =
      'the lease of the piece has ended, so the result does not count, and another worker loads the piece again';
    this.#notify('warn', 'lease', `${path}: ${what}`);
  }

  /** Reports an error as the result of a job that is not a valid piece of the load. */
  async #refuse(lease: PieceLease, { id }: FleetLoad): Promise<void> {
    const tried = `reading job ${lease.id} of load ${id}`;
    const error = new UsageError([{ tried, expected: 'a piece of the load', found: 'other content', fix: '' }]);
    this.#notify('error', 'job', error.message);
    await lease.complete(failedPiece(this.#context, error));
  }

  /** Sends the status of this worker. Stops the current piece if its load is stopped. */
  async #beat(): Promise<void> {
    const { clock, retryForMs, redis } = this.#context;
    const away = clock.monotonic() - this.#answeredAt;
    if (away > retryForMs) this.#end.abort(queueAway('taking pieces from the queue', away));
    else if (away > 5 * beatMs) this.#notify('warn', 'queue', 'the queue does not answer, so the worker waits');
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      await this.#store.beat(this.#status());
      const piece = this.#piece;
      if (piece !== null && (await this.#store.isStopped(piece.load)))
        piece.stop.abort(new InterruptedError('bulk-load stop'));
      if (!this.#isRefused) this.#answeredAt = clock.monotonic();
    } catch (error) {
      if (!redis.isAway) this.#notify('warn', 'queue', error instanceof Error ? error.message : String(error));
    } finally {
      this.#isBeating = false;
    }
  }

  #status(): WorkerStatus {
    const { workerId, machine, version } = this.#context;
    const run = this.#snapshot?.();
    const { read = 0, loaded = 0, rejected = 0 } = run?.points ?? {};
    const { bytes } = run ?? {};
    return {
      ...{ formatVersion: 1, id: workerId, machine, version },
      ...{ load: this.#piece?.load ?? null, piece: this.#piece?.id ?? null },
      points: { read, loaded, rejected },
      bytes: { read: bytes?.read ?? 0, decoded: bytes?.decoded ?? 0, sent: bytes?.sent ?? 0 },
      ...{ inFlight: run?.inFlight ?? 0, writers: run?.writers.limit ?? 0 },
      ...{ rssBytes: run?.memory.rssBytes ?? process.memoryUsage.rss(), nodeBytes: run?.target.nodeBytes ?? null },
    };
  }

  #notify(level: Notice['level'], kind: string, message: string): void {
    this.#context.notify({ level, kind, message });
  }
}
