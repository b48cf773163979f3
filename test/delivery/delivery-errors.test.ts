import { expect, test } from 'vitest';
import type { Attempt, Verdict } from '../../src/core/types/index.js';
import { spentError } from '../../src/delivery/delivery-errors.js';

const attempt = (verdict: Verdict): Attempt => ({ verdict, endpoint: 'a', latencyMs: 1, sentBytes: 1 });
const overloaded = {
  kind: 'overloaded',
  reason: 'full',
  retryAfterMs: null,
  mayBeApplied: false,
  timedOut: false,
} as const;

test.each<[Verdict, string, boolean]>([
  [{ kind: 'refused', reason: 'no privilege' }, 'refused', false],
  [{ ...overloaded, memory: true }, 'unavailable', true],
  [{ ...overloaded, memory: false }, 'unavailable', false],
])('a batch whose last failure was %o ends the load as %s', (verdict, outcome, isRelieved) => {
  const own = new Map([
    ['b', 'first'],
    ['a', 'last'],
  ]);
  const error = spentError(2, attempt(verdict), own, new Map([...own, ['c', 'other']]), 20_000);
  expect([error.outcome, error.message.includes('COMPACT DATABASE')]).toEqual([outcome, isRelieved]);
  expect(error.message).toContain(
    'found failures, the last failure from a: last; an earlier failure from b: first; a failure of another batch from c: other',
  );
});
