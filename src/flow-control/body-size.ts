// How large request bodies may be, as a pure function of the answers: halved on signs of a target in trouble, grown back
// by small steps. Large bodies are what fills a target's memory; many writers hardly do.

/** Smaller ones only cost requests. */
const smallest = 16 * 1024;
/** A step up is this share of the most, after so many bodies and so long without trouble. */
const stepShare = 1 / 8;
const bodiesPerStep = 16;
const restMs = 5_000;

export interface Sizing {
  readonly bytes: number;
  readonly most: number;
  readonly least: number;
  /** Monotonic ms of the last change. */
  readonly changedAt: number;
  /** Accepted since then. */
  readonly accepted: number;
}

export function fullSize(bytes: number): Sizing {
  return { bytes, most: bytes, least: bytes, changedAt: Number.NEGATIVE_INFINITY, accepted: 0 };
}

/**
 * `trouble`: memory exhausted, a timeout, a lost connection. Answers to requests sent before the last change say nothing
 * about it. Bodies of less than half the size do not show that larger ones would do.
 */
export function size(
  state: Sizing,
  seen: { readonly trouble: boolean; readonly bytes: number; readonly latencyMs: number; readonly now: number },
): Sizing {
  if (seen.now - seen.latencyMs < state.changedAt) return state;
  if (seen.trouble)
    return changed(state, Math.max(Math.min(smallest, state.most), Math.floor(state.bytes / 2)), seen.now);
  if (state.bytes >= state.most || seen.bytes < state.bytes / 2) return state;
  const accepted = state.accepted + 1;
  if (accepted < bodiesPerStep || seen.now - state.changedAt < restMs) return { ...state, accepted };
  return changed(state, Math.min(state.most, state.bytes + Math.floor(state.most * stepShare)), seen.now);
}

/** From now on never more than `bytes`. */
export function capped(state: Sizing, bytes: number, now: number): Sizing {
  const most = Math.min(state.most, bytes);
  return changed({ ...state, most }, Math.min(state.bytes, most), now);
}

function changed(state: Sizing, bytes: number, now: number): Sizing {
  if (bytes === state.bytes) return { ...state, accepted: 0 };
  return { ...state, bytes, least: Math.min(state.least, bytes), changedAt: now, accepted: 0 };
}
