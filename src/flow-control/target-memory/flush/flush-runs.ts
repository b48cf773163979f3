// Runs flushes of the target. On one machine they run when they are due; in a fleet, when the fleet's log chooses this worker.

import type { FlushCause, FlushOutcome, MemoryLog, Notice } from '../../../core/types/index.js';

export interface FlushRunsOptions {
  /** Asks the target to flush. The promise never rejects. */
  readonly flush: (cause: FlushCause) => Promise<FlushOutcome>;
  /** Log of a fleet; null on one machine. */
  readonly log: MemoryLog | null;
  /** Called with the outcome of each flush on one machine; in a fleet, the log delivers the outcome. */
  readonly ended: (outcome: FlushOutcome) => void;
  readonly notify: (notice: Notice) => void;
}

export class FlushRuns {
  readonly #options: FlushRunsOptions;
  #running: Promise<FlushOutcome> | null = null;
  #asking = false;
  #count = 0;

  constructor(options: FlushRunsOptions) {
    this.#options = options;
  }

  /** Number of flush requests sent. */
  get count(): number {
    return this.#count;
  }

  /** The flush that this process runs; null if none runs. */
  get running(): Promise<FlushOutcome> | null {
    return this.#running;
  }

  /** Claims a flush in the fleet. If the claim is granted, the log delivers the start of the flush. */
  async ask(log: MemoryLog, cause: FlushCause): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    await log.beginFlush(cause);
    this.#asking = false;
  }

  /** Runs a flush. @param why reason for a relief, used in its notice */
  run(cause: FlushCause, why: string): void {
    const { flush, log, ended, notify } = this.#options;
    this.#count += 1;
    if (cause === 'relief')
      notify({ level: 'warn', kind: 'relief', message: `${why}: asking it to flush (COMPACT DATABASE)` });
    this.#running = flush(cause).then((outcome) => {
      this.#running = null;
      if (cause === 'relief' && outcome.kind !== 'done') notify(reliefFailed(outcome));
      log?.append({ kind: 'flushed', outcome });
      log?.end('flush');
      if (log === null) ended(outcome);
      return outcome;
    });
  }
}

function reliefFailed({ kind, reason, tookMs }: FlushOutcome): Notice {
  const what = kind === 'timedOut' ? `no answer within ${Math.round(tookMs / 1000)}s; it may still flush` : reason;
  return { level: 'warn', kind: 'relief-failed', message: `asked the target to flush: ${what}` };
}
