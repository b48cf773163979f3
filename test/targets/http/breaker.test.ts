import { expect, test } from 'vitest';
import { type Breaker, closed, next, openMsAt, type RequestResult } from '../../../src/targets/http/breaker.js';

interface Told {
  readonly sign: RequestResult;
  readonly at: number;
  readonly othersTake?: boolean;
}

/** Phases after each sign; chance always draws the longest wait. */
function phases(told: readonly Told[], from: Breaker = closed): string[] {
  let breaker = from;
  return told.map(({ sign, at, othersTake = true }) => {
    breaker = next(breaker, sign, { now: at, othersTake, random: 1 });
    return breaker.phase;
  });
}

const row = (...signs: RequestResult[]): Told[] => signs.map((sign, i) => ({ sign, at: i }));

test.each<[string, readonly Told[], string[]]>([
  ['unreachable opens at once', row('unreachable'), ['open']],
  ['… also where no other takes writes', [{ sign: 'unreachable', at: 0, othersTake: false }], ['open']],
  ['three losses in a row open', row('lost', 'lost', 'lost'), ['closed', 'closed', 'open']],
  ['an answer in between forgives', row('lost', 'lost', 'answered', 'lost'), ['closed', 'closed', 'closed', 'closed']],
  [
    'losses open nothing while no other takes writes, and count once one does',
    [
      { sign: 'lost', at: 0, othersTake: false },
      { sign: 'lost', at: 1, othersTake: false },
      { sign: 'lost', at: 2, othersTake: false },
      { sign: 'lost', at: 3 },
    ],
    ['closed', 'closed', 'closed', 'open'],
  ],
  ['found dead opens while another takes writes', row('dead'), ['open']],
  ['… and not otherwise', [{ sign: 'dead', at: 0, othersTake: false }], ['closed']],
  [
    'a probe that is acknowledged is a trial, and a written answer closes',
    row('unreachable', 'alive', 'answered'),
    ['open', 'trial', 'closed'],
  ],
  ['on trial the first loss opens', row('unreachable', 'alive', 'lost'), ['open', 'trial', 'open']],
  ['an acknowledged probe changes nothing where it is closed', row('lost', 'alive'), ['closed', 'closed']],
  ['a late answer closes an open one', row('unreachable', 'answered'), ['open', 'closed']],
])('%s', (_, told, expected) => {
  expect(phases(told)).toEqual(expected);
});

test('it is left alone for 1 s, twice as long each time, and a minute at most', () => {
  let breaker = closed;
  const waits: number[] = [];
  for (let turn = 0; turn < 9; turn++) {
    const now = breaker.dueAt;
    breaker = next(breaker, turn === 0 ? 'unreachable' : 'dead', { now, othersTake: true, random: 1 });
    waits.push((breaker.dueAt - now) / 1000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('half of the wait is left to chance', () => {
  const due = (random: number): number => next(closed, 'unreachable', { now: 0, othersTake: true, random }).dueAt;
  expect([due(0), due(0.5), due(1)]).toEqual([500, 750, 1000]);
});

test('a node that greets and loses every body is left alone ever longer: only a written answer forgives', () => {
  let breaker = closed;
  const waits: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const now = breaker.dueAt;
    for (const sign of ['alive', 'lost', 'lost', 'lost'] as const)
      breaker = next(breaker, sign, { now, othersTake: true, random: 1 });
    waits.push(breaker.dueAt - now);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000]);
});

test('what several learn in one moment is one failure', () => {
  const when = { now: 5, othersTake: true, random: 1 };
  const once = next(closed, 'unreachable', when);
  expect(next(next(once, 'unreachable', when), 'dead', when)).toEqual(once);
});

test('the time it was open adds up, the trial left out', () => {
  const at = (now: number) => ({ now, othersTake: true, random: 1 });
  let breaker = next(closed, 'unreachable', at(1000));
  expect(openMsAt(breaker, 1500)).toBe(500);
  breaker = next(breaker, 'alive', at(3000));
  expect(openMsAt(breaker, 9000)).toBe(2000);
  breaker = next(next(breaker, 'lost', at(10_000)), 'answered', at(10_500));
  expect(openMsAt(breaker, 99_000)).toBe(2500);
});
