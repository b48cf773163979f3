// Which endpoint gets the next request, and which is left alone. A dead node slows the load and never eats batches: it is
// probed in the background while others take its share, and what still waits on it goes to them.

import type { Clock, EndpointTotals, Verdict } from '../../core/types/index.js';
import { type Breaker, closed, next, openMsAt, type RequestResult } from './breaker.js';
import { InFlightRequest } from './in-flight.js';

/** A write that has been unanswered for so long is reason to ask whether the endpoint is still there. */
const doubtMs = 5_000;

interface State {
  readonly index: number;
  readonly shown: string;
  breaker: Breaker;
  loaded: number;
  failures: number;
  probing: boolean;
  readonly flights: Set<InFlightRequest>;
}

export interface EndpointHooks {
  /** What the endpoint says to an empty write. Never rejects. */
  probe(index: number): Promise<Verdict>;
  /** An endpoint is left alone (`up: false`), or takes writes again. `others`: whether another takes its share. */
  changed?(shown: string, up: boolean, why: string, others: boolean): void;
  random?(): number;
}

/** Circuit breakers, one an endpoint, and the choice among those that are closed. */
export class Endpoints {
  readonly #states: readonly State[];
  readonly #clock: Clock;
  readonly #hooks: EndpointHooks;
  #turn = 0;

  constructor(shown: readonly string[], clock: Clock, hooks: EndpointHooks) {
    const fresh = { breaker: closed, loaded: 0, failures: 0, probing: false };
    this.#states = shown.map((url, index) => ({ index, shown: url, ...fresh, flights: new Set<InFlightRequest>() }));
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Index of the endpoint to ask next: of those that take writes the least busy, in turn among equals. */
  pick(): number {
    const count = this.#states.length;
    const inTurn = this.#states.map((_, step) => this.#states[(this.#turn + step) % count]);
    const picked = inTurn.reduce((best, state) => (burden(state) < burden(best) ? state : best));
    this.#turn = (picked.index + 1) % count;
    for (const state of this.#states) if (state !== picked && this.#isDue(state)) this.#probe(state);
    return picked.index;
  }

  /** A write to the endpoint picked. Whoever begins it lands it. */
  begin(caller: AbortSignal): InFlightRequest {
    const state = this.#states[this.pick()];
    let calm = (): void => {};
    const watch = (): void => {
      calm = this.#clock.after(doubtMs, () => {
        if (this.#othersTake(state)) this.#probe(state);
        watch();
      });
    };
    const flight = new InFlightRequest(state.index, this.#clock.monotonic(), caller, (landed, verdict, points) => {
      calm();
      state.flights.delete(landed);
      if (verdict !== null) this.learn(state.index, verdict, points);
    });
    watch();
    state.flights.add(flight);
    return flight;
  }

  /** Takes in what became of a write of `points`. */
  learn(index: number, verdict: Verdict, points: number): void {
    const state = this.#states[index];
    if (verdict.kind === 'accepted') state.loaded += points;
    else if (verdict.kind !== 'rejected') state.failures++;
    this.#take(state, signOf(verdict), 'reason' in verdict ? verdict.reason : verdict.kind);
  }

  accounts(): EndpointTotals[] {
    const now = this.#clock.monotonic();
    return this.#states.map(({ shown, loaded, failures, breaker, flights: [oldest] }) => ({
      url: shown,
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

  #take(state: State, sign: RequestResult, why: string): void {
    const before = state.breaker.phase;
    const random = this.#hooks.random?.() ?? Math.random();
    const othersTake = this.#othersTake(state);
    state.breaker = next(state.breaker, sign, { now: this.#clock.monotonic(), othersTake, random });
    const { phase } = state.breaker;
    if (before !== 'open' && phase === 'open') {
      this.#hooks.changed?.(state.shown, false, why, othersTake);
      if (othersTake) for (const flight of state.flights) flight.cancel();
    } else if (before !== 'closed' && phase === 'closed') {
      this.#hooks.changed?.(state.shown, true, 'it takes writes again', othersTake);
    }
  }

  #probe(state: State): void {
    if (state.probing) return;
    state.probing = true;
    void this.#hooks.probe(state.index).then((verdict) => {
      state.probing = false;
      const sign = signOf(verdict);
      if (verdict.kind === 'accepted') this.#take(state, 'alive', '');
      else if (sign !== 'answered' || state.breaker.phase === 'open') this.#take(state, 'dead', wordsOf(verdict));
    });
  }
}

/** Open ones come last; one on trial gets a single request at a time. */
function burden({ breaker, flights }: State): number {
  const alone = breaker.phase === 'open' || (breaker.phase === 'trial' && flights.size > 0);
  return flights.size + (alone ? 1e6 : 0);
}

/** Whether it is no answer at all. */
export function isSilence(
  verdict: Verdict,
): verdict is Extract<Verdict, { kind: 'unreachable' | 'dropped' | 'overloaded' }> {
  if (verdict.kind === 'overloaded') return verdict.timedOut;
  return verdict.kind === 'unreachable' || verdict.kind === 'dropped';
}

function signOf(verdict: Verdict): RequestResult {
  if (!isSilence(verdict)) return 'answered';
  return verdict.kind === 'unreachable' && !verdict.mayBeApplied ? 'unreachable' : 'lost';
}

function wordsOf(verdict: Verdict): string {
  return isSilence(verdict)
    ? `no answer to an empty write: ${verdict.reason}`
    : 'it does not acknowledge an empty write';
}
