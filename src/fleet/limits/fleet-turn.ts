// The turn is a lease in Redis. Only the worker that holds the turn may introduce tables and columns. The process of a
// worker may freeze, and continue after its lease has ended. So the holder begins a request only soon after a renewal.
// Each such request has ended before another worker can get the turn.

import { orAborted } from '../../core/time/wait-stats.js';
import type { Clock, HeldTurn, Notice } from '../../core/types/index.js';
import { turnKey } from '../queue/keys.js';
import { LeaseAge } from './lease-age.js';
import { type ScriptClient, scriptRunner, turnScript } from './scripts.js';

/** Time without renewal after which another worker may take the turn, ms. */
export const turnLeaseMs = 120_000;
/**
 * Longest time between a renewal and the start of a request by the holder, ms. A request takes effect within a minute,
 * so at most 90 s after the renewal. The lease ends only 120 s after the renewal. By then, all nodes have the columns
 * of the request. So the next holder of the turn finds every column that this holder introduced.
 */
export const turnBoundMs = 30_000;
const renewMs = 10_000;
const pollMs = 100;

export interface FleetTurnOptions {
  readonly client: ScriptClient;
  /** Target, tenant and name of the database. Equal for all workers. */
  readonly database: readonly string[];
  /** Identifier of the worker, unique for each worker process. */
  readonly id: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export class FleetTurn {
  readonly #options: FleetTurnOptions;
  readonly #run: (op: 'take' | 'renew' | 'release') => Promise<boolean>;

  constructor(options: FleetTurnOptions) {
    const { client, database, id } = options;
    this.#options = options;
    const run = scriptRunner(client, turnScript);
    // If Redis has lost its data, a worker may still use the turn that it held before. So Redis then grants the turn to
    // no worker for the length of one lease (last argument).
    this.#run = async (op) => (await run(turnKey(database), op, id, String(turnLeaseMs), String(turnLeaseMs))) === 1;
  }

  /** Takes the turn. Waits while another worker has it or Redis is unreachable. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<HeldTurn> {
    const { clock, notify } = this.#options;
    const age = new LeaseAge(clock);
    for (;;) {
      signal.throwIfAborted();
      const sent = age.read();
      const attempt = this.#run('take').catch(() => false);
      // If the signal aborts before Redis responds, and Redis then grants the turn, gives the turn back.
      const abandon = (): void => void attempt.then((held) => held && this.#run('release').catch(() => {}));
      signal.addEventListener('abort', abandon, { once: true });
      const held = await orAborted(attempt, signal);
      signal.removeEventListener('abort', abandon);
      if (held) {
        age.renew(sent);
        return this.#hold(age);
      }
      notify({ level: 'debug', kind: 'turn', message: 'waiting for another worker, which introduces columns' });
      await clock.sleep(pollMs * (0.5 + Math.random()), signal);
    }
  }

  #hold(age: LeaseAge): HeldTurn {
    let lost = false;
    let renewing = false;
    const renew = async (): Promise<void> => {
      if (renewing) return;
      renewing = true;
      const sent = age.read();
      const held = await this.#run('renew').catch(() => null);
      renewing = false;
      if (held === true && !lost) age.renew(sent);
      lost ||= held === false;
    };
    const cancel = this.#options.clock.every(renewMs, () => void renew());
    return {
      isFresh: () => !lost && age.ms < turnBoundMs,
      release: () => {
        lost = true;
        cancel();
        // If another worker holds the turn by now, Redis ignores the release.
        void this.#run('release').catch(() => {});
      },
    };
  }
}

/**
 * Stores in Redis that the turn of a database is free. Without this call, the first worker would wait for the length of
 * one lease, because Redis may have forgotten an earlier holder. Must be called only for a load that has no workers
 * yet.
 */
export async function beginTurn(client: ScriptClient, database: readonly string[]): Promise<void> {
  await scriptRunner(client, turnScript)(turnKey(database), 'prepare', '', '0', '0');
}
