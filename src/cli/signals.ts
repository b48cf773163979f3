// First signal: stop cleanly. Second: at once. The process decides nothing itself; it hands the run two abort signals.

import { InterruptedError } from '../core/errors.js';
import type { Process } from './process.js';

export interface Interruption {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Puts the default handling of signals back. */
  end(): void;
}

/** `say` is told once, at the first signal. */
export function onSignals(process: Process, say: (line: string) => void): Interruption {
  const stop = new AbortController();
  const abort = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = (): void => {
      // A terminal that goes away ends the load as SIGTERM would.
      const reason = new InterruptedError(signal === 'SIGHUP' ? 'SIGTERM' : signal);
      if (stop.signal.aborted) abort.abort(reason);
      else {
        say(`${signal}: stopping once the requests in flight are answered (10s at most); again to stop at once`);
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
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
