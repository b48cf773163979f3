import { expect, test } from 'vitest';
import {
  type Breaker,
  closed,
  next,
  openMsAt,
  type RequestResult,
} from '../../../../src/targets/http/endpoints/breaker.js';

interface TimedResult {
  readonly result: RequestResult;
  readonly at: number;
  readonly othersTake?: boolean;
}

/** Phases after each result. The random part of a wait is always the longest. */
function phases(results: readonly TimedResult[], from: Breaker = closed): string[] {
  let breaker = from;
  return results.map(({ result, at, othersTake = true }) => {
    breaker = next(breaker, result, { now: at, othersTake, random: 1 });
    return breaker.phase;
  });
}

const row = (...results: RequestResult[]): TimedResult[] => results.map((result, i) => ({ result, at: i }));

test.each<[string, readonly TimedResult[], string[]]>([
  ['an unreachable endpoint opens the circuit at once', row('unreachable'), ['open']],
  [
    'an unreachable endpoint opens the circuit even while no other takes writes',
    [{ result: 'unreachable', at: 0, othersTake: false }],
    ['open'],
  ],
  ['three losses in a row open the circuit', row('lost', 'lost', 'lost'), ['closed', 'closed', 'open']],
  [
    'an answer between losses resets the count',
    row('lost', 'lost', 'answered', 'lost'),
    ['closed', 'closed', 'closed', 'closed'],
  ],
  [
    'losses open the circuit only once another endpoint takes writes',
    [
      { result: 'lost', at: 0, othersTake: false },
      { result: 'lost', at: 1, othersTake: false },
      { result: 'lost', at: 2, othersTake: false },
      { result: 'lost', at: 3 },
    ],
    ['closed', 'closed', 'closed', 'open'],
  ],
  ['a dead probe opens the circuit while another endpoint takes writes', row('dead'), ['open']],
  [
    'a dead probe opens nothing while no other endpoint takes writes',
    [{ result: 'dead', at: 0, othersTake: false }],
    ['closed'],
  ],
  [
    'an acknowledged probe starts a trial, and an answered write closes the circuit',
    row('unreachable', 'alive', 'answered'),
    ['open', 'trial', 'closed'],
  ],
  [
    'the first loss during a trial opens the circuit again',
    row('unreachable', 'alive', 'lost'),
    ['open', 'trial', 'open'],
  ],
  ['an acknowledged probe leaves a closed circuit as it is', row('lost', 'alive'), ['closed', 'closed']],
  ['a late answer closes an open circuit', row('unreachable', 'answered'), ['open', 'closed']],
])('%s', (_, results, expected) => {
  expect(phases(results)).toEqual(expected);
});

test('an open circuit waits 1 s for its first probe, then twice as long each time, up to a minute', () => {
  let breaker = closed;
  const waits: number[] = [];
  for (let turn = 0; turn < 9; turn++) {
    const now = breaker.dueAt;
    breaker = next(breaker, turn === 0 ? 'unreachable' : 'dead', { now, othersTake: true, random: 1 });
    waits.push((breaker.dueAt - now) / 1000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('half of the wait before a probe is random', () => {
  const due = (random: number): number => next(closed, 'unreachable', { now: 0, othersTake: true, random }).dueAt;
  expect([due(0), due(0.5), due(1)]).toEqual([500, 750, 1000]);
});

test('a node that acknowledges probes but loses every body stays open longer each time', () => {
  let breaker = closed;
  const waits: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const now = breaker.dueAt;
    for (const result of ['alive', 'lost', 'lost', 'lost'] as const)
      breaker = next(breaker, result, { now, othersTake: true, random: 1 });
    waits.push(breaker.dueAt - now);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000]);
});

test('several requests that report the same failure at once count as one opening', () => {
  const when = { now: 5, othersTake: true, random: 1 };
  const once = next(closed, 'unreachable', when);
  expect(next(next(once, 'unreachable', when), 'dead', when)).toEqual(once);
});

test('the open time adds up over several openings and excludes trials', () => {
  const at = (now: number) => ({ now, othersTake: true, random: 1 });
  let breaker = next(closed, 'unreachable', at(1000));
  expect(openMsAt(breaker, 1500)).toBe(500);
  breaker = next(breaker, 'alive', at(3000));
  expect(openMsAt(breaker, 9000)).toBe(2000);
  breaker = next(next(breaker, 'lost', at(10_000)), 'answered', at(10_500));
  expect(openMsAt(breaker, 99_000)).toBe(2500);
});
