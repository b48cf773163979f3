// Decides the next step for a range of points after an attempt to send it. All functions are pure.

import type { Verdict } from '../core/types/index.js';
import { backoff, formingBackoff } from './retry-wait.js';

/**
 * Refused requests are repeated for this time, ms. Then the load ends. A refusal may be temporary: CnosDB also answers
 * "access denied" while its meta service is unreachable.
 */
export const refusedForMs = 30_000;
/** Number of further attempts after an error that bulk-load does not know. Then the search for bad points begins. */
const unknownRetries = 3;
const dropsBeforeSplit = 2;
const dropsOfOnePoint = 3;
/** A body of at most this many bytes is not split after a timeout, because its size is not the cause. */
const smallestTimedOutSplit = 64 * 1024;

/** Numbers of failed attempts to send one range. */
export interface RangeFailures {
  readonly total: number;
  readonly unreachable: number;
  readonly drops: number;
  readonly unknown: number;
  /** Time of the first of the latest consecutive refusals, monotonic ms; null if the last attempt was not refused. */
  readonly refusedSince: number | null;
}

export const noFailures: RangeFailures = { total: 0, unreachable: 0, drops: 0, unknown: 0, refusedSince: null };

export interface AttemptResult {
  readonly verdict: Verdict;
  readonly points: number;
  readonly bodyBytes: number;
  readonly latencyMs: number;
  /** Monotonic time of the result, ms. */
  readonly at: number;
}

export interface RetryOptions {
  /**
   * Number of endpoints. After an attempt at an unreachable endpoint, the next attempt follows without a wait, until
   * every endpoint was tried.
   */
  readonly endpoints: number;
  readonly random: () => number;
}

/**
 * `search`: the range contains bad points that must be found. `blame`: the point must be rejected, if the target still
 * accepts other requests.
 */
export type RetryStep =
  | { readonly do: 'loaded' | 'split' | 'refused' }
  | { readonly do: 'wait'; readonly ms: number; readonly reason: string }
  | { readonly do: 'search' | 'reject' | 'blame'; readonly reason: string; readonly message: string };

/** Counts the latest attempt to send a range, and decides the next step. */
export function decide(
  before: RangeFailures,
  result: AttemptResult,
  options: RetryOptions,
): { readonly failures: RangeFailures; readonly step: RetryStep } {
  const failures = counted(before, result);
  return { failures, step: stepAfter(failures, before, result, options) };
}

/** Sets the number of dropped connections so that one more leads to the step `blame` again. */
export function withoutBlame(failures: RangeFailures): RangeFailures {
  return { ...failures, drops: dropsOfOnePoint - 1 };
}

function counted(before: RangeFailures, { verdict, at }: AttemptResult): RangeFailures {
  const { kind } = verdict;
  const dropping = kind === 'dropped' || kind === 'unreachable';
  return {
    total: before.total + (kind === 'accepted' ? 0 : 1),
    unreachable: kind === 'unreachable' ? before.unreachable + 1 : 0,
    drops: dropping ? before.drops + (kind === 'dropped' ? 1 : 0) : 0,
    unknown: before.unknown + (kind === 'rejected' && verdict.unknown ? 1 : 0),
    refusedSince: kind === 'refused' ? (before.refusedSince ?? at) : null,
  };
}

function stepAfter(
  failures: RangeFailures,
  before: RangeFailures,
  { verdict, points, bodyBytes, latencyMs, at }: AttemptResult,
  { endpoints, random }: RetryOptions,
): RetryStep {
  const wait = (atLeastMs = 0): RetryStep => {
    return { do: 'wait', ms: backoff(failures.total, atLeastMs, random), reason: reasonOf(verdict) };
  };
  const longWait = (): RetryStep => {
    return { do: 'wait', ms: formingBackoff(failures.total, latencyMs, random), reason: reasonOf(verdict) };
  };
  switch (verdict.kind) {
    case 'accepted':
      return { do: 'loaded' };
    case 'overloaded':
      if (verdict.timedOut && points > 1 && bodyBytes > smallestTimedOutSplit) return { do: 'split' };
      return wait(verdict.retryAfterMs ?? 0);
    case 'forming':
      return longWait();
    case 'unreachable':
      return failures.unreachable < endpoints ? { do: 'wait', ms: 0, reason: verdict.reason } : wait();
    case 'dropped': {
      if (failures.drops >= dropsBeforeSplit && points > 1) return { do: 'split' };
      if (failures.drops < dropsOfOnePoint) return wait();
      const message = `the target closes the connection when this point arrives: ${verdict.reason}`;
      return { do: 'blame', reason: 'target-drops-connection', message };
    }
    case 'rejected': {
      const { reason, message } = verdict;
      if (verdict.unknown && before.unknown < unknownRetries)
        return { do: 'wait', ms: backoff(failures.unknown, 0, random), reason: message };
      if (points === 1) return { do: 'reject', reason, message };
      return verdict.tooLarge ? { do: 'split' } : { do: 'search', reason, message };
    }
    case 'refused':
      return at - (failures.refusedSince ?? at) < refusedForMs ? longWait() : { do: 'refused' };
  }
}

/** Returns the reason of an attempt's result, for messages. */
export function reasonOf(verdict: Verdict): string {
  if (verdict.kind === 'rejected') return verdict.message;
  return 'reason' in verdict ? verdict.reason : verdict.kind;
}
