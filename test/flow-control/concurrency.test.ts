import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Concurrency, type Observation, observe, startConcurrency } from '../../src/flow-control/concurrency.js';
import { concurrencyTuning } from '../../src/flow-control/tuning.js';
import { type Scenario, simulate } from './simulation.js';

const file = new URL('../../fixtures/scenarios/congestion.json', import.meta.url);
const scenarios = JSON.parse(readFileSync(file, 'utf8')) as Scenario[];

describe.each(scenarios)('a simulated target, $name:', (scenario) => {
  const seen = simulate(scenario);

  test('the number of writers stays between one and --workers', () => {
    expect(seen.length).toBeGreaterThan(10);
    expect(Math.min(...seen.map(({ limit }) => limit))).toBeGreaterThanOrEqual(1);
    expect(Math.max(...seen.map(({ limit }) => limit))).toBeLessThanOrEqual(scenario.workers);
  });

  test('one answer at most halves or doubles the number of writers', () => {
    const limits = seen.map(({ limit }) => limit);
    const leaps = limits.filter(
      (limit, i) => limit > 2 * (limits[i - 1] ?? 1) || limit < Math.floor((limits[i - 1] ?? 1) / 2),
    );
    expect(leaps).toEqual([]);
  });

  test.each(scenario.expect)(
    'from $fromMs to $toMs ms the number of writers is as expected',
    ({ fromMs, toMs, ...expected }) => {
      const part = seen.filter(({ at }) => at >= fromMs && at < toMs);
      const limits = fromMs === 0 && part.length === 0 ? [1] : part.map(({ limit }) => limit);
      const mean = limits.reduce((sum, each) => sum + each, 0) / limits.length;
      const [min, max] = expected.limit ?? [1, scenario.workers];
      expect(Math.min(...limits)).toBeGreaterThanOrEqual(min);
      expect(Math.max(...limits)).toBeLessThanOrEqual(max);
      expect(mean).toBeGreaterThanOrEqual(expected.mean?.[0] ?? min);
      expect(mean).toBeLessThanOrEqual(expected.mean?.[1] ?? max);
      const accepted = part.filter(({ verdict }) => verdict === 'accepted').length;
      expect(accepted).toBeGreaterThanOrEqual(expected.accepted?.[0] ?? 0);
      expect(accepted).toBeLessThanOrEqual(expected.accepted?.[1] ?? Number.POSITIVE_INFINITY);
      const changes = limits.filter((limit, i) => i > 0 && limit !== limits[i - 1]).length;
      expect(changes).toBeLessThanOrEqual(expected.changes ?? Number.POSITIVE_INFINITY);
    },
  );
});

const answer = (now: number, change: Partial<Observation> = {}): Observation => ({
  verdict: 'accepted',
  latencyMs: 10,
  bytes: 1000,
  inFlight: 8,
  now,
  ...change,
});
const all = (state: Concurrency, answers: Observation[]): Concurrency => answers.reduce(observe, state);
/** State in which all eight writers are allowed and busy. */
const wide = all(
  startConcurrency(8),
  Array.from({ length: 40 }, (_, i) => answer(20 * (i + 1))),
);

test('a load has all eight writers after 15 quick answers', () => {
  const limits: number[] = [];
  let state = startConcurrency(8);
  for (let i = 1; i <= 15; i++) {
    state = observe(state, answer(20 * i));
    limits.push(state.limit);
  }
  expect([...new Set(limits)]).toEqual([2, 4, 8]);
});

test('several overloaded answers within one round trip halve the writers once', () => {
  const refused = Array.from({ length: 8 }, (_, i) => answer(2000 + i, { verdict: 'overloaded' }));
  expect(all(wide, refused).limit).toBe(4);
  expect(all(wide, [...refused, answer(2100, { verdict: 'overloaded' })]).limit).toBe(2);
});

test.each(['forming', 'unreachable', 'rejected', 'refused'] as const)(
  'an answer of kind %s does not change the number of writers',
  (verdict) => {
    expect(observe(wide, answer(2000, { verdict }))).toBe(wide);
  },
);

test('answers below 20 ms never reduce the writers, even when latency grows tenfold', () => {
  let state = wide;
  for (let i = 0; i < 40; i++) state = observe(state, answer(2000 + 50 * i, { latencyMs: i % 9 === 0 ? 19 : 2 }));
  expect(state.limit).toBe(8);
});

test('a small first body does not make full bodies look slow', () => {
  const tiny = observe(startConcurrency(8), answer(10, { bytes: 100, latencyMs: 4, inFlight: 1 }));
  const full = Array.from({ length: 40 }, (_, i) =>
    answer(200 * (i + 1), { bytes: 1_000_000, latencyMs: 100, inFlight: 8 }),
  );
  expect(all(tiny, full).limit).toBe(8);
});

test('small bodies are not timed, so a fast small one does not hide that full ones got slow', () => {
  const steady = all(
    startConcurrency(8),
    Array.from({ length: 40 }, (_, i) => answer(200 * (i + 1), { bytes: 1_000_000, latencyMs: 100 })),
  );
  expect(steady.limit).toBe(8);
  const before = all(steady, [answer(9000, { bytes: 1_000_000, latencyMs: 100 })]);
  const small = all(
    before,
    Array.from({ length: 5 }, (_, i) => answer(9010 + i, { bytes: 100_000, latencyMs: 1 })),
  );
  // None of the five small answers counts as a sample, and none ends the round.
  expect(small.round.samples).toBe(before.round.samples);
  expect(small.round.totalMs).toBe(before.round.totalMs);
});

test('an answer is scaled to the size of a full body before it is compared', () => {
  const first = observe(startConcurrency(8), answer(10, { bytes: 1_000_000, latencyMs: 100, inFlight: 8 }));
  const second = observe(first, answer(210, { bytes: 600_000, latencyMs: 60, inFlight: 1 }));
  expect(second.round.totalMs).toBeCloseTo(100);
});

test.each<[string, Concurrency, Observation, RegExp]>([
  ['an overloaded answer', wide, answer(2000, { verdict: 'overloaded' }), /the target answered "overloaded"/],
  ['a lost connection', wide, answer(2000, { verdict: 'dropped' }), /the target answered "dropped"/],
  [
    'a good round',
    startConcurrency(8),
    answer(20),
    /every allowed writer was busy, and responses took 10 ms on average/,
  ],
])('the reason for a change of the writers names %s', (_, state, seen, reason) => {
  const after = observe(state, seen);
  expect(after.limit).not.toBe(state.limit);
  expect(after.reason).toMatch(reason);
});

test('the reason for fewer writers after a slow round names its latency and the mean', () => {
  const round = { ...wide, round: { samples: 0, totalMs: 0, limitReached: false } };
  const slow = Array.from({ length: 8 }, (_, i) => answer(5000 + i, { latencyMs: 400 }));
  const after = all(round, slow);
  expect(after.limit).toBe(7);
  expect(after.reason).toBe('responses took 400 ms on average; before, they took 10 ms');
});

test('every setting of the controllers is within the range that its comment states', () => {
  const ranges: Record<keyof typeof concurrencyTuning, readonly [number, number]> = {
    ewmaAlpha: [0, 1],
    deviationScale: [1, 5],
    slowRatio: [0.5, 1],
    overloadRatio: [0.1, 0.9],
    restMs: [0, 10_000],
    quickMs: [1, 100],
    minDeviation: [0, 0.5],
    queueingRatio: [1.2, 5],
    bestLifetimeMs: [10_000, 600_000],
    comparableSize: [0, 1],
    newBaselineRatio: [1.1, 4],
    usualSizeDecay: [0.5, 1],
  };
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = concurrencyTuning[name as keyof typeof ranges];
    expect(value, name).toBeGreaterThanOrEqual(min);
    expect(value, name).toBeLessThanOrEqual(max);
  }
});

test('a slow round in slow start halves the writers', () => {
  const grown = all(startConcurrency(32), [
    answer(20),
    answer(40),
    answer(41),
    ...[60, 61, 62, 63].map((now) => answer(now)),
  ]);
  expect([grown.limit, grown.slowStart]).toEqual([8, true]);
  const slow = Array.from({ length: 8 }, (_, i) => answer(1000 + i, { latencyMs: 400 }));
  expect(all(grown, slow)).toMatchObject({ limit: 4, slowStart: false });
});

test('slow start ends at --workers, and a round at the largest number changes nothing', () => {
  expect([wide.limit, wide.slowStart]).toEqual([8, false]);
  const later = all(
    wide,
    Array.from({ length: 16 }, (_, i) => answer(2000 + i)),
  );
  expect(later.changedAt).toBe(wide.changedAt);
});

test('the writers grow again as soon as the rest after an overload is over', () => {
  const lower = observe(wide, answer(2000, { verdict: 'overloaded' }));
  expect(lower).toMatchObject({ limit: 4, restUntil: 3000 });
  const round = (now: number): Concurrency =>
    all(
      lower,
      Array.from({ length: 4 }, () => answer(now)),
    );
  expect([round(2999).limit, round(3000).limit]).toEqual([4, 5]);
});

test('the variance of the latency is the exponentially weighted one', () => {
  const one = observe(startConcurrency(1), answer(100, { latencyMs: 100, inFlight: 1 }));
  const two = observe(one, answer(300, { latencyMs: 110, inFlight: 1 }));
  expect(two.baseline).toMatchObject({ mean: 104, best: 100 });
  expect(two.baseline!.variance).toBeCloseTo(0.6 * 0.4 * 10 * 10);
});

test('the best latency follows a lower mean at once, and a higher one after a minute', () => {
  const one = observe(startConcurrency(1), answer(100, { latencyMs: 100, inFlight: 1 }));
  const best = (now: number, latencyMs: number) => observe(one, answer(now, { latencyMs, inFlight: 1 })).baseline?.best;
  expect([best(300, 50), best(60_100, 110), best(60_101, 110)]).toEqual([80, 100, 104]);
});

test.each([
  [1500, 1000],
  [1501, 1501],
])('bodies of %i bytes after bodies of 1,000 are compared with a baseline of %i bytes', (bytes, expected) => {
  const first = observe(startConcurrency(1), answer(20, { inFlight: 1 }));
  expect(observe(first, answer(40, { bytes, inFlight: 1 })).baseline).toMatchObject({ bytes: expected });
});

test.each([
  [125, 'the load begins with one writer'],
  [126, 'responses took 126 ms on average; before, they took 100 ms'],
])('a round of %i ms after one of 100 ms has the reason: %s', (latencyMs, reason) => {
  const first = observe(startConcurrency(1), answer(100, { latencyMs: 100, inFlight: 1 }));
  expect(observe(first, answer(300, { latencyMs, inFlight: 1 })).reason).toBe(reason);
});
