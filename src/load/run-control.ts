// Ends a run: records the first cause, stops reading and waiting, and cancels requests in flight after a grace period.

import { setMaxListeners } from 'node:events';
import { BugError, BulkLoadError, InterruptedError } from '../core/errors.js';
import type { Clock } from '../core/types/index.js';

/** Time that requests in flight have to finish after a stop, ms. The product contract fixes this time. */
const graceMs = 10_000;

export interface RunControlOptions {
  readonly clock: Clock;
  /** The run stops when this signal aborts. */
  readonly stop: AbortSignal;
  /** When this signal aborts, the run stops and cancels its requests in flight. */
  readonly abort: AbortSignal;
}

export class RunControl {
  readonly startedMs: number;
  /** Start of the run, monotonic ms. The wall clock may be set during the run. */
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  readonly #cancel: (() => void)[] = [];
  #reason: BulkLoadError | null = null;

  constructor({ clock, stop, abort }: RunControlOptions) {
    this.#clock = clock;
    this.startedMs = clock.now();
    this.startedAt = clock.monotonic();
    // Allows any number of listeners, because every writer adds some.
    setMaxListeners(0, this.stop, this.abort);
    // Keeps the process alive, because the timer of `Clock.every` does not keep it alive.
    const alive = setInterval(() => {}, 60_000);
    this.#cancel.push(() => clearInterval(alive));
    this.#listen(stop, (reason) => this.end(reason));
    this.#listen(abort, (reason) => {
      this.end(reason);
      this.#abort.abort(reason);
    });
  }

  /** Signal that ends reading, waiting, and new attempts to send. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Signal that cancels requests in flight. */
  get abort(): AbortSignal {
    return this.#abort.signal;
  }

  /** First cause of an early end; null while the run continues. */
  get reason(): BulkLoadError | null {
    return this.#reason;
  }

  /** Ends the run with a cause. A later call does not change the cause. */
  readonly end = (cause: unknown): void => {
    const error = cause instanceof BulkLoadError ? cause : defect(cause);
    this.#reason ??= error;
    if (this.stop.aborted) return;
    this.#stop.abort(error);
    this.#cancel.push(this.#clock.after(graceMs, () => this.#abort.abort(error)));
  };

  /** Ends the run after `maxMs`; null for no limit. */
  limitDuration(maxMs: number | null): void {
    if (maxMs === null) return;
    const left = Math.max(0, maxMs - (this.#clock.monotonic() - this.startedAt));
    this.#cancel.push(this.#clock.after(left, () => this.end(new InterruptedError('--max-duration'))));
  }

  /** Cancels all timers and listeners. */
  close(): void {
    for (const cancel of this.#cancel.splice(0)) cancel();
  }

  #listen(signal: AbortSignal, act: (reason: unknown) => void): void {
    const listener = (): void => act(signal.reason);
    if (signal.aborted) listener();
    signal.addEventListener('abort', listener, { once: true });
    this.#cancel.push(() => signal.removeEventListener('abort', listener));
  }
}

function defect(cause: unknown): BugError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BugError(`a defect of bulk-load: ${message}`, { cause });
}
