// Decides the next step of the search through a batch after a request for some of its points. All functions are pure.

import type { BulkLoadError } from '../core/errors.js';
import { excerpt } from '../core/text.js';
import type { Attempt, Batch, PointRange } from '../core/types/index.js';
import { halves, isolate, namedPoint, type Search, wasMisled } from './bisection.js';
import { refusedError } from './delivery-errors.js';
import { type RetryStep, reasonOf } from './retry-policy.js';

/** Result of the attempts to send a range. */
export type RangeResult =
  /**
   * `separate`: joined points were sent, and one of the points may be bad. So all of them are sent again, one per line.
   */
  | { readonly do: 'loaded' | 'split' | 'separate' | 'stopped' }
  | { readonly do: 'reject'; readonly reason: string; readonly message: string; readonly endpoint: string }
  | { readonly do: 'isolate'; readonly point: number }
  | { readonly do: 'fail'; readonly error: BulkLoadError };

/**
 * Returns the result of the last attempt to send a range.
 * @param misled true once the target named a wrong point
 */
export function resultOf(
  step: Exclude<RetryStep, { do: 'wait' }>,
  { verdict, endpoint }: Attempt,
  batch: Batch,
  range: PointRange,
  misled: boolean,
): RangeResult {
  switch (step.do) {
    case 'loaded':
    case 'split':
      return { do: step.do };
    case 'reject':
    case 'blame':
      return { do: 'reject', reason: step.reason, message: excerpt(step.message), endpoint };
    case 'refused':
      return {
        do: 'fail',
        error: refusedError(reasonOf(verdict), verdict.kind === 'refused' ? verdict.advice : undefined),
      };
    case 'search': {
      const point = misled || verdict.kind !== 'rejected' ? null : namedPoint(batch, range, verdict);
      return point === null ? { do: 'split' } : { do: 'isolate', point };
    }
  }
}

/** Returns the state of the search after a range was sent. */
export function searchAfter(search: Search, range: PointRange, result: RangeResult): Search {
  if (result.do === 'stopped' || result.do === 'separate') return search;
  const rest = search.open.slice(0, -1);
  const misled = search.misled || wasMisled(range, search.suspect, result.do === 'loaded');
  switch (result.do) {
    case 'loaded':
    case 'reject':
      return { ...search, open: rest, misled };
    case 'fail':
      return { ...search, misled };
    case 'split':
      return { ...search, open: [...rest, ...halves(range)], misled };
    case 'isolate':
      return misled
        ? { ...search, open: [...rest, ...halves(range)], misled }
        : { open: [...rest, ...isolate(range, result.point)], suspect: result.point, misled };
  }
}
