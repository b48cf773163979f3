import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import { Endpoints } from '../../../src/targets/http/endpoints.js';
import { VirtualClock } from '../../support/clock.js';

const accepted: Verdict = { kind: 'accepted' };
const dropped: Verdict = { kind: 'dropped', reason: 'reset', mayBeApplied: true };
const unreachable: Verdict = { kind: 'unreachable', reason: 'connection refused' };
const rejected: Verdict = {
  kind: 'rejected',
  reason: 'target-parse',
  message: '',
  offset: null,
  tooLarge: false,
  unknown: false,
};
const overloaded = (timedOut: boolean): Verdict => ({
  kind: 'overloaded',
  reason: 'busy',
  retryAfterMs: null,
  mayBeApplied: timedOut,
  memory: false,
  timedOut,
});

const never = new AbortController().signal;

interface Setup {
  readonly endpoints: Endpoints;
  readonly clock: VirtualClock;
  readonly probes: number[];
  readonly said: string[];
  readonly alive: Set<number>;
}

function setup(count: number): Setup {
  const clock = new VirtualClock();
  const probes: number[] = [];
  const said: string[] = [];
  const alive = new Set<number>();
  const endpoints = new Endpoints(
    Array.from({ length: count }, (_, index) => `n${index}`),
    clock,
    {
      probe: (index) => {
        probes.push(index);
        return Promise.resolve(alive.has(index) ? accepted : unreachable);
      },
      changed: (shown, up) => said.push(`${shown} ${up ? 'up' : 'down'}`),
      random: () => 1,
    },
  );
  return { endpoints, clock, probes, said, alive };
}

const picks = (endpoints: Endpoints, count: number): number[] => Array.from({ length: count }, () => endpoints.pick());

test('healthy endpoints take turns', () => {
  expect(picks(setup(3).endpoints, 6)).toEqual([0, 1, 2, 0, 1, 2]);
});

test('one that could not be reached is left alone at once, and its share goes to the others', () => {
  const { endpoints, said } = setup(3);
  endpoints.learn(1, unreachable, 0);
  expect(picks(endpoints, 4)).toEqual([0, 2, 0, 2]);
  expect(said).toEqual(['n1 down']);
});

test('a dead endpoint is probed in the background, ever more seldom, and never gets a batch', async () => {
  const { endpoints, clock, probes } = setup(2);
  endpoints.learn(1, unreachable, 0);
  const at: number[] = [];
  for (let second = 0; second < 200; second++) {
    const before = probes.length;
    expect(endpoints.pick()).toBe(0);
    if (probes.length > before) at.push(second);
    await clock.advance(1000);
  }
  expect(at).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
});

test('it comes back when a probe is acknowledged, and the time it was left alone is counted', async () => {
  const { endpoints, clock, alive, said } = setup(2);
  endpoints.learn(1, unreachable, 0);
  alive.add(1);
  await clock.advance(2500);
  expect(endpoints.pick()).toBe(0);
  await clock.advance(0);
  expect(picks(endpoints, 2)).toEqual([1, 0]);
  expect(said).toEqual(['n1 down']);
  endpoints.learn(1, accepted, 3);
  expect(endpoints.accounts()[1]).toEqual({ url: 'n1', loaded: 3, failures: 1, openSeconds: 2.5 });
  expect(said).toEqual(['n1 down', 'n1 up']);
});

test('after a probe was acknowledged it gets one write at a time, until one is answered', async () => {
  const { endpoints, clock, alive } = setup(2);
  endpoints.learn(1, unreachable, 0);
  alive.add(1);
  await clock.advance(1000);
  const first = endpoints.begin(never);
  await clock.advance(0);
  const trial = endpoints.begin(never);
  expect([first.index, trial.index]).toEqual([0, 1]);
  const more = Array.from({ length: 4 }, () => endpoints.begin(never));
  expect(more.map(({ index }) => index)).toEqual([0, 0, 0, 0]);
  trial.complete(accepted, 1);
  expect(endpoints.begin(never).index).toBe(1);
});

test('with all of them down each is tried in turn, and any answer brings one back', async () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, unreachable, 0);
  endpoints.learn(1, unreachable, 0);
  expect(picks(endpoints, 4)).toEqual([0, 1, 0, 1]);
  endpoints.learn(0, overloaded(false), 0);
  expect(picks(endpoints, 2)).toEqual([0, 0]);
});

test('several writers that find it dead in the same moment count as one miss', async () => {
  const { endpoints, clock, probes } = setup(2);
  for (let writer = 0; writer < 8; writer++) endpoints.learn(1, unreachable, 0);
  await clock.advance(1000);
  endpoints.pick();
  expect(probes).toEqual([1]);
});

test('a request lost after sending does not open an endpoint: it may have been the points', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, dropped, 0);
  expect(picks(endpoints, 2)).toEqual([0, 1]);
});

test('one that loses three in a row is left alone; any answer in between forgives', () => {
  const { endpoints } = setup(2);
  for (const verdict of [overloaded(true), dropped, overloaded(false), dropped, overloaded(true)])
    endpoints.learn(0, verdict, 0);
  expect(picks(endpoints, 2)).toEqual([0, 1]);
  endpoints.learn(0, dropped, 0);
  expect(picks(endpoints, 2)).toEqual([1, 1]);
});

test('where no other takes writes, what is lost opens nothing', () => {
  const { endpoints, said } = setup(2);
  for (let turn = 0; turn < 9; turn++) endpoints.learn(turn % 2, turn < 5 ? dropped : overloaded(true), 0);
  expect(picks(endpoints, 4)).toEqual([0, 1, 0, 1]);
  expect(said).toEqual([]);
});

test('the least busy gets the next write, so that one that hangs holds up no more than its share', () => {
  const { endpoints } = setup(2);
  const hung = endpoints.begin(never);
  expect(hung.index).toBe(0);
  for (let turn = 0; turn < 5; turn++) {
    const flight = endpoints.begin(never);
    expect(flight.index).toBe(1);
    flight.complete(accepted, 1);
  }
});

test('one that leaves a write unanswered is probed; found dead, what waits on it is given up', async () => {
  const { endpoints, clock, probes, said } = setup(2);
  const hung = endpoints.begin(never);
  await clock.advance(4999);
  expect(probes).toEqual([]);
  await clock.advance(1);
  expect(probes).toEqual([0]);
  expect([hung.signal.aborted, hung.lost]).toEqual([true, true]);
  hung.complete({ ...unreachable, mayBeApplied: true }, 5);
  expect(said).toEqual(['n0 down']);
  expect(endpoints.accounts()[0]).toMatchObject({ loaded: 0, failures: 1 });
});

test('one that is only slow goes on being waited for, and probed again', async () => {
  const { endpoints, clock, probes, alive, said } = setup(2);
  alive.add(0);
  const slow = endpoints.begin(never);
  await clock.advance(15_000);
  expect(probes).toEqual([0, 0, 0]);
  slow.complete(accepted, 5);
  await clock.advance(60_000);
  expect([slow.lost, probes.length, said.length, clock.waiting]).toEqual([false, 3, 0, 0]);
});

test('with nowhere else to go nobody is probed, and the answer is waited for', async () => {
  const { endpoints, clock, probes } = setup(2);
  endpoints.learn(1, unreachable, 0);
  const hung = endpoints.begin(never);
  await clock.advance(60_000);
  expect([hung.index, hung.lost, probes.includes(0)]).toEqual([0, false, false]);
});

test('a caller that leaves ends the write and teaches nothing', () => {
  const { endpoints } = setup(1);
  const caller = new AbortController();
  const flight = endpoints.begin(caller.signal);
  caller.abort();
  expect([flight.signal.aborted, flight.lost]).toEqual([true, false]);
  flight.complete(null, 5);
  expect(endpoints.accounts()[0]).toMatchObject({ loaded: 0, failures: 0 });
});

test('silence does not bring back one that was left alone', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, unreachable, 0);
  endpoints.learn(0, overloaded(true), 0);
  expect(picks(endpoints, 2)).toEqual([1, 1]);
});

test('points are counted where they were acknowledged, and rejected points are no failure of an endpoint', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, { kind: 'accepted' }, 70);
  endpoints.learn(0, { kind: 'accepted' }, 7);
  endpoints.learn(1, rejected, 5);
  endpoints.learn(1, overloaded(false), 5);
  expect(endpoints.accounts()).toEqual([
    { url: 'n0', loaded: 77, failures: 0, openSeconds: 0 },
    { url: 'n1', loaded: 0, failures: 1, openSeconds: 0 },
  ]);
});
