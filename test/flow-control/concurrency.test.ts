import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Congestion, type Observation, observe, uncongested } from '../../src/flow-control/concurrency.js';
import { type Scenario, simulate } from './simulation.js';

const file = new URL('../../fixtures/scenarios/congestion.json', import.meta.url);
const scenarios = JSON.parse(readFileSync(file, 'utf8')) as Scenario[];

describe.each(scenarios)('$name', (scenario) => {
  const seen = simulate(scenario);

  test('the limit is never below one nor above the workers', () => {
    expect(seen.length).toBeGreaterThan(10);
    expect(Math.min(...seen.map(({ limit }) => limit))).toBeGreaterThanOrEqual(1);
    expect(Math.max(...seen.map(({ limit }) => limit))).toBeLessThanOrEqual(scenario.workers);
  });

  test('no answer takes away more than half, nor adds more than it doubles', () => {
    const limits = seen.map(({ limit }) => limit);
    const leaps = limits.filter(
      (limit, i) => limit > 2 * (limits[i - 1] ?? 1) || limit < Math.floor((limits[i - 1] ?? 1) / 2),
    );
    expect(leaps).toEqual([]);
  });

  test.each(scenario.expect)('from $fromMs to $toMs ms it is as expected', ({ fromMs, toMs, ...expected }) => {
    const part = seen.filter(({ at }) => at >= fromMs && at < toMs);
    const limits = fromMs === 0 && part.length === 0 ? [1] : part.map(({ limit }) => limit);
    const mean = limits.reduce((sum, each) => sum + each, 0) / limits.length;
    const [least, most] = expected.limit ?? [1, scenario.workers];
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...limits)).toBeLessThanOrEqual(most);
    expect(mean).toBeGreaterThanOrEqual(expected.mean?.[0] ?? least);
    expect(mean).toBeLessThanOrEqual(expected.mean?.[1] ?? most);
    const accepted = part.filter(({ verdict }) => verdict === 'accepted').length;
    expect(accepted).toBeGreaterThanOrEqual(expected.accepted?.[0] ?? 0);
    expect(accepted).toBeLessThanOrEqual(expected.accepted?.[1] ?? Number.POSITIVE_INFINITY);
    const changes = limits.filter((limit, i) => i > 0 && limit !== limits[i - 1]).length;
    expect(changes).toBeLessThanOrEqual(expected.changes ?? Number.POSITIVE_INFINITY);
  });
});

const answer = (now: number, change: Partial<Observation> = {}): Observation => ({
  verdict: 'accepted',
  latencyMs: 10,
  bytes: 1000,
  inFlight: 8,
  now,
  ...change,
});
const all = (state: Congestion, answers: Observation[]): Congestion => answers.reduce(observe, state);
/** Eight writers, all of them used. */
const wide = all(
  uncongested(8),
  Array.from({ length: 40 }, (_, i) => answer(20 * (i + 1))),
);

test('eight writers are reached within 15 good answers', () => {
  const limits: number[] = [];
  let state = uncongested(8);
  for (let i = 1; i <= 15; i++) {
    state = observe(state, answer(20 * i));
    limits.push(state.limit);
  }
  expect([...new Set(limits)]).toEqual([2, 4, 8]);
});

test('refusals of one round trip halve once', () => {
  const refused = Array.from({ length: 8 }, (_, i) => answer(2000 + i, { verdict: 'overloaded' }));
  expect(all(wide, refused).limit).toBe(4);
  expect(all(wide, [...refused, answer(2100, { verdict: 'overloaded' })]).limit).toBe(2);
});

test.each(['forming', 'unreachable', 'rejected', 'refused'] as const)('%s says nothing about load', (verdict) => {
  expect(observe(wide, answer(2000, { verdict }))).toBe(wide);
});

test('quick answers are never slow ones, even ten times as slow as before', () => {
  let state = wide;
  for (let i = 0; i < 40; i++) state = observe(state, answer(2000 + 50 * i, { latencyMs: i % 9 === 0 ? 19 : 2 }));
  expect(state.limit).toBe(8);
});

test('one tiny first body does not make the full ones look slow', () => {
  const tiny = observe(uncongested(8), answer(10, { bytes: 100, latencyMs: 4, inFlight: 1 }));
  const full = Array.from({ length: 40 }, (_, i) =>
    answer(200 * (i + 1), { bytes: 1_000_000, latencyMs: 100, inFlight: 8 }),
  );
  expect(all(tiny, full).limit).toBe(8);
});
