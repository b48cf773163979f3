// The pieces of one load are jobs of BullMQ. The coordinator adds pieces and books their results, workers take pieces.

import { createHash } from 'node:crypto';
import type * as bullmq from 'bullmq';
import type { Job, Queue, Worker } from 'bullmq';
import type { Clock } from '../../core/types/index.js';
import { jsonOf, type PieceJob } from './messages.js';
import { type LeaseTiming, PieceLease } from './piece-lease.js';
import type { FleetRedis } from './redis.js';

const queueName = 'pieces';
/** Largest number of attempts to load a piece, by any workers. */
export const maxFailures = 3;
/** Largest number of workers that may die while loading a piece. The piece is then left out. */
export const maxDeaths = 5;
/** Largest number of jobs in one request. */
const addedAtOnce = 1000;
/** Characters of results in memory after which no further result is read. */
const maxSettledLength = 16 * 1024 * 1024;

/** Returns the id of a piece: a hash of its input and range. So a load that is planned again has the same jobs. */
export function pieceId({ input, piece }: Pick<PieceJob, 'input' | 'piece'>): string {
  const { path, size, hash, folders } = input;
  const { from, to } = piece;
  const what = JSON.stringify([path, size, hash, folders, from, to]);
  return `p${createHash('sha256').update(what).digest('hex').slice(0, 20)}`;
}

/** A piece that a worker has settled, or that BullMQ has given up. */
export interface SettledJob {
  readonly id: string;
  /** Result as JSON; null if BullMQ has given the piece up because of `reason`. */
  readonly result: string | null;
  readonly reason: string;
}

/** The queue for the coordinator. */
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

  /** Adds pieces. A piece that is already in the queue does not change. */
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

  /** Limits the pieces that the fleet loads at once; null for one piece per worker. */
  async limit(pieces: number | null): Promise<void> {
    await (pieces === null ? this.#queue.removeGlobalConcurrency() : this.#queue.setGlobalConcurrency(pieces));
  }

  /** Number of pieces in Redis, by state. */
  async counts(): Promise<{ readonly total: number; readonly waiting: number; readonly active: number }> {
    const { waiting = 0, active = 0, ...rest } = await this.#queue.getJobCounts();
    return { total: Object.values(rest).reduce((sum, each) => sum + each, waiting + active), waiting, active };
  }

  /** Returns settled pieces that are not removed yet: up to `atMost` complete pieces and `atMost` failed ones. */
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
      return { id, result: null, reason: 'a job that is no JSON' };
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

/** The queue for a worker. */
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
      // The worker that takes a piece checks how often workers died with it.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker = redis.guard(worker);
    this.#worker.on('error', () => {});
  }

  /** Starts the regular checks for pieces of dead workers. */
  async start(): Promise<void> {
    await this.#worker.startStalledCheckTimer();
  }

  /** Takes the next piece; null if none is waiting. */
  async take(): Promise<PieceLease | null> {
    this.#taken += 1;
    const token = `${this.#workerId}:${this.#taken}`;
    const began = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const job = await this.#worker.getNextJob(token, { block: false });
    if (job === undefined) return null;
    const lease = new PieceLease(job, token, began, this.#timing, this.#clock);
    // The response may be late because the server was unreachable.
    if (this.#clock.monotonic() - began.monotonic > this.#timing.renewMs) await lease.renew();
    return lease;
  }

  async close(): Promise<void> {
    await this.#worker.close(true).catch(() => {});
  }
}

/** Returns a class of workers that take a job with invalid JSON as an empty job, so that the refusal names the job. */
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
