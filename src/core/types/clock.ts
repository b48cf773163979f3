/** The source of time. All code that waits uses a clock, so tests can run on a virtual clock. */
export interface Clock {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Monotonic time, ms from an arbitrary origin, with fractions. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with `signal.reason` as soon as the signal aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`; the returned function cancels the call. Keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back every `ms`; the returned function stops the calls. Does not keep the process alive. */
  every(ms: number, callback: () => void): () => void;
}
