// Lets one load at a time on a host send batches that introduce a table or column. Parallel first writes would make
// CnosDB store values under wrong columns. Each host name and each address of an endpoint has its own lock. So two
// loads that share an endpoint exclude each other, even if they use different names for the endpoint.

import { createHash } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { BusyError, StateError } from '../../core/errors.js';
import { makeDirectory } from '../../core/io/files.js';
import type { Clock, Notice } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import { clusterOf, type Lookup } from '../cluster.js';
import { writeProblem } from '../state-dir.js';
import { type HeldLock, type LockAttempt, OddLockError, takeLock } from './lock.js';
import type { Holder } from './lock-holder.js';
import { defaultTurnDirectory, isContainer } from './turn-directory.js';

/** Interval between two attempts to take a lock that another load holds, ms. */
const retryMs = 100;
/** Matches loopback endpoints. Only processes of this host or this container can reach these endpoints. */
const loopback = /^(localhost|127\.[\d.]+|\[?::1\]?):\d+$/;
const tried = 'waiting for the lock for new tables and columns';

export interface FirstWriteLockOptions {
  /** URL origins of the endpoints. */
  readonly endpoints: readonly string[];
  /** Parts of the database's name, which distinguish the database from other databases at the same endpoint. */
  readonly database: readonly string[];
  /** Directory of the locks; null for the directory that all processes of the host share. */
  readonly directory: string | null;
  /** Longest wait for other loads, ms. */
  readonly maxWaitMs: number;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  /** Finds the addresses of an endpoint. Default: the resolver of the system. */
  readonly resolve?: Lookup;
  /** Returns true if loads outside this container cannot see the directory. Default: true in a container. */
  readonly isContainer?: () => boolean;
}

export class FirstWriteLock {
  readonly #options: FirstWriteLockOptions;
  readonly #directory: string;
  #paths: Promise<readonly string[]> | null = null;

  constructor(options: FirstWriteLockOptions) {
    this.#options = options;
    this.#directory = options.directory ?? defaultTurnDirectory();
  }

  /**
   * Takes all locks. Waits while another load holds one of the locks. Throws BusyError if the wait is too long or a
   * file is not a valid lock. Throws StateError if locks cannot be written, and the signal's reason if the signal
   * aborts.
   */
  async take(signal: AbortSignal): Promise<HeldLock> {
    const { clock, maxWaitMs } = this.#options;
    const until = clock.monotonic() + maxWaitMs;
    const held: HeldLock[] = [];
    const release = (): void => {
      for (const each of held.splice(0)) each.release();
    };
    try {
      this.#paths ??= this.#findPaths();
      const paths = await this.#paths;
      if (paths.length > 0) await this.#makeDirectory();
      for (const path of paths) held.push(await this.#takeOne(path, until, signal));
    } catch (error) {
      release();
      throw error;
    }
    return { release };
  }

  /**
   * Returns the paths of the locks: one lock for the name of each endpoint, and one lock for each resolved address. So
   * loads that use `localhost` and `127.0.0.1` share a lock.
   */
  async #findPaths(): Promise<readonly string[]> {
    const { endpoints, database, resolve } = this.#options;
    const urls = endpoints.map((each) => new URL(each));
    const { endpoints: addresses } = await clusterOf(urls, null, resolve);
    this.#warnIfUnshared(addresses);
    // All loads take locks in the same order, so that two loads never wait for each other.
    return addresses.map((each) => join(this.#directory, `${nameOf([each, ...database])}.lock`)).sort();
  }

  #warnIfUnshared(addresses: readonly string[]): void {
    const { directory, notify, isContainer: inContainer = isContainer } = this.#options;
    if (directory !== null || addresses.every((each) => loopback.test(each)) || !inContainer()) return;
    const message =
      'loads in other containers cannot see that this load introduces tables and columns; ' +
      'give all these loads the same --turn-dir on a shared volume, or do not run two loads that add columns to one database at the same time';
    notify({ level: 'warn', kind: 'turn-dir', message });
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
        expected: `a lock of bulk-load at ${error.path}`,
        found: error.message,
        fix: 'remove the file, name another directory with --turn-dir, or load without locks with --no-turn',
      });
    }
  }

  /** Creates the directory, which all users of the host share. */
  async #makeDirectory(): Promise<void> {
    try {
      if (await makeDirectory(this.#directory)) await chmod(this.#directory, 0o1777);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): StateError {
    return new StateError(
      {
        tried,
        expected: `to write locks in ${this.#directory}`,
        ...writeProblem(error, 'name another directory with --turn-dir, or load without locks with --no-turn'),
      },
      { cause: error },
    );
  }

  #overdue(path: string, { pid, host }: Holder): BusyError {
    return new BusyError({
      tried,
      expected: `the lock ${path} within ${formatDuration(this.#options.maxWaitMs)}`,
      found: `the lock still held by pid ${pid} on ${host}`,
      fix: 'run again when that load has ended, or raise --retry-for, which sets the longest wait',
    });
  }
}

function nameOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
