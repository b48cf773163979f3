// Computes the request body size as a pure function of the target's responses. Large bodies fill a target's memory,
// whereas the number of writers has little effect on its memory.

import { bodySizeTuning } from './tuning.js';

const { minBytes, stepShare, bodiesPerStep, restMs } = bodySizeTuning;

export interface BodySize {
  readonly bytes: number;
  readonly max: number;
  /** Smallest size so far. */
  readonly min: number;
  /** Monotonic ms of the last change of the size. */
  readonly changedAt: number;
  /** Number of bodies accepted since the last change of the size. */
  readonly accepted: number;
}

export interface BodyAnswer {
  /** True for "memory exhausted", a timeout, or a lost connection. */
  readonly trouble: boolean;
  readonly bytes: number;
  readonly latencyMs: number;
  /** Monotonic ms. */
  readonly now: number;
}

export function fullBodySize(bytes: number): BodySize {
  return { bytes, max: bytes, min: bytes, changedAt: Number.NEGATIVE_INFINITY, accepted: 0 };
}

/**
 * Adjusts the size to one response. Ignores responses to requests sent before the last change. An accepted body below
 * half the size is not counted, because it does not prove that the target accepts larger bodies.
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

/** Limits the size to `bytes` for the rest of the load. */
export function capBodySize(state: BodySize, bytes: number, now: number): BodySize {
  const max = Math.min(state.max, bytes);
  return resized({ ...state, max }, Math.min(state.bytes, max), now);
}

function resized(state: BodySize, bytes: number, now: number): BodySize {
  if (bytes === state.bytes) return { ...state, accepted: 0 };
  return { ...state, bytes, min: Math.min(state.min, bytes), changedAt: now, accepted: 0 };
}
