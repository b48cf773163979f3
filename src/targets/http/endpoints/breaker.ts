// The circuit breaker of one endpoint, as a pure state machine: each transition gets the time and a random number as
// arguments. After Nygard, "Release It!" (2018), with one difference: only a write with a response closes the circuit,
// not a probe. A node may accept connections and still lose every body. If a successful probe closed the circuit, the
// circuit of such a node would close again every second.

/**
 * `closed`: the endpoint gets its share of writes. `open`: the endpoint gets only probes. `trial`: a probe was
 * acknowledged. The endpoint then gets one write at a time until it responds to a write.
 */
export interface Breaker {
  readonly phase: 'closed' | 'open' | 'trial';
  /** Number of consecutive writes that were sent and got no response. */
  readonly losses: number;
  /** Number of times that the circuit has opened since the last write that got a response. */
  readonly openings: number;
  /** Monotonic ms at which the circuit opened; used while it is open. */
  readonly openedAt: number;
  /** Monotonic ms from which the next probe may be sent; used while the circuit is open. */
  readonly dueAt: number;
  /** Total duration of earlier open phases, ms. */
  readonly openMs: number;
}

/**
 * Result of one request. `answered`: a write got any response, even a refusal. `lost`: a write was sent and got no
 * response. `unreachable`: nothing was sent. `dead`: a probe got no response. `alive`: a probe was acknowledged.
 */
export type RequestResult = 'answered' | 'lost' | 'unreachable' | 'dead' | 'alive';

export interface BreakerInput {
  /** Current time of the monotonic clock, ms. */
  readonly now: number;
  /** True if another endpoint accepts writes. Otherwise a lost write is no evidence against this endpoint. */
  readonly othersTake: boolean;
  /** Random number in [0, 1). */
  readonly random: number;
}

const firstOpenMs = 1_000;
const maxOpenMs = 60_000;
/**
 * The circuit opens after this many consecutive lost writes, not after the first: a bad body alone may make a server
 * drop or stall its connection.
 */
const lossesBeforeOpen = 3;

export const closed: Breaker = { phase: 'closed', losses: 0, openings: 0, openedAt: 0, dueAt: 0, openMs: 0 };

/** Returns the next state; the same object if nothing changes. */
export function next(breaker: Breaker, result: RequestResult, input: BreakerInput): Breaker {
  switch (result) {
    case 'answered':
      return { ...closed, openMs: openMsAt(breaker, input.now) };
    case 'alive':
      return breaker.phase === 'open' ? { ...breaker, phase: 'trial', openMs: openMsAt(breaker, input.now) } : breaker;
    case 'unreachable':
      return opened(breaker, input);
    case 'dead':
      return input.othersTake || breaker.phase !== 'closed' ? opened(breaker, input) : breaker;
    case 'lost': {
      const more = { ...breaker, losses: breaker.losses + 1 };
      const enough = breaker.phase !== 'closed' || more.losses >= lossesBeforeOpen;
      return enough && (input.othersTake || breaker.phase !== 'closed') ? opened(more, input) : more;
    }
  }
}

/** Returns the total duration of open phases until `now`, ms. */
export function openMsAt({ phase, openMs, openedAt }: Breaker, now: number): number {
  return openMs + (phase === 'open' ? now - openedAt : 0);
}

function opened(breaker: Breaker, { now, random }: BreakerInput): Breaker {
  // Several requests in flight may report the same failure. Only their first report counts.
  if (breaker.phase === 'open' && now < breaker.dueAt) return breaker;
  const cap = Math.min(firstOpenMs * 2 ** Math.min(breaker.openings, 16), maxOpenMs);
  return {
    ...breaker,
    phase: 'open',
    openings: breaker.openings + 1,
    openedAt: breaker.phase === 'open' ? breaker.openedAt : now,
    // Half of the wait is random, so that several processes of bulk-load do not probe at the same time.
    dueAt: now + cap * (0.5 + 0.5 * random),
  };
}
