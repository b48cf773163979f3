// Signals: the first signal stops a run cleanly, and the second signal stops the run at once. A status signal prints
// the progress.

import { InterruptedError } from '../core/errors.js';
import type { Process } from './process.js';

export interface Interruption {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Restores the default handling of signals. If a signal stopped the run, restores it only after one second. */
  end(): void;
}

/** Time for which the handlers remain after a stop, ms. A stopped process exits within this time. */
const exitMs = 1_000;

/** Turns signals of the process into two abort signals. Calls `notify` once, at the first signal. */
export function onSignals(process: Process, notify: (line: string) => void): Interruption {
  const stop = new AbortController();
  const abort = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = (): void => {
      // A closed terminal sends SIGHUP. The load then ends as after SIGTERM.
      const reason = new InterruptedError(signal === 'SIGHUP' ? 'SIGTERM' : signal);
      if (stop.signal.aborted) abort.abort(reason);
      else {
        notify(
          `${signal}: bulk-load is stopping and waits at most 10s for its requests in flight; send the signal again to stop at once`,
        );
        stop.abort(reason);
      }
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return {
    stop: stop.signal,
    abort: abort.signal,
    end: () => {
      const restore = (): void => {
        for (const [signal, handler] of handlers) process.off(signal, handler);
      };
      // The results are written. The handlers remain for a second, so that no further signal changes the exit code.
      if (stop.signal.aborted) setTimeout(restore, exitMs).unref();
      else restore();
    },
  };
}

/** Signals that print the progress. SIGUSR1 remains for users of earlier versions. */
const statusSignals = ['SIGUSR2', 'SIGUSR1'] as const;

/** Calls `show` at each status signal until the returned function is called. */
export function onStatus(process: Process, show: () => void): () => void {
  // Windows lacks both signals.
  if (process.platform === 'win32') return () => {};
  for (const signal of statusSignals) process.on(signal, show);
  return () => {
    for (const signal of statusSignals) process.off(signal, show);
  };
}
