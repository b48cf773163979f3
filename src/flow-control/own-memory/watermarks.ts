// Computes the memory level as a pure function of resident memory. V8 collects garbage only while the program
// allocates. Without a collection, unreferenced buffers stay resident. So the high level requests a collection. Memory
// that stays resident after the collection is retained by the allocator.

import type { Level } from '../../core/types/index.js';

/** Percent of the limit at which each level begins; part of the product contract. */
export const highMark = 80;
export const criticalMark = 90;
export const stopMark = 97;
/**
 * The high level ends below 72 % of the limit, the critical level below 80 %. The gaps prevent rapid changes of level.
 */
const highLeave = highMark - Math.min(criticalMark - highMark, highMark / 10);

/**
 * The run stops after memory has been above the stop mark for this time, ms. The time begins after a garbage collection
 * with no batch in flight has not helped. Above the memory limit, the run stops at once.
 */
const stopAfterMs = 5_000;
const gcMinMs = 250;
const gcMaxMs = 30_000;
/**
 * Minimum interval between garbage collections, as a multiple of a collection's duration. So collections take at most a
 * tenth of the time.
 */
const gcCost = 10;
/**
 * If a collection frees less than this share of resident memory, the interval before the next collection doubles.
 * OpenTelemetry's memory_limiter does the same.
 */
const gcWorthwhile = 0.05;

export interface Watermarks {
  readonly level: Level;
  readonly highSeconds: number;
  readonly criticalSeconds: number;
  /** True if the caller must run a collection now, and then report it with `collected`. */
  readonly collect: boolean;
  /** Resident bytes after a collection with no batch in flight, at the critical level; null if unknown. */
  readonly retained: number | null;
  /** Time of the last sample, monotonic ms; null before the first sample. */
  readonly at: number | null;
  readonly gcIntervalMs: number;
  readonly gcNotBefore: number;
  /**
   * Like `gcNotBefore`, but without a doubled interval. Used at the critical level for the first collection with no
   * batch in flight.
   */
  readonly gcSoonest: number;
  /**
   * The last collection until its effect is known; null afterwards. The effect appears up to 200 ms later, because
   * another thread frees the buffers.
   */
  readonly gcPending: Collection | null;
  /** True once a collection with no batch in flight has failed to end the critical level. */
  readonly gcTried: boolean;
  /** True if no batch was in flight at the last sample. */
  readonly drained: boolean;
  /**
   * Time since which memory has been above the stop mark although `gcTried` is true, monotonic ms; null below the mark.
   */
  readonly stuckSince: number | null;
}

interface Collection {
  readonly before: number;
  readonly tookMs: number;
  readonly at: number;
  readonly drained: boolean;
}

export interface WatermarkSample {
  readonly rss: number;
  /** Largest value of `rss` so far, bytes. */
  readonly peak: number;
  readonly limit: number;
  /** Time of the sample, monotonic ms. */
  readonly now: number;
  /** True while no batch is in flight, so that every slot is free. */
  readonly drained: boolean;
}

export const calm: Watermarks = {
  level: 'normal',
  highSeconds: 0,
  criticalSeconds: 0,
  collect: false,
  retained: null,
  at: null,
  gcIntervalMs: gcMinMs,
  gcNotBefore: 0,
  gcSoonest: 0,
  gcPending: null,
  gcTried: false,
  drained: false,
  stuckSince: null,
};

function percentOf({ rss, limit }: Pick<WatermarkSample, 'rss' | 'limit'>): number {
  return (rss * 100) / limit;
}

function levelOf(level: Level, percent: number): Level {
  if (percent >= criticalMark) return 'critical';
  if (percent >= highMark) return level === 'critical' || level === 'stop' ? 'critical' : 'high';
  return level !== 'normal' && percent >= highLeave ? 'high' : 'normal';
}

/** Adds the time since the last sample to `highSeconds` or `criticalSeconds`, according to the level at that sample. */
function elapsed(state: Watermarks, now: number): Pick<Watermarks, 'highSeconds' | 'criticalSeconds'> {
  const seconds = (now - (state.at ?? now)) / 1000;
  const critical = state.level === 'critical' || state.level === 'stop';
  return {
    highSeconds: state.highSeconds + (state.level === 'high' ? seconds : 0),
    criticalSeconds: state.criticalSeconds + (critical ? seconds : 0),
  };
}

function stuckSince(state: Watermarks, sample: WatermarkSample): number | null {
  if (percentOf(sample) < stopMark) return null;
  return state.stuckSince ?? (state.gcTried ? sample.now : null);
}

/**
 * Returns the resident bytes after a collection with no batch in flight; null if unknown, or below the critical level.
 */
function retainedBy(state: Watermarks, level: Level, sample: WatermarkSample): number | null {
  if (level !== 'critical') return null;
  if (state.retained !== null) return state.retained;
  return state.gcTried && percentOf(sample) < stopMark ? sample.rss : null;
}

function wantsCollection(state: Watermarks, level: Level, { now, drained }: WatermarkSample): boolean {
  if (level === 'critical') return now >= (drained && !state.gcTried ? state.gcSoonest : state.gcNotBefore);
  return level === 'high' && state.level === 'normal' && now >= state.gcNotBefore;
}

/** Once the effect of the last collection is visible, computes from this effect when the next collection may run. */
function rated(state: Watermarks, level: Level, { rss, now }: WatermarkSample): Watermarks {
  const gc = state.gcPending;
  if (gc === null || now < state.gcSoonest) return { ...state, gcTried: state.gcTried && level === 'critical' };
  const useful = rss <= gc.before * (1 - gcWorthwhile);
  const gcIntervalMs = useful ? gcMinMs : Math.min(gcMaxMs, state.gcIntervalMs * 2);
  return {
    ...state,
    gcPending: null,
    gcIntervalMs,
    gcNotBefore: gc.at + Math.max(gcIntervalMs, gcCost * gc.tookMs),
    gcTried: level === 'critical' && (state.gcTried || gc.drained),
  };
}

/** Returns the state after a further sample. */
export function watch(before: Watermarks, sample: WatermarkSample): Watermarks {
  const level = levelOf(before.level, percentOf(sample));
  const state = rated(before, level, sample);
  const stuck = stuckSince(state, sample);
  const exceeded = sample.peak > sample.limit || (stuck !== null && sample.now - stuck >= stopAfterMs);
  const ended = state.level === 'stop' || exceeded;
  return {
    ...state,
    ...elapsed(state, sample.now),
    level: ended ? 'stop' : level,
    retained: retainedBy(state, level, sample),
    collect: !ended && wantsCollection(state, level, sample),
    at: sample.now,
    drained: sample.drained,
    stuckSince: stuck,
  };
}

/**
 * Records that the requested collection ended at `now` (monotonic ms). A later sample shows how much memory the
 * collection freed.
 */
export function collected(
  state: Watermarks,
  gc: { readonly before: number; readonly tookMs: number; readonly now: number },
): Watermarks {
  const soonest = gc.now + Math.max(gcMinMs, gcCost * gc.tookMs);
  return {
    ...state,
    collect: false,
    gcPending: { before: gc.before, tookMs: gc.tookMs, at: gc.now, drained: state.drained },
    gcNotBefore: soonest,
    gcSoonest: soonest,
  };
}
