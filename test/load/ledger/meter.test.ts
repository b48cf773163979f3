import { expect, test } from 'vitest';
import type { Attempt, Verdict } from '../../../src/core/types/index.js';
import { Meter } from '../../../src/load/ledger/meter.js';

function attempt(verdict: Verdict, latencyMs = 5): Attempt {
  return { verdict, endpoint: 'http://one:8902', latencyMs, sentBytes: 100 };
}

test('six kinds of answers are counted, and every byte that went out', () => {
  const meter = new Meter();
  const overloaded = { kind: 'overloaded', reason: '', retryAfterMs: null, memory: false, timedOut: false } as const;
  const rejected = {
    kind: 'rejected',
    reason: '',
    message: '',
    offset: null,
    tooLarge: false,
    unknown: false,
  } as const;
  meter.count(attempt({ ...overloaded, mayBeApplied: false }), false, 0);
  meter.count(attempt({ kind: 'forming', reason: '', mayBeApplied: false }), true, 0);
  meter.count(attempt({ kind: 'unreachable', reason: '' }), true, 0);
  meter.count(attempt({ kind: 'dropped', reason: '', mayBeApplied: true }), true, 0);
  meter.count(attempt(rejected), false, 0);
  meter.count(attempt({ kind: 'refused', reason: '' }), false, 0);
  meter.count(attempt({ kind: 'accepted' }), false, 0);
  expect(meter.requests).toEqual({
    sent: 7,
    accepted: 1,
    overloaded: 2,
    unreachable: 2,
    rejected: 1,
    refused: 1,
    retried: 3,
  });
  const { answers } = meter.endpoint('http://one:8902', 0);
  expect(answers).toEqual({
    accepted: 1,
    overloaded: 1,
    forming: 1,
    unreachable: 1,
    dropped: 1,
    rejected: 1,
    refused: 1,
  });
  const none = Object.fromEntries(Object.keys(answers).map((kind) => [kind, 0]));
  expect(meter.endpoint('http://other:8902', 0)).toEqual({ answers: none, p99Ms: 0 });
  expect(meter.bytesSent).toBe(700);
});

test('latencies cover accepted requests only, and are zero before the first one', () => {
  const meter = new Meter();
  meter.count(attempt({ kind: 'refused', reason: '' }, 9000), false, 0);
  expect(meter.latencyMs()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
  meter.count(attempt({ kind: 'accepted' }, 50), false, 0);
  expect(meter.latencyMs().p50).toBeCloseTo(50, 0);
  for (let ms = 1; ms <= 100; ms += 1) meter.count(attempt({ kind: 'accepted' }, ms), false, 0);
  const { p50, p95, p99, max } = meter.latencyMs();
  expect(p50).toBeCloseTo(50, 0);
  expect(p95).toBeCloseTo(95, 0);
  expect(p99).toBeCloseTo(99, 0);
  expect(max).toBeCloseTo(100, 0);
});
