// A piece that a worker has taken. The lease ends unless the worker renews it, and Redis then gives the piece to another
// worker. No request may start once the lease could have ended: the target cannot tell a late worker from the new holder.

import type { Job } from 'bullmq';
import { BusyError } from '../../core/errors.js';
import type { Clock } from '../../core/types/index.js';
import { jsonOf, type PieceResult } from './messages.js';

/** Times of a lease, ms. */
export interface LeaseTiming {
  /** Time without renewal after which another worker may take the piece. */
  readonly lockMs: number;
  readonly renewMs: number;
  /** Time before the end of a lease in which no request starts. */
  readonly marginMs: number;
  /** Interval between two checks for leases that have ended. */
  readonly checkMs: number;
}

/** Default times. Another worker takes a dead worker's piece after 30 to 45 s. */
export const leaseTiming: LeaseTiming = { lockMs: 30_000, renewMs: 8_000, marginMs: 5_000, checkMs: 15_000 };

export class PieceLease {
  readonly id: string;
  /** The job as JSON. */
  readonly job: string;
  /** Number of workers that have died while loading this piece, and of failed attempts to load it. */
  readonly deaths: number;
  readonly failures: number;
  readonly #job: Job<unknown, unknown>;
  readonly #token: string;
  readonly #timing: LeaseTiming;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #cancel: () => void;
  /** Start of the last renewal that succeeded, by both clocks. */
  #renewed: { readonly wall: number; readonly monotonic: number };
  #isRenewing = false;

  /** @param taken time of the request for the piece; the lease began later */
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

  /** Aborts with a BusyError once the lease is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Throws BusyError if the lease may have ended, by either clock. So a process that was frozen sends nothing. */
  assertHeld(): void {
    const { lockMs, marginMs } = this.#timing;
    const { wall, monotonic } = this.#renewed;
    const age = Math.max(this.#clock.monotonic() - monotonic, this.#clock.now() - wall);
    if (age >= lockMs - marginMs) this.#lose();
    this.#lost.signal.throwIfAborted();
  }

  /** Stores the result. Returns false if it is refused, because another worker has the piece. */
  async complete(result: PieceResult): Promise<boolean> {
    return await this.#end(() => this.#job.moveToCompleted(result, this.#token, false));
  }

  /** Puts the piece back, so that any worker can take it at once. */
  async giveBack(): Promise<boolean> {
    return await this.#end(() => this.#job.moveToWait(this.#token));
  }

  /** Puts the piece back and counts a failure. */
  async fail(reason: string): Promise<boolean> {
    return await this.#end(() => this.#job.moveToFailed(new Error(reason), this.#token, false));
  }

  /** Renews the lease, or aborts `lost` if another worker has the piece. */
  async renew(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const began = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    try {
      if ((await this.#job.extendLock(this.#token, this.#timing.lockMs)) === 1) this.#renewed = began;
      else this.#lose();
    } catch {
      // Redis is unreachable. The age of the lease decides.
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
      expected: 'the lease of the piece',
      found: 'that the lease has ended, so another worker may have the piece',
      fix: '',
    };
    this.#lost.abort(new BusyError(problem));
  }
}
