// Chooses the endpoint of each request. A dead node slows the load but loses no batch. The other endpoints get its
// share of the writes, and also the writes to which the node did not respond. Probes test the dead node in the
// background.

import type { Clock, EndpointTotals, Verdict } from '../../../core/types/index.js';
import { type Breaker, closed, next, openMsAt, type RequestResult } from './breaker.js';
import { InFlightRequest } from './in-flight.js';

/** While a write waits for its response, its endpoint is probed at this interval, ms. */
const doubtMs = 5_000;

interface State {
  readonly index: number;
  readonly url: string;
  breaker: Breaker;
  loaded: number;
  failures: number;
  probing: boolean;
  readonly requests: Set<InFlightRequest>;
}

export interface EndpointHooks {
  /** Sends an empty write. Never rejects. */
  probe(index: number): Promise<Verdict>;
  /** Reports that a circuit opened or closed. `othersTake` is true if another endpoint accepts writes. */
  changed?(url: string, isUp: boolean, reason: string, othersTake: boolean): void;
  random?(): number;
}

/** Contains one circuit breaker for each endpoint, and chooses among the endpoints with closed circuits. */
export class Endpoints {
  readonly #states: readonly State[];
  readonly #clock: Clock;
  readonly #hooks: EndpointHooks;
  #turn = 0;

  constructor(urls: readonly string[], clock: Clock, hooks: EndpointHooks) {
    const fresh = { breaker: closed, loaded: 0, failures: 0, probing: false };
    this.#states = urls.map((url, index) => ({ index, url, ...fresh, requests: new Set<InFlightRequest>() }));
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /**
   * Picks the endpoint with the fewest requests in flight. If several endpoints have equally few, picks each of them in
   * turn. Avoids open circuits if possible. Starts probes that are due.
   */
  pick(): number {
    const count = this.#states.length;
    const inTurn = this.#states.map((_, step) => this.#states[(this.#turn + step) % count]!);
    const picked = inTurn.reduce((best, state) => (burden(state) < burden(best) ? state : best));
    this.#turn = (picked.index + 1) % count;
    for (const state of this.#states) if (state !== picked && this.#isDue(state)) this.#probe(state);
    return picked.index;
  }

  /** Begins a write to the picked endpoint. The caller must call `complete` on the returned request. */
  begin(caller: AbortSignal): InFlightRequest {
    const state = this.#states[this.pick()]!;
    let stopWatch = (): void => {};
    const watch = (): void => {
      stopWatch = this.#clock.after(doubtMs, () => {
        if (this.#othersTake(state)) this.#probe(state);
        watch();
      });
    };
    const request = new InFlightRequest(state.index, this.#clock.monotonic(), caller, (completed, verdict, points) => {
      stopWatch();
      state.requests.delete(completed);
      if (verdict !== null) this.learn(state.index, verdict, points);
    });
    watch();
    state.requests.add(request);
    return request;
  }

  /** Records the verdict on a write with this number of points. */
  learn(index: number, verdict: Verdict, points: number): void {
    const state = this.#states[index]!;
    if (verdict.kind === 'accepted') state.loaded += points;
    else if (verdict.kind !== 'rejected') state.failures++;
    this.#apply(state, resultOf(verdict), 'reason' in verdict ? verdict.reason : verdict.kind);
  }

  closed(): number[] {
    return this.#states.filter(({ breaker }) => breaker.phase === 'closed').map(({ index }) => index);
  }

  totals(): EndpointTotals[] {
    const now = this.#clock.monotonic();
    return this.#states.map(({ url, loaded, failures, breaker, requests: [oldest] }) => ({
      url,
      loaded,
      failures,
      openSeconds: openMsAt(breaker, now) / 1000,
      ...(oldest === undefined ? {} : { waitingSince: oldest.since }),
    }));
  }

  #isDue({ breaker }: State): boolean {
    return breaker.phase === 'open' && breaker.dueAt <= this.#clock.monotonic();
  }

  #othersTake(state: State): boolean {
    return this.#states.some(
      (other) => other !== state && other.breaker.phase === 'closed' && other.breaker.losses === 0,
    );
  }

  #apply(state: State, result: RequestResult, reason: string): void {
    const before = state.breaker.phase;
    const random = this.#hooks.random?.() ?? Math.random();
    const othersTake = this.#othersTake(state);
    state.breaker = next(state.breaker, result, { now: this.#clock.monotonic(), othersTake, random });
    const { phase } = state.breaker;
    if (before !== 'open' && phase === 'open') {
      this.#hooks.changed?.(state.url, false, reason, othersTake);
      if (othersTake) for (const request of state.requests) request.cancel();
    } else if (before !== 'closed' && phase === 'closed') {
      this.#hooks.changed?.(state.url, true, 'the endpoint takes writes again', othersTake);
    }
  }

  #probe(state: State): void {
    if (state.probing) return;
    state.probing = true;
    void this.#hooks.probe(state.index).then((verdict) => {
      state.probing = false;
      const result = resultOf(verdict);
      if (verdict.kind === 'accepted') this.#apply(state, 'alive', '');
      else if (result !== 'answered' || state.breaker.phase === 'open')
        this.#apply(state, 'dead', probeFailure(verdict));
    });
  }
}

/**
 * Returns a rank; `pick` picks the smallest. An open circuit ranks last, and so does a circuit on trial that already
 * has a request.
 */
function burden({ breaker, requests }: State): number {
  const avoided = breaker.phase === 'open' || (breaker.phase === 'trial' && requests.size > 0);
  return requests.size + (avoided ? 1e6 : 0);
}

/** Tests whether a verdict means that no response came. */
export function isSilence(
  verdict: Verdict,
): verdict is Extract<Verdict, { kind: 'unreachable' | 'dropped' | 'overloaded' }> {
  if (verdict.kind === 'overloaded') return verdict.timedOut;
  return verdict.kind === 'unreachable' || verdict.kind === 'dropped';
}

function resultOf(verdict: Verdict): RequestResult {
  if (!isSilence(verdict)) return 'answered';
  return verdict.kind === 'unreachable' && !verdict.mayBeApplied ? 'unreachable' : 'lost';
}

function probeFailure(verdict: Verdict): string {
  return isSilence(verdict)
    ? `no answer to an empty write: ${verdict.reason}`
    : 'the endpoint does not acknowledge an empty write';
}
