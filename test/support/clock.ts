// Clocks for tests: one that the test advances, and the real one.

import { setMaxListeners } from 'node:events';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/core/types/index.js';

interface Due {
  at: number;
  readonly run: () => void;
  /** Interval in ms; null runs once. */
  readonly period: number | null;
}

/** Turns of the event loop that a disk may take on a busy machine, about a million a second. */
const maxTurns = 10_000_000;

/**
 * Runs everything that is ready: promises, callbacks of a few turns of the event loop, and requests to the disk, which
 * take real time. Without it, hours of test time pass before a file is read.
 */
async function settle(isBusy: () => boolean): Promise<void> {
  for (let quiet = 0, turns = 0; quiet < 4 && turns < maxTurns; turns++) {
    // Turns take the CPU core from the other server.
    await (isBusy() ? pause(1) : turn());
    quiet = onDisk() || isBusy() ? 0 : quiet + 1;
  }
}

function onDisk(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq');
}

/** Time passes only in `advance`. Starts at 2022-01-01T00:00:00Z by default; `monotonic` starts at 0. */
export class VirtualClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  readonly #due = new Set<Due>();
  /** Tests for a request to another server of the test, which takes real time. */
  isBusy: () => boolean = () => false;

  constructor(start = Date.UTC(2022, 0, 1)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + Math.floor(this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Number of waiting sleeps and intervals. */
  get waiting(): number {
    return this.#due.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    allowListeners(signal);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#due.delete(due);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const due: Due = { at: this.#elapsed + Math.max(0, ms), run: wake, period: null };
      this.#due.add(due);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const due: Due = { at: this.#elapsed + Math.max(0, ms), run: callback, period: null };
    this.#due.add(due);
    return () => void this.#due.delete(due);
  }

  every(ms: number, callback: () => void): () => void {
    const due: Due = { at: this.#elapsed + ms, run: callback, period: ms };
    this.#due.add(due);
    return () => void this.#due.delete(due);
  }

  /** Lets `ms` pass. Timers run at their own instants, including timers that other timers start. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await settle(this.isBusy);
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#elapsed = Math.max(this.#elapsed, next.at);
      if (next.period === null) this.#due.delete(next);
      else next.at += next.period;
      next.run();
      await settle(this.isBusy);
    }
    this.#elapsed = until;
  }

  #next(until: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) if (due.at <= until && (first === undefined || due.at < first.at)) first = due;
    return first;
  }
}

/** Many writers of a test wait on one signal; each of them is a listener. */
function allowListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}

/** Real time, for tests with real sockets. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      allowListeners(signal);
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    }),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms).unref();
    return () => clearInterval(timer);
  },
};
