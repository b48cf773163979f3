import { expect, test } from 'vitest';
import type { Verdict } from '../../src/core/types/index.js';
import {
  decide,
  noFailures,
  type RangeFailures,
  type RetryStep,
  reasonOf,
  withoutBlame,
} from '../../src/delivery/retry-policy.js';
import { accepted, dropped, forming, overloaded, refused, rejected, unreachable } from './support.js';

const KiB = 1024;
const options = { endpoints: 3, random: () => 0.5 };

/** Decides about one attempt after the given failures. */
function after(
  failures: Partial<RangeFailures>,
  verdict: Verdict,
  result: { points?: number; bodyBytes?: number; latencyMs?: number; at?: number } = {},
) {
  return decide(
    { ...noFailures, ...failures },
    { points: 2, bodyBytes: KiB, latencyMs: 0, at: 0, ...result, verdict },
    options,
  );
}

const tooLarge = rejected({ tooLarge: true });
const unknown = rejected({ unknown: true });
const timedOut = overloaded({ timedOut: true });

test.each<[string, Partial<RangeFailures>, Verdict, Parameters<typeof after>[2], Partial<RetryStep>]>([
  ['accepted means loaded', {}, accepted, {}, { do: 'loaded' }],
  ['the first overload waits at most 250 ms', {}, overloaded(), {}, { do: 'wait', ms: 125, reason: 'busy' }],
  ['the third overload waits at most 1 s', { total: 2 }, overloaded(), {}, { do: 'wait', ms: 500 }],
  ['Retry-After is the least wait', {}, overloaded({ retryAfterMs: 9000 }), {}, { do: 'wait', ms: 9000 }],
  ['a large body that timed out is split', {}, timedOut, { bodyBytes: 64 * KiB + 1 }, { do: 'split' }],
  ['a body of 64 KiB that timed out is sent again', {}, timedOut, { bodyBytes: 64 * KiB }, { do: 'wait' }],
  ['a single point that timed out is sent again', {}, timedOut, { points: 1, bodyBytes: 999 * KiB }, { do: 'wait' }],
  ['forming groups get a second more', {}, forming, {}, { do: 'wait', ms: 1125, reason: 'no leader' }],
  ['groups that formed during the attempt get no more', {}, forming, { latencyMs: 3240 }, { do: 'wait', ms: 125 }],
  ['the first unreachable endpoint costs no wait', {}, unreachable, {}, { do: 'wait', ms: 0 }],
  [
    'the second unreachable endpoint costs no wait',
    { total: 1, unreachable: 1 },
    unreachable,
    {},
    { do: 'wait', ms: 0 },
  ],
  [
    'a wait follows once all endpoints are unreachable',
    { total: 2, unreachable: 2 },
    unreachable,
    {},
    { do: 'wait', ms: 500 },
  ],
  ['the first drop sends the same bytes again', {}, dropped, {}, { do: 'wait', ms: 125 }],
  ['the second drop splits', { drops: 1 }, dropped, {}, { do: 'split' }],
  ['the second drop of a single point sends it again', { drops: 1 }, dropped, { points: 1 }, { do: 'wait' }],
  [
    'the third drop of a single point blames it',
    { drops: 2 },
    dropped,
    { points: 1 },
    { do: 'blame', reason: 'target-drops-connection' },
  ],
  ['a rejected range is searched', {}, rejected(), {}, { do: 'search', reason: 'target-parse', message: 'no' }],
  [
    'a rejected point is rejected',
    {},
    rejected(),
    { points: 1 },
    { do: 'reject', reason: 'target-parse', message: 'no' },
  ],
  ['a range that is too large is split', {}, tooLarge, {}, { do: 'split' }],
  ['a point that is too large is rejected', {}, tooLarge, { points: 1 }, { do: 'reject' }],
  ['the third unknown response waits', { total: 9, unknown: 2 }, unknown, {}, { do: 'wait', ms: 500, reason: 'no' }],
  ['the fourth unknown response starts the search', { unknown: 3 }, unknown, {}, { do: 'search' }],
  ['the first refusal waits', {}, refused, { at: 99_000 }, { do: 'wait', ms: 1125, reason: 'access denied' }],
  ['a refusal within 30 s waits', { refusedSince: 1000 }, refused, { at: 30_999 }, { do: 'wait' }],
  ['30 s of refusals end the run', { refusedSince: 1000 }, refused, { at: 31_000 }, { do: 'refused' }],
])('%s', (_, failures, verdict, result, expected) => {
  expect(after(failures, verdict, result).step).toMatchObject(expected);
});

const all: RangeFailures = { total: 5, unreachable: 1, drops: 1, unknown: 1, refusedSince: 7 };

test.each<[string, Verdict, RangeFailures]>([
  [
    'an overload ends every series',
    overloaded(),
    { total: 6, unreachable: 0, drops: 0, unknown: 1, refusedSince: null },
  ],
  [
    'an unreachable endpoint keeps the drops',
    unreachable,
    { total: 6, unreachable: 2, drops: 1, unknown: 1, refusedSince: null },
  ],
  [
    'a drop ends the unreachable endpoints',
    dropped,
    { total: 6, unreachable: 0, drops: 2, unknown: 1, refusedSince: null },
  ],
  [
    'a refusal keeps the time of the first',
    refused,
    { total: 6, unreachable: 0, drops: 0, unknown: 1, refusedSince: 7 },
  ],
  ['an unknown response is counted', unknown, { total: 6, unreachable: 0, drops: 0, unknown: 2, refusedSince: null }],
  ['a rejection is not unknown', rejected(), { total: 6, unreachable: 0, drops: 0, unknown: 1, refusedSince: null }],
  [
    'an acknowledgement is no failure',
    accepted,
    { total: 5, unreachable: 0, drops: 0, unknown: 1, refusedSince: null },
  ],
])('failures are counted in a row: %s', (_, verdict, expected) => {
  expect(after(all, verdict, { at: 9 }).failures).toEqual(expected);
});

test('the time of the first refusal is kept, also at zero', () => {
  expect(after({}, refused, { at: 0 }).failures.refusedSince).toBe(0);
  expect(after({ refusedSince: 0 }, refused, { at: 5 }).failures.refusedSince).toBe(0);
});

test('a point that is not to blame is blamed again after the next drop', () => {
  const { failures } = after({ drops: 4 }, dropped, { points: 1 });
  expect(after(withoutBlame(failures), overloaded(), { points: 1 }).step.do).toBe('wait');
  expect(after(withoutBlame(failures), dropped, { points: 1 }).step.do).toBe('blame');
});

test('each verdict gives a reason for people', () => {
  expect([accepted, forming, rejected({ message: 'bad field' })].map(reasonOf)).toEqual([
    'accepted',
    'no leader',
    'bad field',
  ]);
});
