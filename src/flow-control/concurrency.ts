// How many writers the target can take, as a pure function of its answers: additive increase, multiplicative decrease.
// Every number is compared only with answers to requests sent since the last change: older ones speak of the old limit.

import type { Verdict } from '../core/types/index.js';

/** Weight of the newest round, deviations tolerated, and ratio of a decrease: vector, adaptive_concurrency/mod.rs at c3445d4. */
const ewmaAlpha = 0.4;
const deviationScale = 2.5;
const slowRatio = 0.9;
/** An explicit "too much" counts for more than a slow answer; in slow start the last doubling is undone. */
const overloadRatio = 0.5;
/** After an explicit "too much" the limit rests: probing again each round trip would have every fourth request refused. */
const restMs = 1_000;
/** Below this a change of latency is scheduling noise, ms. */
const quickMs = 20;
/** A deviation is taken to be at least this share of the mean: few, equal answers must not make a hair trigger. */
const minDeviation = 0.1;
/** More writers than make an answer take this many times its best only lengthen the target's queue. */
const worthwhileSlowdown = 2;
/** The best is forgotten after this: a target may have become slower for good. */
const bestLivesMs = 60_000;
/** Bodies smaller than this share of the usual are not timed; sizes beyond this factor start a new baseline. */
const comparableSize = 0.5;
const newBaseline = 1.5;
const usualDecay = 0.9;

/** What an answer takes, ms, for a body of `bytes`. */
interface Baseline {
  readonly bytes: number;
  readonly mean: number;
  readonly variance: number;
  readonly best: number;
  readonly bestAt: number;
}

interface Round {
  readonly samples: number;
  readonly totalMs: number;
  /** The limit was used up at least once. */
  readonly reached: boolean;
}

export interface Congestion {
  /** 1 to max. */
  readonly limit: number;
  readonly max: number;
  /** Doubling per round until the first sign of congestion. */
  readonly slowStart: boolean;
  /** Monotonic ms of the last change of the limit. */
  readonly changedAt: number;
  /** No raise before this. */
  readonly restUntil: number;
  /** Size of a full body lately. */
  readonly usualBytes: number;
  readonly baseline: Baseline | null;
  readonly round: Round;
}

/** One answer. `inFlight` counts batches in flight when it arrived, its own included; `now` is monotonic ms. */
export interface Observation {
  readonly verdict: Verdict['kind'];
  readonly latencyMs: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly now: number;
}

const emptyRound: Round = { samples: 0, totalMs: 0, reached: false };

/** Young raft groups refuse first writes: start with one writer. */
export function uncongested(workers: number): Congestion {
  return {
    limit: 1,
    max: Math.max(1, workers),
    slowStart: true,
    changedAt: Number.NEGATIVE_INFINITY,
    restUntil: 0,
    usualBytes: 0,
    baseline: null,
    round: emptyRound,
  };
}

/**
 * `accepted` is timed and may raise the limit; `overloaded` and `dropped` halve it, once per round trip. All other
 * verdicts say nothing about load: not that raft groups are forming, nor that a body or our credentials are bad.
 */
export function observe(state: Congestion, seen: Observation): Congestion {
  const current = seen.now - seen.latencyMs >= state.changedAt;
  if (!current) return state;
  if (seen.verdict === 'overloaded' || seen.verdict === 'dropped')
    return { ...decrease(state, overloadRatio, seen.now), restUntil: seen.now + restMs };
  if (seen.verdict !== 'accepted') return state;
  const timed = time(state, seen);
  return timed.round.samples >= timed.limit ? endRound(timed, seen.now) : timed;
}

function decrease(state: Congestion, ratio: number, now: number): Congestion {
  const limit = Math.max(1, Math.floor(state.limit * ratio));
  return { ...state, limit, slowStart: false, changedAt: now, round: emptyRound };
}

/** Adds an answer to the round, as if its body had the baseline's size. */
function time(state: Congestion, { bytes, latencyMs, inFlight }: Observation): Congestion {
  const usualBytes = Math.max(bytes, state.usualBytes * usualDecay);
  const reached = state.round.reached || inFlight >= state.limit;
  if (bytes < usualBytes * comparableSize) return { ...state, usualBytes, round: { ...state.round, reached } };
  const kept = comparable(state.baseline, usualBytes) ? state : { ...state, baseline: null, round: emptyRound };
  const scaled = latencyMs * ((kept.baseline?.bytes ?? usualBytes) / Math.max(1, bytes));
  const round = { samples: kept.round.samples + 1, totalMs: kept.round.totalMs + scaled, reached };
  return { ...kept, usualBytes, round };
}

function comparable(baseline: Baseline | null, usualBytes: number): boolean {
  if (baseline === null) return true;
  return usualBytes <= baseline.bytes * newBaseline && usualBytes * newBaseline >= baseline.bytes;
}

function endRound(state: Congestion, now: number): Congestion {
  const ms = state.round.totalMs / state.round.samples;
  const next = { ...state, baseline: learn(state.baseline, ms, state.usualBytes, now), round: emptyRound };
  if (rose(state.baseline, ms)) return decrease(next, state.slowStart ? overloadRatio : slowRatio, now);
  if (!state.round.reached || now < state.restUntil) return next;
  if (ms > Math.max(quickMs, worthwhileSlowdown * next.baseline.best)) return next;
  const limit = Math.min(state.max, state.slowStart ? state.limit * 2 : state.limit + 1);
  const slowStart = state.slowStart && limit < state.max;
  return limit === state.limit ? { ...next, slowStart } : { ...next, limit, slowStart, changedAt: now };
}

function rose(baseline: Baseline | null, ms: number): boolean {
  if (baseline === null || ms <= quickMs) return false;
  const deviation = Math.max(Math.sqrt(baseline.variance), baseline.mean * minDeviation);
  return ms > baseline.mean + deviationScale * deviation;
}

function learn(old: Baseline | null, ms: number, bytes: number, now: number): Baseline {
  if (old === null) return { bytes, mean: ms, variance: 0, best: ms, bestAt: now };
  const off = ms - old.mean;
  const mean = old.mean + ewmaAlpha * off;
  const better = mean < old.best || now - old.bestAt > bestLivesMs;
  return {
    bytes: old.bytes,
    mean,
    variance: (1 - ewmaAlpha) * (old.variance + ewmaAlpha * off * off),
    best: better ? mean : old.best,
    bestAt: better ? now : old.bestAt,
  };
}
