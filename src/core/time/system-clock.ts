import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../types/index.js';

const longestMs = 2 ** 31 - 1;

/** The clock of the system. */
export const clock: Clock = {
  now: () => Date.now(),
  // Does not use `performance`, because Node takes 2 ms to create this global object.
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  // Node fires timers of 2^31 ms or more immediately, so longer waits are cut to 24 days.
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, longestMs));
    return () => clearTimeout(timer);
  },
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await wait(Math.min(ms, longestMs), undefined, signal === undefined ? {} : { signal });
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
