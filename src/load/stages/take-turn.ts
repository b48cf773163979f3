// Takes the turn to introduce columns: among the workers of a fleet, then among the loads of this host.

import type { Clock, FleetHooks, HeldTurn } from '../../core/types/index.js';
import type { FirstWriteLock } from '../../state/locks/first-write-lock.js';

/**
 * Longest wait for another load of this host while this worker holds the fleet's turn, ms. An introduction takes less than a
 * second, so the other load may be frozen, and workers on other hosts would wait for it as well.
 */
const maxHostWaitMs = 5_000;

/**
 * Resolves with both turns. Releases the fleet's turn during a long wait for the host: the result is then not fresh. Rejects
 * with the signal's reason, and with the errors of `FirstWriteLock.take`.
 */
export async function takeTurn(
  fleet: Pick<FleetHooks, 'takeTurn'> | null,
  host: Pick<FirstWriteLock, 'take'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<HeldTurn> {
  const turn = (await fleet?.takeTurn(signal)) ?? null;
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
