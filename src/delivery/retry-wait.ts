// Waits before the same bytes are sent again. Pure: no clock, no timer.

import { fullJitter } from '../core/time/backoff.js';

/** Range of the wait after a failed attempt. */
const range = { firstMs: 250, maxMs: 30_000 };
/** Least time from one attempt to the next while raft groups or leaders change: elections take 0.9 to 1.5 s (measured on CnosDB 2.4.3.4), ms. */
const formingMs = 1_000;

/**
 * Returns the wait before the next attempt, ms, at least `atLeastMs`.
 * @param failures attempts that failed in a row, from 1
 * @param random draws from [0, 1)
 */
export function backoff(failures: number, atLeastMs: number, random: () => number): number {
  return Math.max(atLeastMs, fullJitter(failures, range, random));
}

/** Returns the wait after a `forming` response. Groups have had the time of the attempt itself. */
export function formingBackoff(failures: number, latencyMs: number, random: () => number): number {
  return Math.max(0, formingMs - latencyMs) + backoff(failures, 0, random);
}
