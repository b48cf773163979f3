// Where time comes from.

/** Everything that waits takes its time from here, so tests can run on a virtual clock. */
export interface Clock {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Never goes back; ms from an arbitrary origin, with fractions. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with `signal.reason` as soon as the signal aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`, unless the returned function is called before. Keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back every `ms` until the returned function is called. Does not keep the process alive. */
  every(ms: number, callback: () => void): () => void;
}
