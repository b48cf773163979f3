// The turn to introduce tables and columns, as a lease in Redis. No lease keeps a frozen holder from waking up, so the holder
// begins requests only while its last renewal is young: they end before another worker can take the turn.

import { orAborted } from '../../core/time/wait-stats.js';
import type { Clock, HeldTurn, Notice } from '../../core/types/index.js';
import { turnKey } from '../queue/keys.js';
import { LeaseAge } from './lease-age.js';
import { type ScriptClient, scriptRunner, turnScript } from './scripts.js';

/** Life of the turn without renewal, ms. */
export const turnLeaseMs = 120_000;
/** Age of the last renewal up to which the holder begins a request, ms. Requests in the turn take 30 s at most. */
export const turnBoundMs = 60_000;
/** After Redis forgot everything: the time in which requests of an earlier holder end, ms. */
const graceMs = turnBoundMs + 30_000;
const renewMs = 10_000;
const pollMs = 100;

export interface FleetTurnOptions {
  readonly client: ScriptClient;
  /** Names the database for all workers. */
  readonly database: readonly string[];
  /** Unique for each worker process. */
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
    this.#run = async (op) => (await run(turnKey(database), op, id, String(turnLeaseMs), String(graceMs))) === 1;
  }

  /** Waits while another worker has the turn, or Redis is away. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<HeldTurn> {
    const { clock, notify } = this.#options;
    const age = new LeaseAge(clock);
    for (;;) {
      signal.throwIfAborted();
      const sent = age.read();
      const attempt = this.#run('take').catch(() => false);
      // A turn that is granted after the stop goes back.
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
        cancel();
        // A turn that is lost belongs to another worker, and Redis knows its holder.
        void this.#run('release').catch(() => {});
      },
    };
  }
}

/** Begins the turn of a database for which no worker can hold one that Redis has forgotten. */
export async function beginTurn(client: ScriptClient, database: readonly string[]): Promise<void> {
  await scriptRunner(client, turnScript)(turnKey(database), 'prepare', '', '0', '0');
}
