// Which endpoint gets the next request. One that cannot be reached is left alone for a while that doubles, so that a dead
// node slows the load and never eats batches; it is probed in the background while others take its share.

import type { Clock, EndpointAccount, Verdict } from '../model.js';

const firstOpenMs = 1_000;
const longestOpenMs = 60_000;
/** A frozen node takes connections and never answers; one request that hangs for a minute is nothing unusual. */
const silencesBeforeOpen = 3;

interface State {
  readonly index: number;
  readonly shown: string;
  loaded: number;
  failures: number;
  /** Unreachable ones since the last answer; 0: closed, it gets its share. */
  misses: number;
  /** Requests in a row whose answer we gave up waiting for. */
  silences: number;
  /** Monotonic ms, while open: since when, and when it may be tried again. */
  openedAt: number;
  dueAt: number;
  openMs: number;
  probing: boolean;
}

export interface EndpointHooks {
  /** Whether the endpoint acknowledges an empty write. Never rejects. */
  probe(index: number): Promise<boolean>;
  /** An endpoint was opened (`up: false`) or closed again. */
  changed?(shown: string, up: boolean, why: string): void;
  random?(): number;
}

/** Circuit breakers, one an endpoint, and the turn among those that are closed. */
export class Endpoints {
  readonly #states: readonly State[];
  readonly #clock: Clock;
  readonly #hooks: EndpointHooks;
  #turn = 0;

  constructor(shown: readonly string[], clock: Clock, hooks: EndpointHooks) {
    const fresh = { loaded: 0, failures: 0, misses: 0, silences: 0, openedAt: 0, dueAt: 0, openMs: 0, probing: false };
    this.#states = shown.map((url, index) => ({ index, shown: url, ...fresh }));
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Index of the endpoint for the next request: round robin over closed ones; all open: the one due soonest. */
  pick(): number {
    const now = this.#clock.monotonic();
    const count = this.#states.length;
    let found: State | null = null;
    for (let step = 0; step < count && found === null; step++) {
      const state = this.#states[(this.#turn + step) % count];
      if (state.misses === 0) found = state;
    }
    const picked = found ?? this.#dueSoonest();
    for (const state of this.#states)
      if (state.misses > 0 && state.dueAt <= now && state !== picked) this.#startProbe(state);
    this.#turn = (picked.index + 1) % count;
    return picked.index;
  }

  /**
   * Takes in what became of a request of `points`. `unreachable` opens at once: nothing was sent, and the next pick costs
   * nothing. Any answer closes; silence and a lost connection are none.
   */
  learn(index: number, verdict: Verdict, points: number): void {
    const state = this.#states[index];
    if (verdict.kind === 'accepted') state.loaded += points;
    else if (verdict.kind !== 'rejected') state.failures++;
    if (verdict.kind === 'unreachable') this.#open(state, verdict.reason);
    else if (verdict.kind === 'overloaded' && verdict.timedOut) this.#silence(state, verdict.reason);
    else if (verdict.kind !== 'dropped') this.#close(state);
  }

  accounts(): EndpointAccount[] {
    const now = this.#clock.monotonic();
    return this.#states.map(({ shown, loaded, failures, misses, openedAt, openMs }) => ({
      url: shown,
      loaded,
      failures,
      openSeconds: (openMs + (misses > 0 ? now - openedAt : 0)) / 1000,
    }));
  }

  #dueSoonest(): State {
    return this.#states.reduce((first, state) => (state.dueAt < first.dueAt ? state : first));
  }

  #open(state: State, reason: string): void {
    const now = this.#clock.monotonic();
    if (state.misses === 0) {
      state.openedAt = now;
      this.#hooks.changed?.(state.shown, false, reason);
    } else if (state.dueAt > now) {
      return; // others in flight learned the same: one miss
    }
    const longest = Math.min(firstOpenMs * 2 ** state.misses, longestOpenMs);
    state.misses++;
    // Half of it is jitter, so that several loaders do not knock together.
    state.dueAt = now + longest * (0.5 + 0.5 * (this.#hooks.random?.() ?? Math.random()));
  }

  #silence(state: State, reason: string): void {
    if (++state.silences >= silencesBeforeOpen) this.#open(state, reason);
  }

  #close(state: State): void {
    state.silences = 0;
    if (state.misses === 0) return;
    state.openMs += this.#clock.monotonic() - state.openedAt;
    state.misses = 0;
    state.dueAt = 0;
    this.#hooks.changed?.(state.shown, true, 'it answers again');
  }

  #startProbe(state: State): void {
    if (state.probing) return;
    state.probing = true;
    void this.#hooks.probe(state.index).then((alive) => {
      state.probing = false;
      if (alive) this.#close(state);
      else if (state.misses > 0) this.#open(state, 'still no answer');
    });
  }
}
