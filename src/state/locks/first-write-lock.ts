// Loads on one host takeLock turns for batches that introduce a table or column: in parallel they make CnosDB store values
// under wrong columns. One lock per endpoint, so that loads which share any of them share a turn.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Notice } from '../../core/types/index.js';
import { type HeldLock, takeLock } from './lock.js';

/** Between two looks at a lock that another load has. */
const againMs = 100;

export class FirstWriteLock {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #notify: (notice: Notice) => void;

  /** @param database what tells a database from others at the same endpoint */
  constructor(
    endpoints: readonly string[],
    database: readonly string[],
    clock: Clock,
    notify: (notice: Notice) => void,
  ) {
    // In one order for everybody: two loads must not each wait for what the other has.
    this.#paths = endpoints.map((endpoint) => join(folder(), `${nameOf([endpoint, ...database])}.lock`)).sort();
    this.#clock = clock;
    this.#notify = notify;
  }

  /**
   * Waits for our turn, as long as another load has it. Where locks cannot be written we go without, and say so.
   * Throws the signal's reason.
   */
  async take(signal: AbortSignal): Promise<HeldLock> {
    const held: HeldLock[] = [];
    const release = (): void => {
      for (const each of held.splice(0)) each.release();
    };
    try {
      // Of all users of the host, like the folder that it is in.
      if (mkdirSync(folder(), { recursive: true }) !== undefined) chmodSync(folder(), 0o1777);
      for (const path of this.#paths) held.push(await this.#one(path, signal));
    } catch (error) {
      release();
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      const message = `a batch introduces columns without a turn, other loads on this host may do the same: ${reason}`;
      this.#notify({ level: 'warn', kind: 'turn', message });
    }
    return { release };
  }

  async #one(path: string, signal: AbortSignal): Promise<HeldLock> {
    for (;;) {
      signal.throwIfAborted();
      const taken = await takeLock(path, this.#clock, () => {}, 0o644);
      if ('held' in taken) return taken.held;
      const message = `waiting for the load of pid ${taken.by.pid} on ${taken.by.host}, which introduces columns`;
      this.#notify({ level: 'info', kind: 'turn', message });
      await this.#clock.sleep(againMs, signal);
    }
  }
}

function folder(): string {
  return join(tmpdir(), 'bulk-load-locks');
}

function nameOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
