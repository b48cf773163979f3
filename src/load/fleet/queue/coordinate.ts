// Coordinates a load over a fleet: plans the load, offers its pieces to the workers, and builds one summary from their
// results.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Settings } from '../../../config/settings.js';
import { BulkLoadError } from '../../../core/errors.js';
import { type Outcome, outcomes } from '../../../core/outcomes.js';
import { stampOf } from '../../../core/time/iso-time.js';
import { orAborted } from '../../../core/time/wait-stats.js';
import type { Notice, Summary, Target } from '../../../core/types/index.js';
import type { AllowedInputs } from '../../../fleet/allowed-inputs.js';
import { type FleetPlan, readPlan, writePlan } from '../../../fleet/plan-file.js';
import { coordinatorMs, FleetStore } from '../../../fleet/queue/fleet-store.js';
import { PieceQueue } from '../../../fleet/queue/piece-queue.js';
import { queueAway } from '../../../fleet/queue/queue-errors.js';
import type { FleetRedis } from '../../../fleet/queue/redis.js';
import { residentMemory } from '../../../flow-control/own-memory/resident.js';
import { exists } from '../../../state/state-dir.js';
import { namesOf } from '../../account.js';
import { ownLimit } from '../../memory/plan-memory.js';
import { RunControl } from '../../run-control.js';
import type { LoadContext, LoadResult } from '../../types.js';
import { prepareLimits } from '../open-limits.js';
import { planLoad } from '../plan-load.js';
import { alreadyRuns, FleetFollow } from './fleet-follow.js';
import { assertNamed, fitsPlan, identityHash, plannedJobs, sharedOptions, targetHash } from './fleet-jobs.js';
import { FleetRecord } from './fleet-record.js';
import { snapshotOfFleet } from './fleet-snapshot.js';
import { FleetTotals, inputRow, type PlacedPiece } from './fleet-totals.js';

export interface FleetContext {
  /** Connects to the queue. Rejects with the error that ends the load. */
  readonly connect: (signal: AbortSignal) => Promise<FleetRedis>;
  readonly allowed: AllowedInputs;
  /** Options that the user gave, by the key of the option. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Largest number of pieces that the fleet loads at once; null for one piece per worker. */
  readonly piecesAtOnce: number | null;
}

/** Interval between two checks of the load in Redis, ms. */
const lookMs = 500;
/** Interval between two renewals of the lock, ms. */
const beatMs = 1000;
/** Time without a response from Redis after which a warning is printed, ms. */
const silentMs = 10_000;
/** Time for workers to return their pieces after a stop, ms. A worker waits up to 10 s for its requests in flight. */
const drainMs = 15_000;

/** Runs a load over a fleet. Never throws for a failed load: the result contains the error, as in `load`. */
export async function coordinate(
  settings: Settings,
  createTarget: (settings: Settings) => Promise<Target>,
  contextOf: (settings: Settings, target: Target) => LoadContext,
  fleet: FleetContext,
): Promise<LoadResult> {
  const target = await createTarget(settings);
  return await new Coordination(settings, createTarget, contextOf(settings, target), fleet).run();
}

class Coordination {
  readonly #settings: Settings;
  readonly #createTarget: (settings: Settings) => Promise<Target>;
  readonly #context: LoadContext;
  readonly #fleet: FleetContext;
  readonly #control: RunControl;
  /** Undefined until the connection to the queue is open. */
  #store!: FleetStore;
  readonly #record: FleetRecord;
  readonly #id: string;
  readonly #token = JSON.stringify({ machine: hostname(), pid: process.pid, id: randomUUID() });
  #totals: FleetTotals | null = null;
  #follow: FleetFollow | null = null;
  #queue: PieceQueue | null = null;
  /** Numbers of tables and columns that planning introduced in this run. */
  #introduced: FleetPlan['introduced'] = { tables: 0, columns: 0 };
  /** Number of calls of `#beat` since the queue last responded to a renewal of the lock. */
  #unanswered = 0;
  /** Monotonic ms at which the first pieces were offered to workers; null before. */
  #sendingFrom: number | null = null;

  constructor(
    settings: Settings,
    createTarget: (settings: Settings) => Promise<Target>,
    context: LoadContext,
    fleet: FleetContext,
  ) {
    this.#settings = settings;
    this.#createTarget = createTarget;
    this.#context = context;
    this.#fleet = fleet;
    this.#control = new RunControl(context);
    this.#id = namesOf(settings, context).load;
    this.#record = new FleetRecord(settings.stateDir, this.#id);
  }

  async run(): Promise<LoadResult> {
    const { clock } = this.#context;
    const control = this.#control;
    control.limitDuration(this.#settings.maxDurationMs);
    let cancel = (): void => {};
    let redis: FleetRedis | null = null;
    let isHolder = false;
    try {
      assertNamed(this.#context.inputs, this.#fleet.allowed);
      redis = await this.#fleet.connect(control.stop);
      this.#store = new FleetStore(redis);
      cancel = clock.every(beatMs, this.#beat);
      await orAborted(this.#takeLock(), control.stop);
      isHolder = true;
      await this.#loadPieces(redis);
    } catch (error) {
      control.end(error);
    } finally {
      cancel();
    }
    return await this.#finish(isHolder).finally(() => redis?.close());
  }

  /** Renews the lock each second. Ends the load if the queue has not responded for --retry-for. */
  readonly #beat = (): void => {
    const waitedMs = this.#unanswered * beatMs;
    if (waitedMs > 0 && waitedMs >= this.#settings.retryForMs)
      this.#control.end(queueAway('following the load in the queue', waitedMs));
    else if (waitedMs >= silentMs) this.#context.notify(queueSilent);
    this.#unanswered += 1;
    if (this.#unanswered > 1) return;
    const renewal = this.#store.coordinate(this.#id, this.#token).catch(() => {});
    void renewal.then(() => {
      this.#unanswered = 0;
    });
  };

  /**
   * Takes the lock. Throws BusyError if the process that holds the lock is still running. If this process was killed,
   * waits until its lock expires.
   */
  async #takeLock(): Promise<void> {
    const { clock, notify } = this.#context;
    const until = clock.monotonic() + 2 * coordinatorMs;
    let leftBefore = Number.POSITIVE_INFINITY;
    while (!(await this.#store.coordinate(this.#id, this.#token))) {
      const holder = await this.#store.coordinator(this.#id);
      const { machine, pid, leftMs } = holder ?? nobody;
      if (leftMs > leftBefore || clock.monotonic() > until)
        throw alreadyRuns(this.#id, `a coordinator that runs as pid ${pid} on ${machine}`);
      leftBefore = leftMs;
      if (holder !== null)
        notify({ level: 'info', kind: 'lock', message: `waiting until the lock of pid ${pid} on ${machine} expires` });
      await clock.sleep(1000, this.#control.stop);
    }
  }

  async #loadPieces(redis: FleetRedis): Promise<void> {
    const { clock, notify, version } = this.#context;
    const { allowed, given, piecesAtOnce } = this.#fleet;
    const booked = await this.#record.open();
    const isFirst = !(await exists(this.#record.planPath));
    const plan = await this.#plan();
    const pieces = new Map<string, PlacedPiece>();
    for (const { id, job, input } of plannedJobs(plan, allowed)) pieces.set(id, { input, bytes: job.piece.bytes });
    const totals = new FleetTotals(plan, pieces);
    for (const piece of booked) totals.book(piece);
    this.#totals = totals;
    const queue = new PieceQueue(redis, this.#id);
    this.#queue = queue;
    const follow = new FleetFollow({
      ...{ store: this.#store, queue, record: this.#record, totals, clock, notify, token: this.#token, piecesAtOnce },
      isFirst,
      maxRejectBytes: this.#settings.maxRejectBytes ?? Number.POSITIVE_INFINITY,
      prepareLimits: () => prepareLimits(redis, this.#id, this.#settings),
      jobs: () => plannedJobs(plan, allowed),
      load: {
        ...{ formatVersion: 1, id: this.#id, version, plan: plan.id, pieces: pieces.size },
        ...{ target: targetHash(this.#settings), identity: identityHash(this.#settings) },
        ...{ options: sharedOptions(given), fieldTypes: plan.fieldTypes, times: plan.times },
        startedAt: new Date(this.#control.startedMs).toISOString(),
      },
    });
    this.#follow = follow;
    await orAborted(follow.begin(), this.#control.stop);
    this.#sendingFrom = clock.monotonic();
    this.#watch(plan, totals, follow, pieces);
    while (!this.#control.stop.aborted) {
      await orAborted(follow.look(this.#settings.retryForMs), this.#control.stop);
      if (follow.isDone) return;
      await clock.sleep(lookMs, this.#control.stop);
    }
  }

  /** Returns the plan of an earlier run if this plan still matches the load, otherwise a new plan. */
  async #plan(): Promise<FleetPlan> {
    const { inputs, target, clock, notify, version } = this.#context;
    const settings = this.#settings;
    const { planPath } = this.#record;
    const signal = this.#control.stop;
    const earlier = (await exists(planPath)) ? await readPlan(planPath).catch(() => null) : null;
    if (earlier !== null && (await fitsPlan(earlier, settings, inputs, version, signal))) {
      await target.close();
      const { maxRejected, acceptRejects, minPoints } = settings;
      return { ...earlier, limits: { maxRejected, acceptRejects, minPoints } };
    }
    const plan = await planLoad(settings, {
      ...{ version, clock, signal, notify, inputs, target, createTarget: this.#createTarget },
      ...{ given: {}, parsed: () => {}, resident: residentMemory() },
    });
    await writePlan(planPath, plan);
    this.#introduced = plan.introduced;
    return plan;
  }

  #watch(plan: FleetPlan, totals: FleetTotals, follow: FleetFollow, pieces: ReadonlyMap<string, PlacedPiece>): void {
    const { clock, watch } = this.#context;
    const { startedAt } = this.#control;
    const facts = { clock, startedAt, totals, follow, pieces, plan, settings: this.#settings };
    const limitBytes = ownLimit(this.#settings.memoryLimit);
    watch(() => snapshotOfFleet({ ...facts, limitBytes }), null, null);
  }

  async #finish(isHolder: boolean): Promise<LoadResult> {
    const { clock, writeResults } = this.#context;
    const control = this.#control;
    const isWhole = this.#follow?.isDone === true && control.reason === null;
    if (isHolder && this.#unanswered < 2 && control.reason?.outcome !== 'busy') await this.#leaveRedis(isWhole);
    await this.#queue?.close();
    control.close();
    const ended = isWhole ? this.#totals!.outcome() : null;
    const isFinished = ended?.outcome === 'complete' || ended?.outcome === 'complete-with-rejects';
    const letters = (): Summary['rejects'] => {
      const { points = null, reasons = null } = this.#record.letters ?? {};
      return { byReason: Object.fromEntries(this.#totals?.byReason ?? []), deadLetters: points, reasons };
    };
    await this.#record.close(isFinished ? stampOf(control.startedMs) : null).catch(control.end);
    const error = control.reason ?? endError(ended?.outcome ?? 'complete', ended?.reason ?? null);
    const summary = this.#summary(ended?.outcome ?? 'interrupted', error, letters(), clock.monotonic());
    const result: LoadResult = { summary, examples: this.#totals?.examples ?? new Map(), error, details: null };
    await writeResults?.(() => result);
    // Removes the record only after the results are written. If the process dies before that, the next run can write
    // the results.
    if (isFinished && control.reason === null) await this.#record.remove();
    return result;
  }

  /** Removes the load from Redis. If the load is incomplete, first stops its workers and records their results. */
  async #leaveRedis(isWhole: boolean): Promise<void> {
    const { clock } = this.#context;
    const follow = this.#follow;
    const work = async (): Promise<void> => {
      if (follow === null) return await this.#store.endCoordination(this.#id, this.#token).catch(() => {});
      if (!isWhole) await follow.drain(drainMs);
      await follow.remove();
    };
    const done = new AbortController();
    const late = clock.sleep(2 * drainMs, AbortSignal.any([done.signal, this.#context.abort])).catch(() => {});
    await Promise.race([work().catch(this.#control.end), late]);
    done.abort();
  }

  #summary(outcome: Outcome, error: BulkLoadError | null, rejects: Summary['rejects'], now: number): Summary {
    const { version, inputs, command, clock } = this.#context;
    const { startedMs, startedAt } = this.#control;
    const seconds = (now - startedAt) / 1000;
    const startSeconds = this.#sendingFrom === null ? seconds : (this.#sendingFrom - startedAt) / 1000;
    const totals = this.#totals;
    const run = FleetTotals.runOf(totals);
    const { tables, columns } = this.#introduced;
    const { newTables, newColumns } = run.target;
    const sendSeconds = seconds - startSeconds;
    const perSecond = (n: number): number => (sendSeconds > 0 ? Math.round(n / sendSeconds) : 0);
    return {
      ...run,
      ...{ version, outcome: error?.outcome ?? outcome, seconds },
      exitCode: error?.exitCode ?? outcomes[outcome].exitCode,
      reason: error?.message ?? null,
      continueWith: error?.retryHelps ? (command?.(null) ?? null) : null,
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(clock.now()).toISOString(),
      phases: { startSeconds, sendSeconds, verifySeconds: 0 },
      points: { ...(totals?.points ?? run.points) },
      values: { loaded: totals?.values ?? 0 },
      target: { ...run.target, newTables: newTables + tables, newColumns: newColumns + columns },
      rate: { pointsPerSecond: perSecond(run.thisRun.loaded), decodedBytesPerSecond: perSecond(run.bytes.decoded) },
      inputs: totals === null ? inputs.map(({ name }) => inputRow(name, null)) : [...totals.inputs],
      ...{ rejects, machines: totals?.machines ?? [] },
      checkpoint: error === null ? null : this.#record.logPath,
    };
  }
}

const queueSilent: Notice = { level: 'warn', kind: 'queue', message: 'the queue does not answer, so the load waits' };

/** Placeholder in messages for the holder of a lock. Used if the lock expired before its holder could be read. */
const nobody = { machine: '?', pid: '?', leftMs: 0 };

/** Returns the error for an outcome; null if the load is complete. */
function endError(outcome: Outcome, reason: string | null): BulkLoadError | null {
  if (outcome === 'complete' || outcome === 'complete-with-rejects') return null;
  return new BulkLoadError(outcome, 'BULK_FLEET', reason ?? outcome);
}
