// Real time, accelerated: for whole loads over real sockets that contain waits.

import type { Clock } from '../../src/core/types/index.js';
import { realClock } from './clock.js';

export function hasty(times: number): Clock {
  return {
    now: () => realClock.now(),
    monotonic: () => realClock.monotonic() * times,
    sleep: (ms, signal) => realClock.sleep(ms / times, signal),
    after: (ms, callback) => realClock.after(ms / times, callback),
    every: (ms, callback) => realClock.every(ms / times, callback),
  };
}
