// From resident memory to a level, as a pure state machine. Pausing until RSS falls would wait for ever: dropped buffers
// stay resident while nothing allocates, so high water asks for a collection, and what even that does not free is the allocator's.

import type { Level } from '../../core/types/index.js';

/** Percent of the limit at which a level is entered; product law. */
export const highMark = 80;
export const criticalMark = 90;
export const stopMark = 97;
/** High is left below 80 − min(10, a tenth of 80) %, critical below the high mark: no flutter around a mark. */
const highLeave = highMark - Math.min(criticalMark - highMark, highMark / 10);

/** This long above the stop mark with nothing in flight, after a collection that did not help, is the end. */
const stopAfterMs = 5_000;
const gcMinMs = 250;
const gcMaxMs = 30_000;
/** A collection costs at most a tenth of the time. */
const gcCost = 10;
/** Freeing less than this share makes the next forced collection wait twice as long (OTel's memory_limiter). */
const gcWorthwhile = 0.05;

export interface Watermarks {
  readonly level: Level;
  readonly highSeconds: number;
  readonly criticalSeconds: number;
  /** A collection is wanted now: run it, then report it with `collected`. */
  readonly collect: boolean;
  /** Resident bytes that stay with nothing in flight and after a collection: kept by the allocator. Null: none known. */
  readonly retained: number | null;
  /** ms of the last sample; null before the first. */
  readonly at: number | null;
  readonly gcIntervalMs: number;
  readonly gcNotBefore: number;
  /** The same without the back-off: for the first collection with nothing in flight. */
  readonly gcSoonest: number;
  /** A collection whose effect is not known yet: buffers are given back on another thread, up to 200 ms later. */
  readonly gcPending: Collection | null;
  /** Since the critical mark was passed a collection with nothing in flight did not help: only that one proves anything. */
  readonly gcTried: boolean;
  /** The last sample found nothing in flight. */
  readonly drained: boolean;
  /** Since when the stop mark is passed with nothing to blame but ourselves; null: it is not. */
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
  readonly limit: number;
  /** Monotonic ms. */
  readonly now: number;
  /** No batch is in flight: every slot is free. */
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

function percentOf({ rss, limit }: WatermarkSample): number {
  return (rss * 100) / limit;
}

function levelOf(level: Level, percent: number): Level {
  if (percent >= criticalMark) return 'critical';
  if (percent >= highMark) return level === 'critical' || level === 'stop' ? 'critical' : 'high';
  return level !== 'normal' && percent >= highLeave ? 'high' : 'normal';
}

/** Time since the last sample goes to the level that it found. */
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

/** What stays although nothing is in flight and all garbage was collected is not coming back by waiting. */
function retainedBy(state: Watermarks, level: Level, sample: WatermarkSample): number | null {
  if (level !== 'critical') return null;
  if (state.retained !== null) return state.retained;
  return state.gcTried && percentOf(sample) < stopMark ? sample.rss : null;
}

function wantsCollection(state: Watermarks, level: Level, { now, drained }: WatermarkSample): boolean {
  if (level === 'critical') return now >= (drained && !state.gcTried ? state.gcSoonest : state.gcNotBefore);
  return level === 'high' && state.level === 'normal' && now >= state.gcNotBefore;
}

/** How the last collection turned out, once that can be seen. */
function judged(state: Watermarks, level: Level, { rss, now }: WatermarkSample): Watermarks {
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

/** One look at memory. Never says that nothing may be sent: the floor is one writer. */
export function watch(before: Watermarks, sample: WatermarkSample): Watermarks {
  const level = levelOf(before.level, percentOf(sample));
  const state = judged(before, level, sample);
  const stuck = stuckSince(state, sample);
  const ended = state.level === 'stop' || (stuck !== null && sample.now - stuck >= stopAfterMs);
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

/** The collection that was asked for is done, at `now`: monotonic ms. Its effect is judged by a later sample. */
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
