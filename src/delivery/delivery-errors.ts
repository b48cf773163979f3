// Errors that end a run because a batch cannot be delivered.

import { BugError, BulkLoadError, RefusedError, TooManyRejectsError, UnavailableError } from '../core/errors.js';
import { plural } from '../core/text.js';
import type { Attempt, PointReject } from '../core/types/index.js';
import { formatDuration } from '../core/units.js';
import { refusedForMs } from './retry-policy.js';

/** Maps each endpoint to the reason of its last failed attempt. The latest failure is the last entry. */
export type FailureReasons = ReadonlyMap<string, string>;

/** Returns the error that ends the run: a BulkLoadError unchanged, any other thrown value as a BugError. */
export function errorOf(cause: unknown): BulkLoadError {
  if (cause instanceof BulkLoadError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BugError(`a defect of bulk-load: ${message}`, { cause });
}

/** Builds the error for batches that the target refused. @param advice advice from the target, if known */
export function refusedError(
  reason: string,
  advice = 'check the users, the privileges and the database of the target',
): RefusedError {
  return new RefusedError({
    tried: 'writing a batch',
    expected: 'the target to accept the batch',
    found: `only refusals for ${formatDuration(refusedForMs)}: ${reason}`,
    fix: advice,
  });
}

export function tooManyRejects(points: number, rejected: readonly PointReject[]): TooManyRejectsError {
  const { reason, message } = rejected.at(-1)!;
  return new TooManyRejectsError({
    tried: `writing a batch of ${plural(points, 'point')}`,
    expected: 'no more rejected points than --max-rejected allows',
    found: `${plural(rejected.length, 'rejected point')} in this batch; the last reason is ${reason}: ${message}`,
    fix: 'look at the dead letters, fix the input, or raise --max-rejected',
  });
}

/** Advice for a target without free memory. Unless --no-relieve is set, a load itself sends COMPACT DATABASE. */
const relief =
  'give the target more memory, or flush it with COMPACT DATABASE; unless --no-relieve is set, bulk-load sends this statement itself';

/**
 * Builds the error of a batch that the target did not accept within the time limit.
 * @param own last failure of this batch, by endpoint
 * @param all last failure of any batch, by endpoint; omits endpoints that have since acknowledged a request
 */
export function spentError(
  points: number,
  { verdict }: Attempt,
  own: FailureReasons,
  all: FailureReasons,
  retryForMs: number,
): BulkLoadError {
  const listed = (reasons: [string, string][]): string[] =>
    reasons.map(([endpoint, reason]) => `${endpoint}: ${reason}`);
  const here = listed([...own].reverse()).join('; an earlier failure from ');
  // Other batches may have failed at endpoints that this batch never tried.
  const others = listed([...all].filter(([endpoint]) => !own.has(endpoint)));
  const memory = verdict.kind === 'overloaded' && verdict.memory;
  const SpentError = verdict.kind === 'refused' ? RefusedError : UnavailableError;
  return new SpentError({
    tried: `writing a batch of ${plural(points, 'point')}`,
    expected: `an acknowledgement within --retry-for ${formatDuration(retryForMs)}`,
    found: `failures, the last failure from ${[here, ...others].join('; a failure of another batch from ')}`,
    fix: memory ? relief : '',
  });
}
