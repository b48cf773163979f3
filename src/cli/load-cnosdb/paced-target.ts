// Workers as load_cnosdb numbers them, put before a target: each keeps its interval between inserts, none comes back
// before `--backoff` after the target was overloaded, and how long that took is told.

import type { Attempt, Clock, EncodedBody, Target } from '../../core/types/index.js';
import type { Interval } from './insert-intervals.js';

export interface WorkerPace {
  readonly workers: number;
  readonly backoffMs: number;
  /** One per worker; null for none. */
  readonly intervals: readonly Interval[] | null;
  readonly random: () => number;
  /** An episode of back-off ended. */
  readonly backedOff: (worker: number, seconds: number) => void;
}

interface Worker {
  readonly number: number;
  busy: boolean;
  /** Monotonic ms. */
  notBefore: number;
  backingOffSince: number | null;
  backoffSeconds: number;
}

export interface Paced {
  readonly target: Target;
  /** Seconds of back-off per worker. */
  backoffs(): readonly number[];
}

/** `target` with workers in front of it; its other methods are its own. */
export function paced(target: Target, pace: WorkerPace, clock: Clock): Paced {
  const workers = Array.from(
    { length: pace.workers },
    (_, number): Worker => ({ number, busy: false, notBefore: 0, backingOffSince: null, backoffSeconds: 0 }),
  );
  const write = async (body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> => {
    const worker = pick(workers);
    worker.busy = true;
    try {
      const ms = worker.notBefore - clock.monotonic();
      // The request itself sees an abort, and says what became of it.
      if (ms > 0) await clock.sleep(ms, signal).catch(() => {});
      const seconds = pace.intervals?.[worker.number]?.(pace.random) ?? 0;
      worker.notBefore = clock.monotonic() + seconds * 1000;
      return settle(await target.write(body, points, timeoutMs, signal), worker, pace, clock);
    } finally {
      worker.busy = false;
    }
  };
  return { target: withWrite(target, write), backoffs: () => workers.map((worker) => worker.backoffSeconds) };
}

function withWrite(target: Target, write: Target['write']): Target {
  return {
    traits: target.traits,
    describe: (signal, memcacheBytes) => target.describe(signal, memcacheBytes),
    columns: (signal, table) => target.columns(signal, table),
    encode: (body) => target.encode(body),
    write,
    flush: (timeoutMs, signal) => target.flush(timeoutMs, signal),
    gauges: (signal) => target.gauges(signal),
    layout: (signal) => target.layout(signal),
    readBack: (points, signal) => target.readBack(points, signal),
    count: (table, signal) => target.count(table, signal),
    endpoints: () => target.endpoints(),
    close: () => target.close(),
  };
}

/** The idle one that may go first; one that backs off before others, since what is tried again comes from there. */
function pick(workers: readonly Worker[]): Worker {
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
