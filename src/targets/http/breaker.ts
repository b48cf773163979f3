// The circuit breaker of one endpoint, as a value. Pure: time and chance come in, the next state comes out.
// After Nygard, "Release It!" (2018), with one difference: a probe that is answered does not close it, only a write
// that is. A node may greet and then lose every body, and would otherwise be forgiven once a second.

/**
 * `closed`: it gets its share. `open`: it is left alone and probed. `trial`: a probe was acknowledged; it gets one
 * request at a time until one is answered.
 */
export interface Breaker {
  readonly phase: 'closed' | 'open' | 'trial';
  /** Requests in a row that were lost: dropped, or given up on. */
  readonly losses: number;
  /** How often it opened since it last answered a write. */
  readonly openings: number;
  /** Monotonic ms, while open: since when, and from when on it may be probed. */
  readonly openedAt: number;
  readonly dueAt: number;
  /** ms it was open before. */
  readonly openMs: number;
}

/**
 * What became of a request. `answered`: any answer to a write, also a refusal. `lost`: it was sent, and no answer came.
 * `unreachable`: nothing was sent. `dead`: a probe got no answer. `alive`: a probe was acknowledged.
 */
export type RequestResult = 'answered' | 'lost' | 'unreachable' | 'dead' | 'alive';

export interface BreakerInput {
  /** Monotonic ms. */
  readonly now: number;
  /** Whether another endpoint takes writes: where none does, what is lost says nothing about this one. */
  readonly othersTake: boolean;
  /** From [0, 1). */
  readonly random: number;
}

const firstOpenMs = 1_000;
const longestOpenMs = 60_000;
/** One body may be what kills a connection, or hang for a minute; three in a row are the endpoint. */
const lossesBeforeOpen = 3;

export const closed: Breaker = { phase: 'closed', losses: 0, openings: 0, openedAt: 0, dueAt: 0, openMs: 0 };

/** The same object when nothing changes. */
export function next(breaker: Breaker, sign: RequestResult, when: BreakerInput): Breaker {
  switch (sign) {
    case 'answered':
      return { ...closed, openMs: openMsAt(breaker, when.now) };
    case 'alive':
      return breaker.phase === 'open' ? { ...breaker, phase: 'trial', openMs: openMsAt(breaker, when.now) } : breaker;
    case 'unreachable':
      return opened(breaker, when);
    case 'dead':
      return when.othersTake || breaker.phase !== 'closed' ? opened(breaker, when) : breaker;
    case 'lost': {
      const more = { ...breaker, losses: breaker.losses + 1 };
      const enough = breaker.phase !== 'closed' || more.losses >= lossesBeforeOpen;
      return enough && (when.othersTake || breaker.phase !== 'closed') ? opened(more, when) : more;
    }
  }
}

/** ms it has been open in all. */
export function openMsAt({ phase, openMs, openedAt }: Breaker, now: number): number {
  return openMs + (phase === 'open' ? now - openedAt : 0);
}

function opened(breaker: Breaker, { now, random }: BreakerInput): Breaker {
  // Others that were under way learn the same a little later: that is one failure, not eight.
  if (breaker.phase === 'open' && now < breaker.dueAt) return breaker;
  const longest = Math.min(firstOpenMs * 2 ** Math.min(breaker.openings, 16), longestOpenMs);
  return {
    ...breaker,
    phase: 'open',
    openings: breaker.openings + 1,
    openedAt: breaker.phase === 'open' ? breaker.openedAt : now,
    // Half of it is jitter, so that several loaders do not knock together.
    dueAt: now + longest * (0.5 + 0.5 * random),
  };
}
