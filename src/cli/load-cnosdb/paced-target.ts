// Sends requests through numbered workers, like the Go tool. Each worker keeps its interval between inserts, and waits
// for `--backoff` after an overload response from the target.

import type { Attempt, Clock, EncodedBody, Target } from '../../core/types/index.js';
import { wrapObject } from '../../core/wrap-object.js';
import type { Interval } from './insert-intervals.js';

export interface WorkerPace {
  readonly workers: number;
  readonly backoffMs: number;
  /** One interval for each worker; null without --insert-intervals. */
  readonly intervals: readonly Interval[] | null;
  readonly random: () => number;
  /** Called at the end of a back-off, with the time that the back-off took. */
  readonly backedOff: (worker: number, seconds: number) => void;
}

interface Worker {
  readonly number: number;
  busy: boolean;
  /** Earliest start of the next insert, monotonic ms. */
  notBefore: number;
  backingOffSince: number | null;
  backoffSeconds: number;
}

export interface PacedTarget {
  readonly target: Target;
  /** Returns for each worker the total time of its back-offs, seconds. */
  backoffs(): readonly number[];
}

/** Returns a target whose `write` waits for a worker. All other methods come from `target`. */
export function pacedTarget(target: Target, pace: WorkerPace, clock: Clock): PacedTarget {
  const workers = Array.from(
    { length: pace.workers },
    (_, number): Worker => ({ number, busy: false, notBefore: 0, backingOffSince: null, backoffSeconds: 0 }),
  );
  const write = async (body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> => {
    const worker = nextWorker(workers);
    worker.busy = true;
    try {
      const ms = worker.notBefore - clock.monotonic();
      // An abort ends the wait, and then the request reports the abort.
      if (ms > 0) await clock.sleep(ms, signal).catch(() => {});
      const seconds = pace.intervals?.[worker.number]?.(pace.random) ?? 0;
      worker.notBefore = clock.monotonic() + seconds * 1000;
      return settle(await target.write(body, points, timeoutMs, signal), worker, pace, clock);
    } finally {
      worker.busy = false;
    }
  };
  return { target: wrapObject(target, { write }), backoffs: () => workers.map((worker) => worker.backoffSeconds) };
}

/** Picks an idle worker in a back-off, because this worker must retry; otherwise the worker that may start first. */
function nextWorker(workers: readonly Worker[]): Worker {
  const idle = workers.filter((worker) => !worker.busy);
  const waiting = idle.find((worker) => worker.backingOffSince !== null);
  const soonest = [...(idle.length > 0 ? idle : workers)].sort((a, b) => a.notBefore - b.notBefore)[0]!;
  return waiting ?? soonest;
}

function settle(attempt: Attempt, worker: Worker, pace: WorkerPace, clock: Clock): Attempt {
  const { verdict } = attempt;
  if (verdict.kind === 'overloaded') {
    worker.backingOffSince ??= clock.monotonic();
    return { ...attempt, verdict: { ...verdict, retryAfterMs: Math.max(verdict.retryAfterMs ?? 0, pace.backoffMs) } };
  }
  if (worker.backingOffSince !== null) {
    const seconds = (clock.monotonic() - worker.backingOffSince) / 1000;
    worker.backingOffSince = null;
    worker.backoffSeconds += seconds;
    pace.backedOff(worker.number, seconds);
  }
  return attempt;
}
