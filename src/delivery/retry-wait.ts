// Computes the wait before the same bytes are sent again. All functions are pure.

import { fullJitter } from '../core/time/backoff.js';

/** A wait is random between 0 and an upper limit. The limit doubles with each failure, from `firstMs` to `maxMs`. */
const range = { firstMs: 250, maxMs: 30_000 };
/**
 * Minimum time between the starts of two attempts while raft groups form or elect leaders, ms. An election of CnosDB
 * 2.4.3.4 takes 0.9 to 1.5 s.
 */
const formingMs = 1_000;

/**
 * Returns the wait before the next attempt, ms, at least `atLeastMs`.
 * @param failures number of consecutive failed attempts, from 1
 * @param random draws from [0, 1)
 */
export function backoff(failures: number, atLeastMs: number, random: () => number): number {
  return Math.max(atLeastMs, fullJitter(failures, range, random));
}

/**
 * Returns the wait after a `forming` response, ms. A slow attempt (`latencyMs`) shortens the wait, because only the
 * starts of two attempts must be `formingMs` apart.
 */
export function formingBackoff(failures: number, latencyMs: number, random: () => number): number {
  return Math.max(0, formingMs - latencyMs) + backoff(failures, 0, random);
}
