// A piece that a worker has taken. If the worker does not renew the lease in time, Redis gives the piece to another
// worker. The target cannot distinguish the requests of these two workers. So a worker starts a request only while it
// certainly holds the lease.

import type { Job } from 'bullmq';
import { BusyError } from '../../core/errors.js';
import type { Clock } from '../../core/types/index.js';
import { jsonOf, type PieceResult } from './messages.js';

/** Times of a lease, ms. */
export interface LeaseTiming {
  /** Time without renewal after which another worker may take the piece. */
  readonly lockMs: number;
  readonly renewMs: number;
  /** Length of the last part of a lease, ms. In this part, the worker starts no request. */
  readonly marginMs: number;
  /** Interval at which each worker looks for pieces whose leases have ended, ms. */
  readonly checkMs: number;
}

/**
 * Default times. If a worker dies, another worker can take its piece after 30 to 45 s (`lockMs`, plus up to `checkMs`).
 */
export const leaseTiming: LeaseTiming = { lockMs: 30_000, renewMs: 8_000, marginMs: 5_000, checkMs: 15_000 };

export class PieceLease {
  readonly id: string;
  /** The job as JSON. */
  readonly job: string;
  /** Number of workers that died while they loaded this piece. */
  readonly deaths: number;
  /** Number of failed attempts to load this piece. */
  readonly failures: number;
  readonly #job: Job<unknown, unknown>;
  readonly #token: string;
  readonly #timing: LeaseTiming;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #cancel: () => void;
  /** Times of both clocks just before the last successful request for a renewal, ms. */
  #renewed: { readonly wall: number; readonly monotonic: number };
  #isRenewing = false;

  /** @param taken times just before the worker asked for the piece, ms; the lease began after these times */
  constructor(
    job: Job<unknown, unknown>,
    token: string,
    taken: { readonly wall: number; readonly monotonic: number },
    timing: LeaseTiming,
    clock: Clock,
  ) {
    this.id = job.id!;
    this.job = jsonOf(job.data);
    this.deaths = job.stalledCounter;
    this.failures = job.attemptsMade;
    this.#job = job;
    this.#token = token;
    this.#timing = timing;
    this.#clock = clock;
    this.#renewed = taken;
    this.#cancel = clock.every(timing.renewMs, () => void this.renew());
  }

  /** Aborts with a BusyError once another worker may have the piece. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Throws BusyError if one of the two clocks shows that the lease may have ended. So a process that was frozen sends
   * nothing for a piece that another worker may have.
   */
  assertHeld(): void {
    const { lockMs, marginMs } = this.#timing;
    const { wall, monotonic } = this.#renewed;
    const age = Math.max(this.#clock.monotonic() - monotonic, this.#clock.now() - wall);
    if (age >= lockMs - marginMs) this.#lose();
    this.#lost.signal.throwIfAborted();
  }

  /** Stores the result. Resolves with false if the queue refuses it, because the worker no longer holds the lease. */
  async complete(result: PieceResult): Promise<boolean> {
    return await this.#end(() => this.#job.moveToCompleted(result, this.#token, false));
  }

  /**
   * Returns the piece to the queue and counts no failure. Resolves with false if the worker no longer holds the lease.
   */
  async giveBack(): Promise<boolean> {
    return await this.#end(() => this.#job.moveToWait(this.#token));
  }

  /**
   * Returns the piece to the queue and counts a failure. Resolves with false if the worker no longer holds the lease.
   */
  async fail(reason: string): Promise<boolean> {
    return await this.#end(() => this.#job.moveToFailed(new Error(reason), this.#token, false));
  }

  /** Renews the lease. Aborts `lost` if the queue refuses, because the lease has ended. */
  async renew(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const began = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    try {
      if ((await this.#job.extendLock(this.#token, this.#timing.lockMs)) === 1) this.#renewed = began;
      else this.#lose();
    } catch {
      // Redis is unreachable. Until a renewal succeeds, `assertHeld` checks the age of the lease.
    } finally {
      this.#isRenewing = false;
    }
  }

  async #end(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch {
      // Another worker has the lock, or Redis has lost the piece.
      return false;
    } finally {
      this.#cancel();
    }
  }

  #lose(): void {
    if (this.#lost.signal.aborted) return;
    const problem = {
      tried: 'loading a piece',
      expected: 'to keep the lease of the piece',
      found: 'an expired lease, so another worker may have taken the piece',
      fix: '',
    };
    this.#lost.abort(new BusyError(problem));
  }
}
