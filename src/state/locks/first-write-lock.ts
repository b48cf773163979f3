// Loads on one host take turns for batches that introduce a table or a column. Parallel first writes make CnosDB store
// values under wrong columns. There is one lock per endpoint, so loads that share an endpoint exclude each other.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusyError, StateError } from '../../core/errors.js';
import type { Clock, Notice } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import { writeProblem } from '../state-dir.js';
import { type HeldLock, type LockAttempt, OddLockError, takeLock } from './lock.js';
import type { Holder } from './lock-holder.js';

/** Interval between two attempts to take a lock that another load holds. */
const retryMs = 100;
const tried = 'waiting for the turn to introduce columns';

export interface FirstWriteLockOptions {
  readonly endpoints: readonly string[];
  /** Distinguishes databases at the same endpoint. */
  readonly database: readonly string[];
  /** Directory of the locks; null for the one in the temporary directory. */
  readonly directory: string | null;
  /** Longest wait for other loads, ms. */
  readonly maxWaitMs: number;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export class FirstWriteLock {
  readonly #options: FirstWriteLockOptions;
  readonly #directory: string;
  readonly #paths: readonly string[];

  constructor(options: FirstWriteLockOptions) {
    const { endpoints, database, directory } = options;
    this.#options = options;
    this.#directory = directory ?? join(tmpdir(), 'bulk-load-locks');
    // All loads take locks in the same order, so that no two wait for each other.
    this.#paths = endpoints.map((each) => join(this.#directory, `${nameOf([each, ...database])}.lock`)).sort();
  }

  /**
   * Waits while another load has its turn. Throws BusyError when that lasts too long or a lock is odd, StateError when
   * locks cannot be written, and the signal's reason.
   */
  async take(signal: AbortSignal): Promise<HeldLock> {
    const { clock, maxWaitMs } = this.#options;
    const until = clock.monotonic() + maxWaitMs;
    const held: HeldLock[] = [];
    const release = (): void => {
      for (const each of held.splice(0)) each.release();
    };
    try {
      if (this.#paths.length > 0) this.#makeDirectory();
      for (const path of this.#paths) held.push(await this.#takeOne(path, until, signal));
    } catch (error) {
      release();
      throw error;
    }
    return { release };
  }

  async #takeOne(path: string, until: number, signal: AbortSignal): Promise<HeldLock> {
    const { clock, notify } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const attempt = this.#attempt(path);
      if ('held' in attempt) return attempt.held;
      if (clock.monotonic() >= until) throw this.#overdue(path, attempt.by);
      const { pid, host } = attempt.by;
      const message = `waiting for the load of pid ${pid} on ${host}, which introduces columns`;
      notify({ level: 'info', kind: 'turn', message });
      await clock.sleep(retryMs, signal);
    }
  }

  #attempt(path: string): LockAttempt {
    try {
      return takeLock(path, { clock: this.#options.clock, mode: 0o644 });
    } catch (error) {
      if (!(error instanceof OddLockError)) throw this.#unwritable(error);
      throw new BusyError({
        tried,
        expected: `a lock of bulk-load in ${error.path}`,
        found: error.message,
        fix: 'remove the file, name another directory with --turn-dir, or load without turns with --no-turn',
      });
    }
  }

  /** The directory belongs to all users of the host. */
  #makeDirectory(): void {
    try {
      if (mkdirSync(this.#directory, { recursive: true }) !== undefined) chmodSync(this.#directory, 0o1777);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): StateError {
    return new StateError(
      {
        tried,
        expected: `to write locks in ${this.#directory}`,
        ...writeProblem(error, 'name another directory with --turn-dir, or load without turns with --no-turn'),
      },
      { cause: error },
    );
  }

  #overdue(path: string, { pid, host }: Holder): BusyError {
    return new BusyError({
      tried,
      expected: `the lock ${path} within ${formatDuration(this.#options.maxWaitMs)}`,
      found: `the lock still held by pid ${pid} on ${host}`,
      fix: 'run again when that load has ended; --retry-for sets the wait',
    });
  }
}

function nameOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
