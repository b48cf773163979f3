// Follows a load in Redis for its coordinator: adds the pieces to the queue, and books (records and counts) their
// results. If Redis loses its data, puts all pieces that are not booked into the queue again.

import { randomUUID } from 'node:crypto';
import {
  BulkLoadError,
  BusyError,
  InterruptedError,
  TooManyRejectsError,
  UnavailableError,
} from '../../../core/errors.js';
import type { Outcome } from '../../../core/outcomes.js';
import { problemText } from '../../../core/problem.js';
import { plural } from '../../../core/text.js';
import type { Clock, Notice } from '../../../core/types/index.js';
import { coordinatorMs, type FleetStore } from '../../../fleet/queue/fleet-store.js';
import {
  type FleetLoad,
  type PieceResult,
  parsePieceResult,
  type WorkerStatus,
} from '../../../fleet/queue/messages.js';
import type { PieceQueue, SettledJob } from '../../../fleet/queue/piece-queue.js';
import { tooManyBytes } from '../../../state/dead-letters/long-letters.js';
import type { PlannedJob } from './fleet-jobs.js';
import { type BookedPiece, type FleetRecord, isSettled, parseBookedPiece } from './fleet-record.js';
import type { FleetTotals } from './fleet-totals.js';

/** Pause after Redis has refused a command, ms. */
const refusedMs = 1000;
/**
 * If Redis has lost data, the coordinator announces the load again and waits this time, ms. Workers that see the
 * announcement offer the lost results again. Idle workers look for announcements twice a second.
 */
const offerMs = 3000;
/** Each call of `#bookSome` takes at most this many completed pieces, and this many failed pieces, from the queue. */
const bookedAtOnce = 200;

/**
 * If the last attempt at a piece ends with one of these outcomes, the whole load ends. After any other outcome, the
 * fleet still loads the other pieces.
 */
const endsLoad: readonly Outcome[] = ['refused', 'memory', 'state', 'bug', 'unavailable', 'too-many-rejects'];

export interface FollowContext {
  readonly store: FleetStore;
  readonly queue: PieceQueue;
  readonly record: FleetRecord;
  readonly totals: FleetTotals;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  readonly load: Omit<FleetLoad, 'epoch'>;
  readonly token: string;
  /** Yields the jobs of all pieces of the plan. */
  readonly jobs: () => Iterable<PlannedJob>;
  /**
   * Largest allowed size of all dead letters together, bytes: dead letters on this disk and on the disks of the
   * workers.
   */
  readonly maxRejectBytes: number;
  /** Creates the shared limits of the load. Called only while no worker can have a permit to send a request. */
  readonly prepareLimits: () => Promise<void>;
  /** True if this disk has no plan from an earlier run of the load. */
  readonly isFirst: boolean;
  /** Largest number of pieces that the fleet loads at once; null for one piece per worker. */
  readonly piecesAtOnce: number | null;
}

export class FleetFollow {
  readonly #context: FollowContext;
  #epoch = '';
  #workers: readonly WorkerStatus[] = [];
  #counts = { total: 0, waiting: 0, active: 0 };
  #workerSeenAt: number;

  constructor(context: FollowContext) {
    this.#context = context;
    this.#workerSeenAt = context.clock.monotonic();
  }

  /** Living workers that are loading a piece of this load. */
  get workers(): readonly WorkerStatus[] {
    return this.#workers;
  }

  get counts(): { readonly total: number; readonly waiting: number; readonly active: number } {
    return this.#counts;
  }

  get isDone(): boolean {
    return this.#context.totals.settledPieces >= this.#context.load.pieces;
  }

  /** Records the results that an earlier coordinator left in Redis. Adds the remaining pieces to the queue. */
  async begin(): Promise<void> {
    const { store, totals, load, isFirst, prepareLimits } = this.#context;
    if (isFirst && (await store.load(load.id)) === null) await prepareLimits();
    await store.setStopped(load.id, false);
    const stale: string[] = [];
    for await (const [id, json] of store.booked(load.id)) {
      const piece = parseBookedPiece(json);
      if (piece !== null && isSettled(piece)) await this.#record([[piece, null, '']]);
      else stale.push(id);
    }
    await store.forgetBooked(load.id, stale);
    // At first, books (records and counts) only complete pieces. A piece that failed in an earlier run is loaded again.
    while (await this.#bookSome(isGood));
    await this.#announce();
    await this.#addMissing();
    if (totals.settledPieces > 0)
      this.#notify('info', 'resume', `${totals.settledPieces} of ${plural(load.pieces, 'piece')} are already loaded`);
  }

  /**
   * Reads the state of the load from Redis, and records new results. If Redis refuses commands, because it is out of
   * memory or read-only, tries again for up to `retryForMs`. Throws the error that ends the load.
   */
  async look(retryForMs: number): Promise<void> {
    const { clock } = this.#context;
    const until = clock.monotonic() + retryForMs;
    for (;;) {
      try {
        return await this.#look();
      } catch (error) {
        if (!(error instanceof UnavailableError) || clock.monotonic() >= until) throw error;
        this.#notify('warn', 'queue', error.message);
        await clock.sleep(refusedMs);
      }
    }
  }

  /**
   * Asks the workers to stop. Waits until no worker has a piece, but at most `maxMs`. Records the results of the
   * pieces.
   */
  async drain(maxMs: number): Promise<void> {
    const { store, queue, load, clock } = this.#context;
    await store.setStopped(load.id, true);
    const until = clock.monotonic() + maxMs;
    do {
      while (await this.#bookSome());
      this.#counts = await queue.counts();
      if (this.#counts.active === 0) break;
      await clock.sleep(200);
    } while (clock.monotonic() < until);
    while (await this.#bookSome());
  }

  /** Removes the load and its pieces from Redis, because the record on this disk is complete. */
  async remove(): Promise<void> {
    const { store, queue, load, token, prepareLimits } = this.#context;
    await store.removeLoad(load.id);
    await queue.clear();
    // If no worker has a piece, no request is in flight. With new limits, the next run of the load begins at once.
    if (this.#counts.active === 0) await prepareLimits();
    await store.endCoordination(load.id, token);
  }

  async #look(): Promise<void> {
    const { store, queue, load, token, totals, record, maxRejectBytes } = this.#context;
    if (!(await store.coordinate(load.id, token)))
      throw alreadyRuns(load.id, 'another coordinator, which took over the load');
    if ((await store.load(load.id))?.epoch !== this.#epoch) await this.#addAgain();
    if (await store.isStopped(load.id)) throw new InterruptedError('bulk-load stop');
    while (await this.#bookSome()) if (totals.exceedsRejects) break;
    if (totals.exceedsRejects) throw tooManyRejects(totals.points.rejected);
    const tooMany = tooManyBytes([record.letterBytes], 0, [], maxRejectBytes);
    if (tooMany !== null) throw tooMany;
    this.#counts = await queue.counts();
    if (this.#counts.total < load.pieces - totals.settledPieces) await this.#addAgain();
    await this.#lookForWorkers();
  }

  /**
   * Puts lost pieces into the queue again. Redis loses pieces if it dies before it writes them to its disk. First
   * records the results that workers offer.
   */
  async #addAgain(): Promise<void> {
    const { store, load, clock } = this.#context;
    this.#notify('warn', 'forgot', 'the queue has lost pieces; the coordinator adds the remaining pieces again');
    await this.#announce();
    await clock.sleep(offerMs);
    const offers = Object.entries(await store.takeOffers(load.id));
    await this.#book(offers.map(([id, result]) => ({ id, result, reason: '' })).filter(isGood));
    await this.#addMissing();
  }

  /** Announces the load with a new random epoch. Workers that know an earlier epoch then offer their last results. */
  async #announce(): Promise<void> {
    const { store, load } = this.#context;
    const epoch = randomUUID();
    await store.announce({ ...load, epoch });
    this.#epoch = epoch;
  }

  async #addMissing(): Promise<void> {
    const { queue, jobs, totals, piecesAtOnce } = this.#context;
    await queue.limit(piecesAtOnce);
    function* missing(): Generator<readonly [string, PlannedJob['job']], void> {
      for (const { id, job } of jobs()) if (!totals.isBooked(id)) yield [id, job];
    }
    await queue.add(missing());
  }

  /**
   * Takes some ended pieces from the queue. Records and counts those that `isWanted` accepts. Returns true if the queue
   * may contain further ended pieces.
   */
  async #bookSome(isWanted: (job: SettledJob) => boolean = () => true): Promise<boolean> {
    const { queue } = this.#context;
    const settled = await queue.settled(bookedAtOnce);
    const booked = await this.#book(settled.filter(isWanted));
    await queue.remove(settled.map(({ id }) => id));
    const bad = booked.find(({ outcome }) => endsLoad.includes(outcome));
    if (bad !== undefined) throw pieceError(bad);
    return settled.length >= bookedAtOnce;
  }

  /** Records and counts the pieces that are not recorded yet, and returns these pieces. */
  async #book(settled: readonly SettledJob[]): Promise<BookedPiece[]> {
    const { totals } = this.#context;
    const pieces: [BookedPiece, PieceResult][] = [];
    const isNew = new Set<string>();
    for (const job of settled) {
      if (totals.isBooked(job.id) || isNew.has(job.id)) continue;
      const result = (job.result === null ? null : parsePieceResult(job.result)) ?? foreignResult(job);
      isNew.add(job.id);
      pieces.push([bookedPiece(job.id, result), result]);
    }
    await this.#record(pieces.map(([piece, { letters, machine }]) => [piece, letters, machine]));
    for (const [, result] of pieces) totals.add(result);
    return pieces.map(([piece]) => piece);
  }

  /** Writes pieces to the record before they enter the totals. Then stores them in Redis for other coordinators. */
  async #record(pieces: readonly (readonly [BookedPiece, PieceResult['letters'], string])[]): Promise<void> {
    const { record, store, totals, load } = this.#context;
    const fresh = pieces.filter(([{ id }]) => !totals.isBooked(id));
    await record.book(fresh);
    for (const [piece] of fresh) totals.book(piece);
    await store.keepBooked(
      load.id,
      fresh.map(([piece]) => [piece.id, JSON.stringify(piece)]),
    );
  }

  async #lookForWorkers(): Promise<void> {
    const { store, load, clock } = this.#context;
    this.#workers = (await store.workers()).filter((each) => each.load === load.id);
    if (this.#workers.length > 0) this.#workerSeenAt = clock.monotonic();
    if (this.#counts.total === 0 || clock.monotonic() - this.#workerSeenAt < 2 * coordinatorMs) return;
    const how = 'start a worker: bulk-load worker --queue URL, with the same target and database';
    this.#notify('warn', 'workers', `no worker takes a piece: ${how}`);
  }

  #notify(level: Notice['level'], kind: string, message: string): void {
    this.#context.notify({ level, kind, message });
  }
}

/** Builds the error for a load that has another coordinator already. */
export function alreadyRuns(load: string, found: string): BusyError {
  return new BusyError({
    tried: `coordinating load ${load}`,
    expected: 'no other coordinator of this load',
    found,
    fix: 'wait until the load ends, or stop the load with bulk-load stop',
  });
}

function isGood({ result }: SettledJob): boolean {
  const found = result === null ? null : parsePieceResult(result);
  return found !== null && isSettled(found);
}

/** Builds a failed result for a piece with a missing or unreadable result. The next run then loads the piece again. */
function foreignResult({ id, reason }: SettledJob): PieceResult {
  const found = reason === '' ? 'other content' : reason;
  const problem = { tried: `reading the result of job ${id}`, expected: 'the result of a worker', found, fix: '' };
  const text = problemText(problem);
  return {
    ...{ formatVersion: 1, machine: '?', worker: '?', outcome: 'input', reason: text, format: '', error: text },
    ...{ inputBytes: 0, figures: null, rejects: {}, letters: null },
  };
}

function bookedPiece(id: string, result: PieceResult): BookedPiece {
  const { outcome, reason, error, format, inputBytes, figures, rejects } = result;
  const points = figures?.points ?? { read: 0, loaded: 0, rejected: 0, undelivered: 0 };
  return { id, outcome, reason, error, format, inputBytes, points, values: figures?.values.loaded ?? 0, rejects };
}

function pieceError({ outcome, reason }: BookedPiece): BulkLoadError {
  return new BulkLoadError(outcome, 'BULK_PIECE', reason ?? outcome);
}

function tooManyRejects(rejected: number): TooManyRejectsError {
  return new TooManyRejectsError(`${plural(rejected, 'point')} of the whole load were rejected`);
}
