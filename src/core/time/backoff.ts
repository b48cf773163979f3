// Computes the waits between attempts.

export interface BackoffRange {
  /** Longest wait after the first failure, ms. */
  readonly firstMs: number;
  /** Longest wait after any failure, ms. */
  readonly maxMs: number;
}

/**
 * Draws a wait in ms uniformly from [0, cap), where cap doubles with each failure. This is the "full jitter" of M.
 * Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). Full jitter spreads clients that failed
 * together better than a fixed wait plus noise.
 * @param failures number of consecutive failed attempts, at least 1
 * @param random returns a number in [0, 1)
 */
export function fullJitter(failures: number, { firstMs, maxMs }: BackoffRange, random: () => number): number {
  return random() * Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 20));
}
