// Runs flushes of the target (the statement COMPACT DATABASE). On one machine, a flush runs when it is due. In a fleet,
// a flush runs when the fleet's log chooses this worker. A flush that writes rows to disk must not be cancelled:
// otherwise the vnode keeps its rows in memory until the server restarts, and later flushes hang. A flush that waits
// for a lock must be cancelled: CnosDB 2.4.3 deadlocks if a database gets its first vnode while the statement runs.
// CnosDB then responds neither to the statement nor to any write until the client disconnects.

import { abortWith } from '../../../core/time/wait-stats.js';
import type { Clock, FlushCause, FlushOutcome, MemoryLog, Notice } from '../../../core/types/index.js';
import type { FlushingEvent } from './flushing.js';

/** The flush counts as blocked if no write is answered for this time (ms) plus the time to flush one vnode. */
const patienceMs = 15_000;
/** Bytes of rows that a slow disk writes in 1 ms. */
const rowsPerMs = 10 * 1024;
/**
 * After this time (ms) without a pending or answered write, one write is sent to test whether the flush blocks writes.
 */
const quietMs = 4_000;

export interface FlushRunsOptions {
  /** Asks the target to flush. The promise never rejects. */
  readonly flush: (cause: FlushCause, signal: AbortSignal) => Promise<FlushOutcome>;
  /** Returns the start of the oldest pending write, monotonic ms; null if no write is pending. */
  readonly pendingSince: () => number | null;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Cancels a flush. */
  readonly abort: AbortSignal;
  /**
   * Memory log of the fleet; null on one machine. The log chooses the worker that flushes, and delivers every worker's
   * changes.
   */
  readonly log: MemoryLog | null;
  /** Called with the outcome of each flush on one machine. In a fleet the log delivers the outcome. */
  readonly ended: (outcome: FlushOutcome) => void;
  readonly notify: (notice: Notice) => void;
}

export class FlushRuns {
  readonly #options: FlushRunsOptions;
  #running: Promise<FlushOutcome> | null = null;
  /**
   * The running flush: its start (monotonic ms), the longest time for which it may block writes, and its cancellation.
   */
  #current: { readonly at: number; readonly patienceMs: number; readonly stop: AbortController } | null = null;
  #answeredAt = 0;
  #asking = false;
  #count = 0;

  constructor(options: FlushRunsOptions) {
    this.#options = options;
  }

  /** Number of flush requests sent. */
  get count(): number {
    return this.#count;
  }

  /** The flush that this process runs; null while this process runs no flush. */
  get running(): Promise<FlushOutcome> | null {
    return this.#running;
  }

  /**
   * Asks the fleet's log for permission to flush. If the log permits the flush, all workers receive the event that it
   * begins.
   */
  async ask(log: MemoryLog, cause: FlushCause): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    await log.beginFlush(cause);
    this.#asking = false;
  }

  /**
   * Cancels a flush that blocks all writes. Returns true if the caller must send a write to find out whether the flush
   * blocks writes.
   */
  observe({ kind, at }: Pick<FlushingEvent, 'kind' | 'at'>): boolean {
    if (kind === 'accepted' || kind === 'rewritten' || kind === 'exhausted') this.#answeredAt = at;
    if (kind !== 'tick' || this.#current === null) return false;
    const quietSince = Math.max(this.#current.at, this.#answeredAt);
    const pendingSince = this.#options.pendingSince();
    if (pendingSince === null) return at - quietSince >= quietMs;
    if (at - Math.max(quietSince, pendingSince) >= this.#current.patienceMs) this.#current.stop.abort();
    return false;
  }

  /**
   * Runs a flush.
   * @param isExhausted true if the target reports exhausted memory
   * @param vnodeBytes mean bytes of the rows of a vnode
   */
  run(cause: FlushCause, isExhausted: boolean, vnodeBytes: number): void {
    const { flush, log, ended, notify, clock, abort } = this.#options;
    this.#count += 1;
    if (cause === 'relief') notify(relief(isExhausted));
    const stop = abortWith(abort);
    this.#current = { at: clock.monotonic(), patienceMs: patienceMs + vnodeBytes / rowsPerMs, stop };
    this.#running = flush(cause, stop.signal).then((result) => {
      const isBlocked = stop.signal.aborted && !abort.aborted && result.kind !== 'done';
      const outcome: FlushOutcome = isBlocked ? { ...result, kind: 'blocked' } : result;
      stop.abort();
      this.#running = null;
      this.#current = null;
      if (isBlocked) notify(blocked(outcome));
      else if (cause === 'relief' && outcome.kind !== 'done') notify(reliefFailed(outcome));
      log?.append({ kind: 'flushed', outcome });
      log?.end('flush');
      if (log === null) ended(outcome);
      return outcome;
    });
  }
}

function relief(isExhausted: boolean): Notice {
  const why = isExhausted
    ? 'the target has answered only "memory exhausted" for 30s'
    : 'the unflushed rows of a node have reached the limit of --target-memory';
  return { level: 'warn', kind: 'relief', message: `${why}: asking the target to flush (COMPACT DATABASE)` };
}

function reliefFailed({ kind, reason, tookMs }: FlushOutcome): Notice {
  const what =
    kind === 'timedOut' ? `no answer within ${Math.round(tookMs / 1000)}s; the target may still be flushing` : reason;
  return { level: 'warn', kind: 'relief-failed', message: `the request to flush the target failed: ${what}` };
}

function blocked({ tookMs }: FlushOutcome): Notice {
  const message = `the target answers neither COMPACT DATABASE nor writes: the load cancels the statement after ${Math.round(tookMs / 1000)}s and sends the statement again`;
  return { level: 'warn', kind: 'flush-blocked', message };
}
