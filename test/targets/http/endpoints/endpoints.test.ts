import { expect, test } from 'vitest';
import type { Verdict } from '../../../../src/core/types/index.js';
import { Endpoints } from '../../../../src/targets/http/endpoints/endpoints.js';
import { VirtualClock } from '../../../support/clock.js';

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
  readonly changes: string[];
  readonly reasons: string[];
  readonly alive: Set<number>;
}

function setup(count: number): Setup {
  const clock = new VirtualClock();
  const probes: number[] = [];
  const changes: string[] = [];
  const reasons: string[] = [];
  const alive = new Set<number>();
  const endpoints = new Endpoints(
    Array.from({ length: count }, (_, index) => `n${index}`),
    clock,
    {
      probe: (index) => {
        probes.push(index);
        return Promise.resolve(alive.has(index) ? accepted : unreachable);
      },
      changed: (url, isUp, reason) => {
        changes.push(`${url} ${isUp ? 'up' : 'down'}`);
        reasons.push(reason);
      },
      random: () => 1,
    },
  );
  return { endpoints, clock, probes, changes, reasons, alive };
}

const picks = (endpoints: Endpoints, count: number): number[] => Array.from({ length: count }, () => endpoints.pick());

test('healthy endpoints take turns', () => {
  expect(picks(setup(3).endpoints, 6)).toEqual([0, 1, 2, 0, 1, 2]);
});

test('an unreachable endpoint gets no more writes, and the others take its share', () => {
  const { endpoints, changes } = setup(3);
  endpoints.learn(1, unreachable, 0);
  expect(picks(endpoints, 4)).toEqual([0, 2, 0, 2]);
  expect(changes).toEqual(['n1 down']);
});

test('a dead endpoint is probed in the background at growing intervals and never gets a batch', async () => {
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

test('an endpoint returns after an acknowledged probe, and its open time is counted', async () => {
  const { endpoints, clock, alive, changes } = setup(2);
  endpoints.learn(1, unreachable, 0);
  alive.add(1);
  await clock.advance(2500);
  expect(endpoints.pick()).toBe(0);
  await clock.advance(0);
  expect(picks(endpoints, 2)).toEqual([1, 0]);
  expect(changes).toEqual(['n1 down']);
  endpoints.learn(1, accepted, 3);
  expect(endpoints.totals()[1]).toEqual({ url: 'n1', loaded: 3, failures: 1, openSeconds: 2.5 });
  expect(changes).toEqual(['n1 down', 'n1 up']);
});

test('an endpoint on trial gets one write at a time until it answers one', async () => {
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

test('with all endpoints down each is tried in turn, and any answer brings one back', async () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, unreachable, 0);
  endpoints.learn(1, unreachable, 0);
  expect(picks(endpoints, 4)).toEqual([0, 1, 0, 1]);
  endpoints.learn(0, overloaded(false), 0);
  expect(picks(endpoints, 2)).toEqual([0, 0]);
});

test('several writers that find an endpoint dead at the same moment start one probe', async () => {
  const { endpoints, clock, probes } = setup(2);
  for (let writer = 0; writer < 8; writer++) endpoints.learn(1, unreachable, 0);
  await clock.advance(1000);
  endpoints.pick();
  expect(probes).toEqual([1]);
});

test('one lost request does not open the circuit, because the points may be the cause', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, dropped, 0);
  expect(picks(endpoints, 2)).toEqual([0, 1]);
});

test('three losses in a row open the circuit, and an answer in between resets the count', () => {
  const { endpoints } = setup(2);
  for (const verdict of [overloaded(true), dropped, overloaded(false), dropped, overloaded(true)])
    endpoints.learn(0, verdict, 0);
  expect(picks(endpoints, 2)).toEqual([0, 1]);
  endpoints.learn(0, dropped, 0);
  expect(picks(endpoints, 2)).toEqual([1, 1]);
});

test('losses open no circuit while no other endpoint takes writes', () => {
  const { endpoints, changes } = setup(2);
  for (let turn = 0; turn < 9; turn++) endpoints.learn(turn % 2, turn < 5 ? dropped : overloaded(true), 0);
  expect(picks(endpoints, 4)).toEqual([0, 1, 0, 1]);
  expect(changes).toEqual([]);
});

test('the least busy endpoint gets the next write, so a hanging one delays only its share', () => {
  const { endpoints } = setup(2);
  const hung = endpoints.begin(never);
  expect(hung.index).toBe(0);
  for (let turn = 0; turn < 5; turn++) {
    const request = endpoints.begin(never);
    expect(request.index).toBe(1);
    request.complete(accepted, 1);
  }
});

test('an endpoint without an answer for 5 s is probed, and its writes are cancelled if it is dead', async () => {
  const { endpoints, clock, probes, changes } = setup(2);
  const hung = endpoints.begin(never);
  await clock.advance(4999);
  expect(probes).toEqual([]);
  await clock.advance(1);
  expect(probes).toEqual([0]);
  expect([hung.signal.aborted, hung.cancelled]).toEqual([true, true]);
  hung.complete({ ...unreachable, mayBeApplied: true }, 5);
  expect(changes).toEqual(['n0 down']);
  expect(endpoints.totals()[0]).toMatchObject({ loaded: 0, failures: 1 });
});

test('a slow endpoint keeps its write and is probed again', async () => {
  const { endpoints, clock, probes, alive, changes } = setup(2);
  alive.add(0);
  const slow = endpoints.begin(never);
  await clock.advance(15_000);
  expect(probes).toEqual([0, 0, 0]);
  slow.complete(accepted, 5);
  await clock.advance(60_000);
  expect([slow.cancelled, probes.length, changes.length, clock.waiting]).toEqual([false, 3, 0, 0]);
});

test('the last healthy endpoint is not probed while a write waits for it', async () => {
  const { endpoints, clock, probes } = setup(2);
  endpoints.learn(1, unreachable, 0);
  const hung = endpoints.begin(never);
  await clock.advance(60_000);
  expect([hung.index, hung.cancelled, probes.includes(0)]).toEqual([0, false, false]);
});

test('an aborted write ends and counts neither as loaded nor as a failure', () => {
  const { endpoints } = setup(1);
  const caller = new AbortController();
  const request = endpoints.begin(caller.signal);
  caller.abort();
  expect([request.signal.aborted, request.cancelled]).toEqual([true, false]);
  request.complete(null, 5);
  expect(endpoints.totals()[0]).toMatchObject({ loaded: 0, failures: 0 });
});

test('a timeout does not close an open circuit', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, unreachable, 0);
  endpoints.learn(0, overloaded(true), 0);
  expect(picks(endpoints, 2)).toEqual([1, 1]);
});

test('points count at the endpoint that acknowledged them, and rejects are no failure of an endpoint', () => {
  const { endpoints } = setup(2);
  endpoints.learn(0, { kind: 'accepted' }, 70);
  endpoints.learn(0, { kind: 'accepted' }, 7);
  endpoints.learn(1, rejected, 5);
  endpoints.learn(1, overloaded(false), 5);
  expect(endpoints.totals()).toEqual([
    { url: 'n0', loaded: 77, failures: 0, openSeconds: 0 },
    { url: 'n1', loaded: 0, failures: 1, openSeconds: 0 },
  ]);
});

test('a change of an endpoint comes with its reason', async () => {
  const { endpoints, clock, reasons, alive } = setup(2);
  endpoints.learn(0, unreachable, 0);
  alive.add(0);
  await clock.advance(1000);
  endpoints.pick();
  await clock.advance(0);
  endpoints.learn(0, accepted, 1);
  for (let i = 0; i < 3; i += 1) endpoints.learn(0, dropped, 0);
  expect(reasons).toEqual(['connection refused', 'the endpoint takes writes again', 'reset']);
});

test.each([
  [unreachable, 'no answer to an empty write: connection refused'],
  [overloaded(true), 'no answer to an empty write: busy'],
])('a probe without an answer opens the circuit with what it found', async (verdict, reason) => {
  const clock = new VirtualClock();
  const reasons: string[] = [];
  const endpoints = new Endpoints(['a', 'b'], clock, {
    probe: () => Promise.resolve(verdict),
    changed: (_, __, found) => reasons.push(found),
  });
  endpoints.begin(never);
  await clock.advance(5000);
  expect(reasons).toEqual([reason]);
});

test('a probe that is answered but not acknowledged keeps an open circuit open', async () => {
  const clock = new VirtualClock();
  const changes: string[] = [];
  const probes: number[] = [];
  const endpoints = new Endpoints(['a', 'b'], clock, {
    probe: (index) => {
      probes.push(index);
      return Promise.resolve(rejected);
    },
    changed: (url, isUp) => changes.push(`${url} ${isUp}`),
    random: () => 1,
  });
  endpoints.learn(0, unreachable, 0);
  for (const ms of [1000, 2000, 4000]) {
    await clock.advance(ms);
    endpoints.pick();
    await clock.advance(0);
  }
  expect(probes).toEqual([0, 0, 0]);
  expect(changes).toEqual(['a false']);
});
