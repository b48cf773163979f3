// The pieces of one load are jobs of BullMQ. The coordinator adds pieces, and adds their results to the totals of the
// load. Workers take pieces and load them.

import { createHash } from 'node:crypto';
import type * as bullmq from 'bullmq';
import type { Job, Queue, Worker } from 'bullmq';
import type { Clock } from '../../core/types/index.js';
import { jsonOf, type PieceJob } from './messages.js';
import { type LeaseTiming, PieceLease } from './piece-lease.js';
import type { FleetRedis } from './redis.js';

const queueName = 'pieces';
/** Number of attempts to load a piece, of all workers together. The last attempt decides the outcome of the piece. */
export const maxFailures = 3;
/** If this many workers have died while they loaded a piece, no other worker tries to load the piece. */
export const maxDeaths = 5;
/** Largest number of jobs that one command adds. */
const addedAtOnce = 1000;
/** `settled` stops reading when the results that it has read have more than this many characters, to limit memory. */
const maxSettledLength = 16 * 1024 * 1024;

/** Returns the id of a piece: a hash of its input and positions. Planning the load again gives the same ids. */
export function pieceId({ input, piece }: Pick<PieceJob, 'input' | 'piece'>): string {
  const { path, size, hash, folders } = input;
  const { from, to } = piece;
  const what = JSON.stringify([path, size, hash, folders, from, to]);
  return `p${createHash('sha256').update(what).digest('hex').slice(0, 20)}`;
}

/** An ended piece: a piece with a result, or a piece that BullMQ has given up. */
export interface SettledJob {
  readonly id: string;
  /** Result as JSON; null if BullMQ has given up the piece. `reason` then contains the cause. */
  readonly result: string | null;
  readonly reason: string;
}

/** The queue of a load as its coordinator uses it. */
export class PieceQueue {
  readonly #queue: Queue;

  constructor(redis: FleetRedis, loadId: string) {
    const queue = new redis.bullmq.Queue(queueName, {
      ...redis.queueOptions(loadId),
      streams: { events: { maxLen: 1000 } },
      defaultJobOptions: { attempts: maxFailures, removeOnComplete: false, removeOnFail: false },
    });
    this.#queue = redis.guard(queue);
    this.#queue.on('error', () => {});
  }

  /** Adds pieces. A piece with an id that is already in the queue remains unchanged. */
  async add(pieces: Iterable<readonly [id: string, job: PieceJob]>): Promise<void> {
    let some: { name: string; data: PieceJob; opts: { jobId: string } }[] = [];
    for (const [jobId, data] of pieces) {
      some.push({ name: 'piece', data, opts: { jobId } });
      if (some.length < addedAtOnce) continue;
      await this.#queue.addBulk(some);
      some = [];
    }
    if (some.length > 0) await this.#queue.addBulk(some);
  }

  /**
   * Limits the number of pieces that all workers together load at the same time; null for no limit. Each worker loads
   * one piece at a time.
   */
  async limit(pieces: number | null): Promise<void> {
    await (pieces === null ? this.#queue.removeGlobalConcurrency() : this.#queue.setGlobalConcurrency(pieces));
  }

  /** Numbers of pieces in the queue: all, waiting, and taken by workers. */
  async counts(): Promise<{ readonly total: number; readonly waiting: number; readonly active: number }> {
    const { waiting = 0, active = 0, ...rest } = await this.#queue.getJobCounts();
    return { total: Object.values(rest).reduce((sum, each) => sum + each, waiting + active), waiting, active };
  }

  /**
   * Returns the ended pieces that are still in the queue: up to `atMost` pieces with a result, and up to `atMost`
   * failed pieces.
   */
  async settled(atMost: number): Promise<SettledJob[]> {
    const ids = [
      ...(await this.#queue.getRanges(['completed'], 0, atMost - 1)),
      ...(await this.#queue.getRanges(['failed'], 0, atMost - 1)),
    ];
    const settled: SettledJob[] = [];
    let length = 0;
    for (const id of ids) {
      const job = await this.#settled(id);
      if (job !== null) settled.push(job);
      length += job?.result?.length ?? 0;
      if (length > maxSettledLength) break;
    }
    return settled;
  }

  async #settled(id: string): Promise<SettledJob | null> {
    try {
      const job = (await this.#queue.getJob(id)) as Job | undefined;
      if (job === undefined) return null;
      const hasResult = job.finishedOn !== undefined && job.returnvalue != null;
      return { id, result: hasResult ? jsonOf(job.returnvalue) : null, reason: job.failedReason ?? '' };
    } catch (error) {
      if (!isBadJob(error)) throw error;
      return { id, result: null, reason: 'a job that is not JSON' };
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#queue.remove(id)));
  }

  /** Removes all pieces. */
  async clear(): Promise<void> {
    await this.#queue.obliterate({ force: true });
  }

  async close(): Promise<void> {
    await this.#queue.close().catch(() => {});
  }
}

/** The queue of a load as a worker uses it. */
export class PieceSource {
  readonly #worker: Worker;
  readonly #workerId: string;
  readonly #timing: LeaseTiming;
  readonly #clock: Clock;
  #taken = 0;

  constructor(redis: FleetRedis, loadId: string, workerId: string, timing: LeaseTiming, clock: Clock) {
    this.#workerId = workerId;
    this.#timing = timing;
    this.#clock = clock;
    const worker = new (tolerant(redis.bullmq))(queueName, null, {
      ...redis.queueOptions(loadId),
      ...{ name: workerId, autorun: false, lockDuration: timing.lockMs, stalledInterval: timing.checkMs },
      // Keeps BullMQ from failing a piece whose workers died. Instead, the next worker compares the number of deaths
      // with `maxDeaths`.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker = redis.guard(worker);
    this.#worker.on('error', () => {});
  }

  /** Starts the timer that looks for pieces whose workers have died. */
  async start(): Promise<void> {
    await this.#worker.startStalledCheckTimer();
  }

  /** Takes the next piece; returns null if no piece waits. */
  async take(): Promise<PieceLease | null> {
    this.#taken += 1;
    const token = `${this.#workerId}:${this.#taken}`;
    const began = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const job = await this.#worker.getNextJob(token, { block: false });
    if (job === undefined) return null;
    const lease = new PieceLease(job, token, began, this.#timing, this.#clock);
    // The lease began before the response arrived. If the response took long, the lease may end soon, so it is renewed
    // now.
    if (this.#clock.monotonic() - began.monotonic > this.#timing.renewMs) await lease.renew();
    return lease;
  }

  async close(): Promise<void> {
    await this.#worker.close(true).catch(() => {});
  }
}

/**
 * Returns a subclass of the BullMQ worker. If a job contains invalid JSON, BullMQ would throw. The subclass creates an
 * empty job with the same id instead, so that a worker can refuse this job.
 */
function tolerant({ Worker }: typeof bullmq): typeof Worker {
  return class extends Worker {
    protected override createJob(data: bullmq.JobJson, jobId: string): Job {
      try {
        return super.createJob(data, jobId);
      } catch {
        return super.createJob({ ...data, data: '{}', stacktrace: '[]' }, jobId);
      }
    }
  };
}

/** Tests whether BullMQ failed on a job with invalid JSON. */
function isBadJob(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof SyntaxError;
}
