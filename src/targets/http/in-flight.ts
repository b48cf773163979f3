// One write under way to one endpoint: two may end it early, the caller, and whoever finds the endpoint dead.

import type { Verdict } from '../../core/types/index.js';

export class InFlightRequest {
  readonly index: number;
  /** Monotonic ms. */
  readonly since: number;
  readonly #caller: AbortSignal;
  readonly #abort = new AbortController();
  readonly #landed: (flight: InFlightRequest, verdict: Verdict | null, points: number) => void;
  readonly #stop = (): void => this.#abort.abort(this.#caller.reason);
  #lost = false;

  constructor(
    index: number,
    since: number,
    caller: AbortSignal,
    landed: (flight: InFlightRequest, verdict: Verdict | null, points: number) => void,
  ) {
    this.index = index;
    this.since = since;
    this.#caller = caller;
    this.#landed = landed;
    if (caller.aborted) this.#stop();
    caller.addEventListener('abort', this.#stop, { once: true });
  }

  /** For the request. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The endpoint was found dead while the answer was awaited: the same bytes may go to another. */
  get lost(): boolean {
    return this.#lost;
  }

  cancel(): void {
    this.#lost = !this.#abort.signal.aborted;
    this.#abort.abort();
  }

  /** Once, when it is over. `points` counts when it was accepted; null: the caller left, and nothing was learned. */
  complete(verdict: Verdict | null, points: number): void {
    this.#caller.removeEventListener('abort', this.#stop);
    this.#landed(this, verdict, points);
  }
}
