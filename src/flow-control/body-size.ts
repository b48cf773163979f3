// Computes the largest request body as a pure function of the target's responses. Large bodies fill a target's memory,
// whereas the number of writers has little effect on this memory. So a target in trouble gets smaller bodies.

import { bodySizeTuning } from './tuning.js';

const { minBytes, stepShare, bodiesPerStep, restMs } = bodySizeTuning;

export interface BodySize {
  readonly bytes: number;
  readonly max: number;
  /** Smallest value of `bytes` so far. */
  readonly min: number;
  /** Time of the last change of `bytes`, monotonic ms. */
  readonly changedAt: number;
  /** Number of bodies that the target accepted since the last change of `bytes`. */
  readonly accepted: number;
}

export interface BodyAnswer {
  /** True for "memory exhausted", a timeout, or a lost connection. */
  readonly trouble: boolean;
  readonly bytes: number;
  readonly latencyMs: number;
  /** Time of the response, monotonic ms. */
  readonly now: number;
}

export function fullBodySize(bytes: number): BodySize {
  return { bytes, max: bytes, min: bytes, changedAt: Number.NEGATIVE_INFINITY, accepted: 0 };
}

/**
 * Returns the largest body size after one response. Ignores a response to a request that was sent before the last
 * change of this size. Does not count an accepted body of less than half this size: such a body does not prove that the
 * target accepts larger bodies.
 */
export function adjustBodySize(state: BodySize, answer: BodyAnswer): BodySize {
  if (answer.now - answer.latencyMs < state.changedAt) return state;
  if (answer.trouble)
    return resized(state, Math.max(Math.min(minBytes, state.max), Math.floor(state.bytes / 2)), answer.now);
  if (state.bytes >= state.max || answer.bytes < state.bytes / 2) return state;
  const accepted = state.accepted + 1;
  if (accepted < bodiesPerStep || answer.now - state.changedAt < restMs) return { ...state, accepted };
  return resized(state, Math.min(state.max, state.bytes + Math.floor(state.max * stepShare)), answer.now);
}

/** Limits the body size to `bytes` for the rest of the load. */
export function capBodySize(state: BodySize, bytes: number, now: number): BodySize {
  const max = Math.min(state.max, bytes);
  return resized({ ...state, max }, Math.min(state.bytes, max), now);
}

function resized(state: BodySize, bytes: number, now: number): BodySize {
  if (bytes === state.bytes) return { ...state, accepted: 0 };
  return { ...state, bytes, min: Math.min(state.min, bytes), changedAt: now, accepted: 0 };
}
