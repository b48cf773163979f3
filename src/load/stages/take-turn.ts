// Takes the turn to introduce columns, so that only one load introduces columns at a time. Every load takes the turn of
// this host. Before that, a worker of a fleet takes the turn of the fleet.

import type { Clock, FleetHooks, HeldTurn } from '../../core/types/index.js';
import type { FirstWriteLock } from '../../state/locks/first-write-lock.js';

/**
 * Longest wait for another load of this host while this worker has the fleet's turn, ms. Introducing columns takes less
 * than a second. If the wait takes longer, the other load may be frozen. This worker then gives up the fleet's turn, so
 * that workers on other hosts need not wait.
 */
const maxHostWaitMs = 5_000;

/**
 * Takes the fleet's turn, then this host's turn. Resolves with one turn that stands for both turns. If the wait for the
 * host's turn is longer than `maxHostWaitMs`, releases the fleet's turn: `isFresh` of the result then returns false.
 * Rejects with the signal's reason, and with the errors of `FirstWriteLock.take`.
 */
export async function takeTurn(
  fleet: Pick<FleetHooks, 'takeTurn'> | null,
  host: Pick<FirstWriteLock, 'take'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<HeldTurn> {
  const turn = await fleet?.takeTurn(signal);
  const cancel = clock.after(maxHostWaitMs, () => turn?.release());
  try {
    const lock = await host.take(signal);
    const release = (): void => {
      lock.release();
      turn?.release();
    };
    return { isFresh: () => turn?.isFresh() ?? true, release };
  } catch (error) {
    turn?.release();
    throw error;
  } finally {
    cancel();
  }
}
