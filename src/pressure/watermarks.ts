// From resident memory to a level, as a pure state machine. Pausing until RSS falls would wait for ever: dropped buffers
// stay resident while nothing allocates, so high water asks for a collection, and what even that does not free is the allocator's.

import type { Level } from '../model.js';

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
/** Growth beyond what the allocator keeps that makes collecting worthwhile again. */
const retainedSlack = 1.02;

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
  /** A collection was run since the critical mark was passed. */
  readonly gcTried: boolean;
  /** Since when the stop mark is passed with nothing to blame but ourselves; null: it is not. */
  readonly stuckSince: number | null;
}

export interface Sample {
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
  gcTried: false,
  stuckSince: null,
};

function percentOf({ rss, limit }: Sample): number {
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

function stuckSince(state: Watermarks, sample: Sample): number | null {
  if (percentOf(sample) < stopMark) return null;
  return state.stuckSince ?? (sample.drained && state.gcTried ? sample.now : null);
}

/** What stays although nothing is in flight and all garbage was collected is not coming back by waiting. */
function retainedBy(state: Watermarks, level: Level, sample: Sample): number | null {
  if (level !== 'critical') return null;
  if (state.retained !== null) return state.retained;
  return sample.drained && state.gcTried && percentOf(sample) < stopMark ? sample.rss : null;
}

function wantsCollection(state: Watermarks, level: Level, retained: number | null, { rss, now }: Sample): boolean {
  if (now < state.gcNotBefore || level === 'normal') return false;
  if (level === 'high') return state.level === 'normal';
  return retained === null || rss > retained * retainedSlack || state.stuckSince !== null;
}

/** One look at memory. Never says that nothing may be sent: the floor is one writer. */
export function watch(state: Watermarks, sample: Sample): Watermarks {
  const level = levelOf(state.level, percentOf(sample));
  const retained = retainedBy(state, level, sample);
  const stuck = stuckSince(state, sample);
  const ended = state.level === 'stop' || (stuck !== null && sample.now - stuck >= stopAfterMs);
  return {
    ...state,
    ...elapsed(state, sample.now),
    level: ended ? 'stop' : level,
    retained,
    collect: !ended && wantsCollection(state, level, retained, sample),
    at: sample.now,
    gcIntervalMs: level === 'normal' ? gcMinMs : state.gcIntervalMs,
    gcTried: level === 'critical' && state.gcTried,
    stuckSince: stuck,
  };
}

/** The collection that was asked for is done. Follow it with another sample. `now` and `tookMs` are monotonic ms. */
export function collected(
  state: Watermarks,
  gc: { readonly before: number; readonly after: number; readonly tookMs: number; readonly now: number },
): Watermarks {
  const freed = (gc.before - gc.after) / gc.before;
  const doubled = freed < gcWorthwhile ? Math.min(gcMaxMs, state.gcIntervalMs * 2) : gcMinMs;
  return {
    ...state,
    collect: false,
    gcTried: state.level === 'critical',
    gcIntervalMs: doubled,
    gcNotBefore: gc.now + Math.max(doubled, gcCost * gc.tookMs),
  };
}
