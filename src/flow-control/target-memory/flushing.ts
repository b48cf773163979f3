// When the target is asked to flush: before this load's unflushed rows fill what the plan leaves them, and as relief when
// it answers nothing but "memory exhausted". Pure: events in, a new state and a decision out.

import type { FlushOutcome } from '../../core/types/index.js';
import { type Believed, believe, remember } from './memcache-estimate.js';

/** Two flushes are never closer than this, from the begin of one to the begin of the next. */
export const apartMs = 2_000;
/** A planned flush that takes longer does harm: it is the last. */
const longestMs = 10_000;
const reliefAfterMs = 30_000;
const reliefEveryMs = 60_000;
/** Writes slowed so much by a flush, so many times in a row, and by more than noise: it is given up. */
const slowdown = 2;
const slowTimes = 3;
const noiseMs = 20;
const fewestSamples = 3;
const failuresToGiveUp = 3;
/** A target that writes slower than we send is waited for at the limit, but not for ever: its gauge may never fall. */
const longestHoldMs = 120_000;
/** Weight of the newest answer in the mean latency. */
const alpha = 0.1;

/** Unflushed bytes on the fullest node at which a flush is due, and at which writing waits for it. */
export interface Marks {
  readonly dueBytes: number;
  readonly holdBytes: number;
}

export interface FlushingOptions {
  /** Bytes of each body that end up on the fullest node. */
  readonly share: number;
  /** From the plan; null: no flush is planned. */
  readonly plan: Marks | null;
  /** False: the target is never asked to flush. */
  readonly relieve: boolean;
  /** Nodes that hold the database: gauges of fewer cannot tell that there is less than believed. */
  readonly nodes: number;
}

/** `at`: monotonic ms. */
export type FlushingEvent =
  | { readonly kind: 'accepted'; readonly bytes: number; readonly latencyMs: number; readonly at: number }
  /** `asked`: a stage has ended, flush whatever there is. */
  | { readonly kind: 'exhausted' | 'otherAnswer' | 'tick' | 'asked'; readonly at: number }
  | { readonly kind: 'gauges'; readonly bytes: readonly (number | null)[]; readonly at: number }
  | { readonly kind: 'flushed'; readonly outcome: FlushOutcome; readonly at: number };

export interface Flushing extends Believed {
  /** Begin of the flush under way; null: none is. */
  readonly flushingSince: number | null;
  /** The flush under way ends a stage. Sending waits for it, so its duration slows no write. */
  readonly endsStage: boolean;
  readonly lastFlushAt: number;
  /** First of the answers in a row that said nothing but "memory exhausted". */
  readonly exhaustedSince: number | null;
  readonly lastReliefAt: number;
  /** Why no more flush is planned; null while it goes on. */
  readonly givenUp: string | null;
  /** Given up since it takes too long. The target's own flushes go on; at the limit they are waited for. */
  readonly slowly: boolean;
  /** Since when they are; null: they are not. */
  readonly heldSince: number | null;
  /** Nor any relief: the target does not let us. */
  readonly notPermitted: boolean;
  /** Mean latency of writes outside flushes, ms; null before the first. */
  readonly calmMs: number | null;
  readonly during: { readonly count: number; readonly totalMs: number };
  readonly slow: number;
  readonly failures: number;
}

/** Why a flush begins. `stage`: the load waits for it at the end of a stage. */
export type FlushCause = 'planned' | 'relief' | 'stage';

export interface FlushingDecision {
  /** Begin a flush now. */
  readonly flush: FlushCause | null;
  /** Nothing new is to be sent until the flush under way has ended. */
  readonly hold: boolean;
}

export const unflushed: Flushing = {
  pending: 0,
  fresh: 0,
  factor: 1,
  history: [],
  flushingSince: null,
  endsStage: false,
  lastFlushAt: Number.NEGATIVE_INFINITY,
  exhaustedSince: null,
  lastReliefAt: Number.NEGATIVE_INFINITY,
  givenUp: null,
  slowly: false,
  heldSince: null,
  notPermitted: false,
  calmMs: null,
  during: { count: 0, totalMs: 0 },
  slow: 0,
  failures: 0,
};

/** Takes in one event and decides. Whoever is told to flush does it, and reports `flushed`. */
export function step(
  before: Flushing,
  event: FlushingEvent,
  options: FlushingOptions,
): { readonly state: Flushing; readonly decision: FlushingDecision } {
  const learned = learn(before, event, options);
  const believed = learned.pending + learned.fresh;
  const full = learned.slowly && options.plan !== null && believed >= options.plan.holdBytes;
  const heldSince = full ? (learned.heldSince ?? event.at) : null;
  const state = { ...learned, heldSince };
  const flush = due(state, event, options);
  const next = flush === null ? state : begun(state, event.at, flush);
  return { state: next, decision: { flush, hold: holds(next, event.at, options) } };
}

function learn(state: Flushing, event: FlushingEvent, { share, nodes }: FlushingOptions): Flushing {
  switch (event.kind) {
    case 'accepted':
      return {
        ...timed(state, event.latencyMs),
        fresh: state.fresh + event.bytes * share * state.factor,
        exhaustedSince: null,
      };
    case 'exhausted':
      return { ...state, exhaustedSince: state.exhaustedSince ?? event.at };
    case 'otherAnswer':
      return { ...state, exhaustedSince: null };
    case 'asked':
      return state;
    case 'tick':
      return { ...state, ...remember(state, event.at) };
    case 'gauges':
      return { ...state, ...believe(state, event.bytes, nodes) };
    case 'flushed':
      return ended(state, event.outcome);
  }
}

function timed(state: Flushing, latencyMs: number): Flushing {
  if (state.flushingSince !== null) {
    const { count, totalMs } = state.during;
    return { ...state, during: { count: count + 1, totalMs: totalMs + latencyMs } };
  }
  const calmMs = state.calmMs === null ? latencyMs : state.calmMs + alpha * (latencyMs - state.calmMs);
  return { ...state, calmMs };
}

/** What was acknowledged before a flush began is on disk when it has ended well. */
function ended(state: Flushing, { kind, tookMs, reason }: FlushOutcome): Flushing {
  const rest: Flushing = { ...state, flushingSince: null, during: unflushed.during };
  if (kind === 'notPermitted') {
    return { ...rest, notPermitted: true, givenUp: `it is not permitted: ${reason ?? ''}` };
  }
  if (kind === 'failed') {
    const failures = state.failures + 1;
    return {
      ...rest,
      failures,
      givenUp: state.givenUp ?? (failures < failuresToGiveUp ? null : `it fails: ${reason}`),
    };
  }
  const slow = !state.endsStage && wasSlowed(state) ? state.slow + 1 : 0;
  const late = !state.endsStage && (tookMs > longestMs || kind === 'timedOut');
  const why = late
    ? `it took more than ${longestMs / 1000}s`
    : slow >= slowTimes
      ? 'it slows the writes twofold'
      : null;
  // Without an answer nothing is known to be on disk, but the target goes on with it.
  const pending = kind === 'done' ? 0 : state.pending;
  return { ...rest, pending, slow, failures: 0, slowly: state.slowly || late, givenUp: state.givenUp ?? why };
}

function wasSlowed({ calmMs, during: { count, totalMs } }: Flushing): boolean {
  if (calmMs === null || count < fewestSamples) return false;
  return totalMs / count > slowdown * calmMs && totalMs / count - calmMs > noiseMs;
}

function due(state: Flushing, { kind, at }: FlushingEvent, { plan, relieve }: FlushingOptions): FlushCause | null {
  if (!relieve || state.notPermitted || state.flushingSince !== null || at - state.lastFlushAt < apartMs) return null;
  const exhausted = state.exhaustedSince !== null && at - state.exhaustedSince >= reliefAfterMs;
  if ((exhausted || state.heldSince !== null) && at - state.lastReliefAt >= reliefEveryMs) return 'relief';
  if (kind === 'asked') return 'stage';
  if (plan === null || state.givenUp !== null) return null;
  return state.pending + state.fresh >= plan.dueBytes ? 'planned' : null;
}

function begun(state: Flushing, at: number, why: FlushCause): Flushing {
  return {
    ...state,
    pending: state.pending + state.fresh,
    fresh: 0,
    flushingSince: at,
    endsStage: why === 'stage',
    lastFlushAt: at,
    lastReliefAt: why === 'relief' ? at : state.lastReliefAt,
    during: unflushed.during,
  };
}

/** Only for a flush that can still help; one that was given up for other reasons than its time must not stop the load. */
function holds(state: Flushing, at: number, { plan, relieve }: FlushingOptions): boolean {
  if (plan === null || !relieve || state.notPermitted) return false;
  if (state.givenUp !== null) return state.heldSince !== null && at - state.heldSince < longestHoldMs;
  return state.pending + state.fresh >= plan.holdBytes;
}
