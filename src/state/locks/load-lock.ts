// A lock that allows only one process at a time to run a load.

import { BusyError, StateError } from '../../core/errors.js';
import { duration } from '../../core/text.js';
import type { Clock, Notice } from '../../core/types/index.js';
import { writeFailure } from '../state-dir.js';
import { type HeldLock, type LockAttempt, OddLockError, takeLock } from './lock.js';
import { type Holder, silenceMs } from './lock-holder.js';

export interface LoadLockOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  /** Called when another run has considered this run dead, and has replaced the lock of this run. */
  readonly lost: () => void;
}

/** Interval at which the lock is read again while its holder runs in another container or on another host, ms. */
const watchMs = 1000;

/**
 * Takes the lock. If the holder runs in another container or on another host, waits until the last heartbeat of the
 * holder expires. Throws BusyError if the holder certainly runs, or writes a new heartbeat during the wait. Throws
 * StateError if the lock cannot be written, and the signal's reason if the signal aborts.
 */
export async function takeLoadLock(path: string, options: LoadLockOptions): Promise<HeldLock> {
  const { clock, signal, notify } = options;
  const from = clock.monotonic();
  let watched: Holder | null = null;
  for (;;) {
    const silent = watched !== null && clock.monotonic() - from >= silenceMs;
    const attempt = tryTake(path, options, silent ? watched : null);
    if ('held' in attempt) return attempt.held;
    const { by, freeInMs } = attempt;
    const renewed = watched !== null && (by.nonce !== watched.nonce || by.heartbeat !== watched.heartbeat);
    if (freeInMs === null || renewed) throw busy(by);
    if (watched === null) notify({ level: 'info', kind: 'lock', message: waiting(by, freeInMs, clock.now()) });
    watched = by;
    await clock.sleep(Math.min(watchMs, freeInMs), signal);
  }
}

function tryTake(path: string, { clock, lost }: LoadLockOptions, presumedDead: Holder | null): LockAttempt {
  try {
    return takeLock(path, { clock, lost, ...(presumedDead === null ? {} : { presumedDead }) });
  } catch (error) {
    if (!(error instanceof OddLockError)) throw writeFailure('taking the lock of the load', path, error);
    throw new BusyError({
      tried: 'taking the lock of the load',
      expected: `a lock file at ${error.path}`,
      found: error.message,
      fix: 'remove the file if no other run uses it',
    });
  }
}

function waiting({ pid, host, heartbeat }: Holder, freeInMs: number, now: number): string {
  const age = duration(Math.max(0, now - heartbeat) / 1000);
  const rest = duration(freeInMs / 1000);
  return `a run as pid ${pid} on ${host} renewed the lock of this load ${age} ago; if that run is gone, the lock becomes free in ${rest}`;
}

/** Returns the error of a run that has lost a lock. `tried` is what the run does; `lock` names the lock. */
export function lockLost(tried: string, lock: string): StateError {
  return new StateError({
    tried,
    expected: `to keep ${lock}`,
    found: 'another run that took over the lock',
    fix: 'stop one of the two runs',
  });
}

function busy({ pid, host }: Holder): BusyError {
  return new BusyError({
    tried: 'starting the load',
    expected: 'no other run of this load',
    found: `a run as pid ${pid} on ${host}`,
    fix: 'wait until that run ends, or stop that run',
  });
}
