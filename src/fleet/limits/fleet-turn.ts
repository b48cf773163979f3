// The turn is a lease in Redis. Only its holder may introduce tables and columns. A holder that was frozen may continue
// after its lease has ended. So the holder begins requests only soon after a renewal, and these requests end before the
// next worker can get the turn.

import { orAborted } from '../../core/time/wait-stats.js';
import type { Clock, HeldTurn, Notice } from '../../core/types/index.js';
import { turnKey } from '../queue/keys.js';
import { LeaseAge } from './lease-age.js';
import { type ScriptClient, scriptRunner, turnScript } from './scripts.js';

/** Time without renewal after which the turn is free for another worker, ms. */
export const turnLeaseMs = 120_000;
/**
 * Longest time after a renewal in which the holder begins a request, ms. A request takes effect within a minute, and
 * all nodes have its columns soon afterwards. So the next holder of the turn finds every column that this holder
 * introduced.
 */
export const turnBoundMs = 30_000;
const renewMs = 10_000;
const pollMs = 100;

export interface FleetTurnOptions {
  readonly client: ScriptClient;
  /** Name of the database, equal for all workers. */
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
    // If Redis loses its data, a worker may still hold the turn. So all workers wait for the length of one lease before
    // they take the turn.
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
      // Gives the turn back if Redis grants it after the signal.
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
        // Redis ignores the release if another worker holds the turn meanwhile.
        void this.#run('release').catch(() => {});
      },
    };
  }
}

/**
 * Creates the turn of a database as free, so that the first worker need not wait for an earlier holder. Must be called
 * only for a load that has no workers yet.
 */
export async function beginTurn(client: ScriptClient, database: readonly string[]): Promise<void> {
  await scriptRunner(client, turnScript)(turnKey(database), 'prepare', '', '0', '0');
}
