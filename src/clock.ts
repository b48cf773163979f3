// The real clock.

import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './model.js';

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      // Node's timers wrap around beyond 2^31 ms; nothing here waits 24 days in one go.
      await wait(Math.min(ms, 2 ** 31 - 1), undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
