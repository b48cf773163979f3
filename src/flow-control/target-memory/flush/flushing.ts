// A pure state machine that decides when to request a flush from the target. A planned flush begins before the
// unflushed rows of this load exceed the planned memory. A relief flush begins if the target responds only with "memory
// exhausted", or if sending waits for the target to flush by itself.

import type { FlushCause, FlushOutcome } from '../../../core/types/index.js';
import { correctByGauges, differenceOf, type MemcacheEstimate, recordEstimate } from './memcache-estimate.js';

/**
 * Shortest time from the start of one flush to the start of the next, ms. Each of n simultaneous loads waits n times as
 * long.
 */
export const flushIntervalMs = 2_000;
/**
 * Longest duration of a planned flush, ms. After two consecutive longer flushes, or one flush without a response, the
 * load plans no further flushes. A single longer flush may be slow because of another program on the node.
 */
const maxFlushMs = 10_000;
const lateFlushesToGiveUp = 2;
const reliefAfterMs = 30_000;
const reliefIntervalMs = 60_000;
/**
 * Minimum time from the start of one flush to the start of the next, as a multiple of the earlier flush's duration.
 * Applies to flushes that end a stage (--stage). Also applies to relief flushes while sending waits for the target's
 * own flush.
 */
const slowFlushPause = 2;
const failuresToGiveUp = 3;
/**
 * Longest wait for a flush that the target starts itself, ms. The load notices the end of such a flush only when a
 * gauge falls, which may never happen.
 */
export const maxHoldMs = 120_000;

/** Unflushed bytes on the fullest node: a flush is due at `dueBytes`, and sending waits for a flush at `holdBytes`. */
export interface FlushMarks {
  readonly dueBytes: number;
  readonly holdBytes: number;
}

export interface FlushingOptions {
  /** Bytes that the fullest node stores for one byte of a body; above 1 if the node stores several replicas. */
  readonly share: number;
  /** Thresholds of planned flushes; null if no flush is planned. */
  readonly plan: FlushMarks | null;
  /** False to forbid every flush. */
  readonly relieve: boolean;
  /** Shortest time from the start of one flush of this load to the start of the next, ms; default 2 s. */
  readonly intervalMs?: number;
  /** Number of nodes that store the database. The estimate falls only if the gauges of all these nodes are known. */
  readonly nodes: number;
  /** True if a fleet decides which worker flushes. A flush then begins with the event `began`. */
  readonly isShared?: boolean;
}

/** An event to process. `at`: time of the event, monotonic ms. */
export type FlushingEvent =
  /** The target accepted rows. `bytes` is their memory; `seriesBytes` is the memory of their series, default 0. */
  | {
      readonly kind: 'accepted';
      readonly bytes: number;
      readonly seriesBytes?: number;
      readonly at: number;
    }
  /** `asked`: a stage has ended and requests a flush. */
  | { readonly kind: 'exhausted' | 'otherAnswer' | 'tick' | 'asked'; readonly at: number }
  /** A rinse repeated points, or a worker of the fleet sent points. The points count as in the event `accepted`. */
  | { readonly kind: 'rewritten'; readonly bytes: number; readonly seriesBytes?: number; readonly at: number }
  /** A flush of the fleet began. */
  | { readonly kind: 'began'; readonly cause: FlushCause; readonly at: number }
  | { readonly kind: 'gauges'; readonly bytes: readonly (number | null)[]; readonly at: number }
  | { readonly kind: 'flushed'; readonly outcome: FlushOutcome; readonly at: number };

export interface Flushing extends MemcacheEstimate {
  /**
   * Bytes of series acknowledged before the last flush began. `freshSeries`: bytes of series acknowledged since then.
   * Gauges do not include series.
   */
  readonly pendingSeries: number;
  readonly freshSeries: number;
  /**
   * Largest difference so far between a gauge and the estimates of the last 12 s, bytes; null before the first gauge.
   */
  readonly gaugeDifference: number | null;
  /** Start of the running flush, monotonic ms; null if no flush runs. */
  readonly flushingSince: number | null;
  /** True if the running flush ends a stage (--stage). Such a flush may take long, because sending waits for it. */
  readonly endsStage: boolean;
  readonly lastFlushAt: number;
  /**
   * Time of the first of consecutive "memory exhausted" responses, monotonic ms; null if the last response was
   * different.
   */
  readonly exhaustedSince: number | null;
  readonly lastReliefAt: number;
  /** Duration of the last flush, ms; Infinity if its end was not observed. */
  readonly lastTookMs: number;
  /** Reason why planned flushes ended; null while they continue. */
  readonly givenUp: string | null;
  /** True once flushes are no longer planned because they take too long. Then the target flushes by itself. */
  readonly slowly: boolean;
  /** Start of the current wait for the target's own flush, monotonic ms; null if sending does not wait. */
  readonly heldSince: number | null;
  /** True once the target refused a flush because the user lacks a privilege. Then no further flush is requested. */
  readonly notPermitted: boolean;
  /** Number of consecutive failed flushes. */
  readonly failures: number;
  /** Number of consecutive planned flushes that took longer than `maxFlushMs`. */
  readonly lateFlushes: number;
}

export interface FlushingDecision {
  /** Cause of a flush to begin now; null for no flush. */
  readonly flush: FlushCause | null;
  /** True while no further batch may be sent. */
  readonly hold: boolean;
  /** True once sending has waited for two minutes, because the target does not flush its rows. */
  readonly isStuck: boolean;
}

/** The part of the state that workers of a fleet share. */
export type SavedFlushing = Pick<Flushing, 'pending' | 'fresh' | 'pendingSeries' | 'freshSeries' | 'factor'> & {
  readonly isFlushing: boolean;
};

export const unflushed: Flushing = {
  pending: 0,
  fresh: 0,
  pendingSeries: 0,
  freshSeries: 0,
  factor: 1,
  history: [],
  gaugeDifference: null,
  flushingSince: null,
  endsStage: false,
  lastFlushAt: Number.NEGATIVE_INFINITY,
  exhaustedSince: null,
  lastReliefAt: Number.NEGATIVE_INFINITY,
  lastTookMs: 0,
  givenUp: null,
  slowly: false,
  heldSince: null,
  notPermitted: false,
  failures: 0,
  lateFlushes: 0,
};

/** Returns the bytes of unflushed rows and their series on the fullest node. */
export function unflushedBytes({ pending, fresh, pendingSeries, freshSeries }: Flushing): number {
  return pending + fresh + pendingSeries + freshSeries;
}

/**
 * Returns true if `rowBytes` of further rows on a node would make a planned flush due. Returns false if these rows
 * alone would make a flush due, because an earlier flush would not prevent that.
 */
export function isDueWith(state: Flushing, plan: FlushMarks | null, rowBytes: number): boolean {
  if (plan === null || state.notPermitted || state.givenUp !== null || rowBytes >= plan.dueBytes) return false;
  return unflushedBytes(state) + rowBytes >= plan.dueBytes;
}

/**
 * Returns the earliest start of a flush that ends a stage, monotonic ms. After a quick flush, such a flush may begin
 * before the minimum interval between planned flushes has passed.
 */
export function nextStageAt({ lastFlushAt, lastTookMs }: Flushing, intervalMs: number): number {
  return lastFlushAt + Math.min(intervalMs, slowFlushPause * lastTookMs);
}

/**
 * Processes one event and decides. The caller runs the decided flush and reports its outcome with the event `flushed`.
 */
export function step(
  before: Flushing,
  event: FlushingEvent,
  options: FlushingOptions,
): { readonly state: Flushing; readonly decision: FlushingDecision } {
  const updated = update(before, event, options);
  const full = updated.slowly && options.plan !== null && unflushedBytes(updated) >= options.plan.holdBytes;
  const heldSince = full ? (updated.heldSince ?? event.at) : null;
  const state = { ...updated, heldSince };
  const flush = dueFlush(state, event, options);
  const next = flush === null || options.isShared === true ? state : begin(state, event.at, flush);
  const isStuck = heldSince !== null && event.at - heldSince >= maxHoldMs;
  return { state: next, decision: { flush, hold: mustHold(next, options), isStuck } };
}

function update(state: Flushing, event: FlushingEvent, { share, nodes }: FlushingOptions): Flushing {
  switch (event.kind) {
    case 'accepted':
      return {
        ...state,
        ...grown(state, event, share),
        exhaustedSince: null,
      };
    case 'rewritten':
      return { ...state, ...grown(state, event, share) };
    case 'exhausted':
      return { ...state, exhaustedSince: state.exhaustedSince ?? event.at };
    case 'otherAnswer':
      return { ...state, exhaustedSince: null };
    case 'asked':
      return state;
    case 'began':
      return begin(state, event.at, event.cause);
    case 'tick':
      return { ...state, ...recordEstimate(state, event.at) };
    case 'gauges':
      return withGauges(state, event.bytes, nodes);
    case 'flushed':
      return end(state, event.outcome);
  }
}

function grown(
  { fresh, freshSeries, factor }: Flushing,
  { bytes, seriesBytes = 0 }: { readonly bytes: number; readonly seriesBytes?: number },
  share: number,
): Pick<Flushing, 'fresh' | 'freshSeries'> {
  return { fresh: fresh + bytes * share * factor, freshSeries: freshSeries + seriesBytes * share };
}

function withGauges(state: Flushing, gauges: readonly (number | null)[], nodes: number): Flushing {
  if (gauges.every((each) => each === null)) return state;
  const difference = differenceOf(state, gauges);
  const larger = Math.abs(difference) > Math.abs(state.gaugeDifference ?? 0) || state.gaugeDifference === null;
  const gaugeDifference = larger ? difference : state.gaugeDifference;
  return { ...state, ...correctByGauges(state, gauges, nodes), gaugeDifference };
}

/** Updates the state after a flush. Rows acknowledged before a successful flush began are on disk. */
function end(state: Flushing, { kind, tookMs, reason }: FlushOutcome): Flushing {
  const lastTookMs = kind === 'timedOut' ? Number.POSITIVE_INFINITY : tookMs;
  const ended: Flushing = { ...state, flushingSince: null, lastTookMs };
  if (kind === 'notPermitted') return { ...ended, notPermitted: true, givenUp: `not permitted: ${reason ?? ''}` };
  if (kind === 'blocked') return ended;
  if (kind === 'failed') {
    const failures = state.failures + 1;
    const why = failures < failuresToGiveUp ? null : `flushes fail: ${reason}`;
    return { ...ended, failures, givenUp: state.givenUp ?? why };
  }
  const isLate = !state.endsStage && (tookMs > maxFlushMs || kind === 'timedOut');
  const lateFlushes = isLate ? state.lateFlushes + 1 : 0;
  const isSlow = isLate && (kind === 'timedOut' || lateFlushes >= lateFlushesToGiveUp);
  // After a timeout, the target may still be flushing. So the rows may still be in memory.
  const left = kind === 'done' ? { pending: 0, pendingSeries: 0 } : {};
  const givenUp = state.givenUp ?? (isSlow ? slowReason(kind) : null);
  return { ...ended, ...left, failures: 0, lateFlushes, slowly: state.slowly || isSlow, givenUp };
}

function slowReason(kind: FlushOutcome['kind']): string {
  const which = kind === 'timedOut' ? 'a flush' : 'two consecutive flushes';
  return `${which} took more than ${maxFlushMs / 1000}s`;
}

function dueFlush(state: Flushing, { kind, at }: FlushingEvent, options: FlushingOptions): FlushCause | null {
  const { plan, relieve, intervalMs = flushIntervalMs } = options;
  if (!relieve || state.notPermitted || state.flushingSince !== null) return null;
  if (at < (kind === 'asked' ? nextStageAt(state, intervalMs) : state.lastFlushAt + intervalMs)) return null;
  const exhausted = state.exhaustedSince !== null && at - state.exhaustedSince >= reliefAfterMs;
  const pauseMs = exhausted ? reliefIntervalMs : Math.min(reliefIntervalMs, slowFlushPause * state.lastTookMs);
  if ((exhausted || state.heldSince !== null) && at - state.lastReliefAt >= pauseMs) return 'relief';
  if (kind === 'asked') return 'stage';
  if (plan === null || state.givenUp !== null) return null;
  return unflushedBytes(state) >= plan.dueBytes ? 'planned' : null;
}

function begin(state: Flushing, at: number, cause: FlushCause): Flushing {
  return {
    ...state,
    pending: state.pending + state.fresh,
    fresh: 0,
    pendingSeries: state.pendingSeries + state.freshSeries,
    freshSeries: 0,
    flushingSince: at,
    endsStage: cause === 'stage',
    lastFlushAt: at,
    lastReliefAt: cause === 'relief' ? at : state.lastReliefAt,
  };
}

/** Returns true if sending must wait for a flush: a planned flush, or a flush that the target starts by itself. */
function mustHold(state: Flushing, { plan, relieve }: FlushingOptions): boolean {
  if (plan === null || !relieve || state.notPermitted) return false;
  if (state.givenUp !== null) return state.heldSince !== null;
  return unflushedBytes(state) >= plan.holdBytes;
}
