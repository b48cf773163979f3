// How long to wait before the same bytes are tried again. Pure: no clock, no timer.
// Full jitter after M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): a wait drawn from all of
// [0, cap) spreads clients that failed together better than any fixed part plus noise.

const firstMs = 250;
const longestMs = 30_000;
/** Raft groups and leaders need about this long to change anything (contract: elections take 0.9–1.5 s). */
const formingMs = 1_000;

/**
 * @param failures attempts that failed in a row, from 1
 * @param random draws from [0, 1)
 * @returns ms, at least `atLeastMs`
 */
export function backoff(failures: number, atLeastMs: number, random: () => number): number {
  const cap = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return Math.max(atLeastMs, random() * cap);
}

/** The wait after a `forming` answer: never under a second. */
export function formingBackoff(failures: number, random: () => number): number {
  return formingMs + backoff(failures, 0, random);
}
