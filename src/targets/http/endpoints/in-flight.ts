import type { Verdict } from '../../../core/types/index.js';

/** A write in flight. The caller may abort the write, or a probe may show that its endpoint is dead. */
export class InFlightRequest {
  readonly index: number;
  /** Monotonic ms at which the write began. */
  readonly since: number;
  readonly #caller: AbortSignal;
  readonly #abort = new AbortController();
  readonly #completed: (request: InFlightRequest, verdict: Verdict | null, points: number) => void;
  readonly #stop = (): void => this.#abort.abort(this.#caller.reason);
  #cancelled = false;

  constructor(
    index: number,
    since: number,
    caller: AbortSignal,
    completed: (request: InFlightRequest, verdict: Verdict | null, points: number) => void,
  ) {
    this.index = index;
    this.since = since;
    this.#caller = caller;
    this.#completed = completed;
    if (caller.aborted) this.#stop();
    caller.addEventListener('abort', this.#stop, { once: true });
  }

  /** Signal that aborts the exchange. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * True if the circuit of the endpoint opened before the endpoint responded. The caller may then send the same bytes
   * to another endpoint.
   */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    this.#cancelled = !this.#abort.signal.aborted;
    this.#abort.abort();
  }

  /** Ends the request. Must be called exactly once. A null verdict means that the caller aborted the request. */
  complete(verdict: Verdict | null, points: number): void {
    this.#caller.removeEventListener('abort', this.#stop);
    this.#completed(this, verdict, points);
  }
}
