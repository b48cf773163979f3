// Computes the number of writers as a pure function of the target's responses: additive increase, multiplicative
// decrease. Ignores responses to requests sent before the last change of this number, because they reflect the earlier
// number of writers.

import { latency } from '../core/text.js';
import type { Verdict } from '../core/types/index.js';
import { concurrencyTuning as tuning } from './tuning.js';

/** Latencies of request bodies of `bytes` bytes, ms. `bestAt`: time at which `best` was measured, monotonic ms. */
interface Baseline {
  readonly bytes: number;
  readonly mean: number;
  readonly variance: number;
  readonly best: number;
  readonly bestAt: number;
}

/**
 * Accepted responses since the last decision. A round ends when it has as many responses as there are allowed writers.
 */
interface Round {
  readonly samples: number;
  readonly totalMs: number;
  /** True once the number of batches in flight has reached the limit of writers. */
  readonly limitReached: boolean;
}

export interface Concurrency {
  /** Number of allowed writers, 1 to `max`. */
  readonly limit: number;
  readonly max: number;
  /** True while the limit doubles with each round: until the first sign of congestion, or until the limit is `max`. */
  readonly slowStart: boolean;
  /** Time of the last change of the limit, monotonic ms. */
  readonly changedAt: number;
  /** Explanation of the last change of the limit, for the log. */
  readonly reason: string;
  /** Time before which the limit is not raised, monotonic ms. */
  readonly restUntil: number;
  /** Size of the largest recent body, bytes. A response to a smaller body lowers this value. */
  readonly usualBytes: number;
  readonly baseline: Baseline | null;
  readonly round: Round;
}

/**
 * One response. `inFlight`: number of batches in flight when the response arrived, including the batch of the response.
 * `now`: time of the response, monotonic ms.
 */
export interface Observation {
  readonly verdict: Verdict['kind'];
  readonly latencyMs: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly now: number;
}

const emptyRound: Round = { samples: 0, totalMs: 0, limitReached: false };

/**
 * Starts with one writer, because a new raft group (the replicas of a vnode) refuses writes until the group has formed.
 */
export function startConcurrency(workers: number): Concurrency {
  return {
    limit: 1,
    max: Math.max(1, workers),
    slowStart: true,
    changedAt: Number.NEGATIVE_INFINITY,
    reason: 'the load begins with one writer',
    restUntil: 0,
    usualBytes: 0,
    baseline: null,
    round: emptyRound,
  };
}

/**
 * Updates the limit after one response. The latency of an accepted request may raise or lower the limit. The verdicts
 * `overloaded` and `dropped` halve the limit, at most once per round trip. Other verdicts are no sign of congestion, so
 * they do not change the limit.
 */
export function observe(state: Concurrency, seen: Observation): Concurrency {
  if (seen.now - seen.latencyMs < state.changedAt) return state;
  if (seen.verdict === 'overloaded' || seen.verdict === 'dropped') {
    const lower = decrease(state, tuning.overloadRatio, seen.now, `the target answered "${seen.verdict}"`);
    return { ...lower, restUntil: seen.now + tuning.restMs };
  }
  if (seen.verdict !== 'accepted') return state;
  const timed = addToRound(state, seen);
  return timed.round.samples >= timed.limit ? endRound(timed, seen.now) : timed;
}

function decrease(state: Concurrency, ratio: number, now: number, reason: string): Concurrency {
  const limit = Math.max(1, Math.floor(state.limit * ratio));
  return { ...state, limit, slowStart: false, changedAt: now, reason, round: emptyRound };
}

/**
 * Adds a response to the round. The baseline was measured with bodies of one size, so the latency is scaled to that
 * size.
 */
function addToRound(state: Concurrency, { bytes, latencyMs, inFlight }: Observation): Concurrency {
  const usualBytes = Math.max(bytes, state.usualBytes * tuning.usualSizeDecay);
  const limitReached = state.round.limitReached || inFlight >= state.limit;
  if (bytes < usualBytes * tuning.comparableSize)
    return { ...state, usualBytes, round: { ...state.round, limitReached } };
  const base = isComparable(state.baseline, usualBytes) ? state : { ...state, baseline: null, round: emptyRound };
  const scaled = latencyMs * ((base.baseline?.bytes ?? usualBytes) / Math.max(1, bytes));
  const round = { samples: base.round.samples + 1, totalMs: base.round.totalMs + scaled, limitReached };
  return { ...base, usualBytes, round };
}

function isComparable(baseline: Baseline | null, usualBytes: number): boolean {
  if (baseline === null) return true;
  return (
    usualBytes <= baseline.bytes * tuning.newBaselineRatio && usualBytes * tuning.newBaselineRatio >= baseline.bytes
  );
}

function endRound(state: Concurrency, now: number): Concurrency {
  const ms = state.round.totalMs / state.round.samples;
  const next = { ...state, baseline: updated(state.baseline, ms, state.usualBytes, now), round: emptyRound };
  if (isSlow(state.baseline, ms)) {
    const ratio = state.slowStart ? tuning.overloadRatio : tuning.slowRatio;
    return decrease(
      next,
      ratio,
      now,
      `responses took ${latency(ms)} on average; before, they took ${latency(state.baseline?.mean ?? 0)}`,
    );
  }
  if (!state.round.limitReached || now < state.restUntil) return next;
  if (ms > Math.max(tuning.quickMs, tuning.queueingRatio * next.baseline.best)) return next;
  const limit = Math.min(state.max, state.slowStart ? state.limit * 2 : state.limit + 1);
  const slowStart = state.slowStart && limit < state.max;
  if (limit === state.limit) return { ...next, slowStart };
  const reason = `every allowed writer was busy, and responses took ${latency(ms)} on average`;
  return { ...next, limit, slowStart, changedAt: now, reason };
}

function isSlow(baseline: Baseline | null, ms: number): boolean {
  if (baseline === null || ms <= tuning.quickMs) return false;
  const deviation = Math.max(Math.sqrt(baseline.variance), baseline.mean * tuning.minDeviation);
  return ms > baseline.mean + tuning.deviationScale * deviation;
}

function updated(old: Baseline | null, ms: number, bytes: number, now: number): Baseline {
  if (old === null) return { bytes, mean: ms, variance: 0, best: ms, bestAt: now };
  const { ewmaAlpha, bestLifetimeMs } = tuning;
  const difference = ms - old.mean;
  const mean = old.mean + ewmaAlpha * difference;
  const isBest = mean < old.best || now - old.bestAt > bestLifetimeMs;
  return {
    bytes: old.bytes,
    mean,
    variance: (1 - ewmaAlpha) * (old.variance + ewmaAlpha * difference * difference),
    best: isBest ? mean : old.best,
    bestAt: isBest ? now : old.bestAt,
  };
}
