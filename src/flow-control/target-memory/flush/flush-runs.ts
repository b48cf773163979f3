// Runs flushes of the target: on one machine when they are due, in a fleet when the log of the fleet lets this worker flush.

import type { FlushCause, FlushOutcome, MemoryLog, Notice } from '../../../core/types/index.js';

export interface FlushRunsOptions {
  /** Asks the target to flush; never rejects. */
  readonly flush: (cause: FlushCause) => Promise<FlushOutcome>;
  /** Null on one machine. */
  readonly log: MemoryLog | null;
  /** Called with the outcome of each flush of one machine. */
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

  /** The flush of this process; null without one. */
  get running(): Promise<FlushOutcome> | null {
    return this.#running;
  }

  /** Asks the fleet for a flush. If it agrees, the log brings the begin. */
  async ask(log: MemoryLog, cause: FlushCause): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    await log.beginFlush(cause);
    this.#asking = false;
  }

  /** @param why of a relief */
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
