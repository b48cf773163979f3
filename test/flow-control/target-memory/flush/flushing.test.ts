import { expect, test } from 'vitest';
import type { FlushOutcome } from '../../../../src/core/types/index.js';
import {
  type Flushing,
  type FlushingEvent,
  type FlushingOptions,
  step,
  unflushed,
} from '../../../../src/flow-control/target-memory/flush/flushing.js';

const MiB = 1024 * 1024;
const options: FlushingOptions = {
  share: 1,
  plan: { dueBytes: 50 * MiB, holdBytes: 100 * MiB },
  relieve: true,
  nodes: 1,
};

/** Plays events; `flushes` lists the time and reason of each flush. */
class Play {
  state: Flushing = unflushed;
  hold = false;
  isStuck = false;
  readonly flushes: [number, string][] = [];
  readonly #options: FlushingOptions;

  constructor(more: Partial<FlushingOptions> = {}) {
    this.#options = { ...options, ...more };
  }

  take(...events: FlushingEvent[]): this {
    for (const event of events) {
      const { state, decision } = step(this.state, event, this.#options);
      this.state = state;
      this.hold = decision.hold;
      this.isStuck = decision.isStuck;
      if (decision.flush !== null) this.flushes.push([event.at, decision.flush]);
    }
    return this;
  }

  accept(mib: number, at: number): this {
    return this.take({ kind: 'accepted', bytes: mib * MiB, at });
  }

  flushed(at: number, outcome: Partial<FlushOutcome> = {}): this {
    return this.take({ kind: 'flushed', at, outcome: { kind: 'done', tookMs: 500, reason: null, ...outcome } });
  }

  ticks(from: number, to: number): this {
    for (let at = from; at <= to; at += 500) this.take({ kind: 'tick', at });
    return this;
  }

  gauges(at: number, ...mib: (number | null)[]): this {
    return this.take({ kind: 'gauges', at, bytes: mib.map((each) => (each === null ? null : each * MiB)) });
  }

  get mib(): number {
    return Math.round((this.state.pending + this.state.fresh) / MiB);
  }
}

/** Returns a load whose last flush took more than 10 s. */
function afterLateFlush(more: Partial<FlushingOptions> = {}): Play {
  const play = new Play(more);
  play.state = { ...unflushed, lateFlushes: 1 };
  return play;
}

test('a flush is due when half of the room for unflushed rows is used', () => {
  expect(new Play().accept(49, 5000).flushes).toEqual([]);
  expect(new Play().accept(49, 5000).accept(1, 5100).flushes).toEqual([[5100, 'planned']]);
});

test('a body counts with its share on the fullest node', () => {
  expect(new Play({ share: 2 / 3 }).accept(74, 0).flushes).toEqual([]);
  expect(new Play({ share: 2 / 3 }).accept(76, 0).flushes).toHaveLength(1);
});

test('series count with their share beside the rows, and a flush writes those from before its begin', () => {
  const series = (at: number): FlushingEvent => ({ kind: 'accepted', bytes: 0, seriesBytes: 80 * MiB, at });
  const play = new Play({ share: 1 / 2 }).take(series(0));
  expect(play.state).toMatchObject({ freshSeries: 40 * MiB, pendingSeries: 0 });
  play.take(series(100));
  expect(play.flushes).toEqual([[100, 'planned']]);
  expect(play.state).toMatchObject({ freshSeries: 0, pendingSeries: 80 * MiB });
  play.flushed(200, { kind: 'failed', reason: 'x' }).take(series(2100));
  expect(play.state).toMatchObject({ freshSeries: 0, pendingSeries: 120 * MiB });
  expect(play.flushed(2200).state.pendingSeries).toBe(0);
});

test('flushes never overlap and begin at least two seconds apart', () => {
  const play = new Play().accept(60, 0).accept(60, 100).accept(60, 3000);
  expect(play.flushes).toEqual([[0, 'planned']]);
  play.flushed(3100);
  expect(play.flushes).toEqual([
    [0, 'planned'],
    [3100, 'planned'],
  ]);
  play.flushed(3200).accept(60, 3300);
  expect(play.flushes).toHaveLength(2);
  expect(play.take({ kind: 'tick', at: 5200 }).flushes.at(-1)).toEqual([5200, 'planned']);
});

test('rows that arrive during a flush remain unflushed', () => {
  expect(new Play().accept(60, 0).accept(20, 100).flushed(500).mib).toBe(20);
});

test('sending waits while the room is full, until the flush has ended', () => {
  const play = new Play().accept(60, 0).accept(30, 100);
  expect(play.hold).toBe(false);
  expect(play.accept(10, 200).hold).toBe(true);
  expect(play.flushed(900).hold).toBe(false);
});

test.each([
  ['a flush took more than 10s', { kind: 'timedOut', tookMs: 15_000 }],
  ['not permitted: no', { kind: 'notPermitted', reason: 'no' }],
] as const)('planned flushes end because %s', (why, outcome) => {
  const play = new Play().accept(60, 0).flushed(15_000, outcome);
  expect(play.state.givenUp).toBe(why);
  expect(play.accept(39, 60_000).flushes).toHaveLength(1);
});

test('planned flushes end after two consecutive flushes of more than 10 s', () => {
  const play = new Play().accept(60, 0).flushed(10_001, { tookMs: 10_001 });
  expect(play.state.givenUp).toBeNull();
  play.accept(60, 11_000).flushed(20_000, { tookMs: 10_000 });
  play.accept(60, 21_000).flushed(31_001, { tookMs: 10_001 });
  expect(play.state.givenUp).toBeNull();
  play.accept(60, 32_000).flushed(42_001, { tookMs: 10_001 });
  expect(play.state.givenUp).toBe('two consecutive flushes took more than 10s');
  expect(play.accept(39, 60_000).flushes).toHaveLength(4);
});

test('sending never waits for a target that refuses to flush', () => {
  const play = new Play().accept(120, 0).flushed(100, { kind: 'notPermitted', reason: 'no' });
  expect(play.hold).toBe(false);
  expect(play.accept(200, 60_000).ticks(60_500, 65_000)).toMatchObject({ hold: false, flushes: [[0, 'planned']] });
});

test('a cancelled flush proves nothing and does not end planned flushes', () => {
  const play = new Play().accept(60, 0);
  for (const at of [7000, 14_000, 21_000]) play.flushed(at, { kind: 'blocked', tookMs: 7000 });
  expect([play.mib, play.state.givenUp]).toEqual([60, null]);
  expect(play.flushes.map(([at]) => at)).toEqual([0, 7000, 14_000, 21_000]);
});

test('three consecutive failures end planned flushes, two do not', () => {
  const play = new Play();
  for (const at of [0, 3000]) play.accept(60, at).flushed(at + 100, { kind: 'failed', reason: 'x' });
  expect(play.state.givenUp).toBeNull();
  play.take({ kind: 'tick', at: 6000 }).flushed(6100, { kind: 'failed', reason: 'x' });
  expect(play.state.givenUp).toBe('flushes fail: x');
  const other = new Play();
  for (const [i, kind] of (['failed', 'failed', 'done', 'failed', 'failed'] as const).entries())
    other.accept(60, 3000 * i).flushed(3000 * i + 100, { kind, reason: 'x' });
  expect([other.flushes.length, other.state.givenUp]).toEqual([5, null]);
});

test('planned flushes continue however much they slow the writes, because nothing else holds the node', () => {
  const play = new Play();
  for (let at = 0; at < 30_000; at += 3000)
    play
      .accept(60, at)
      .accept(1, at + 100)
      .flushed(at + 2900);
  expect([play.state.givenUp, play.flushes.length]).toEqual([null, 10]);
});

test('relief begins after 30 s of only "memory exhausted" and repeats once a minute', () => {
  const play = new Play({ plan: null });
  for (let at = 0; at <= 200_000; at += 1000) {
    play.take({ kind: 'exhausted', at });
    if (play.state.flushingSince === at) play.flushed(at + 400);
  }
  expect(play.flushes).toEqual([
    [30_000, 'relief'],
    [90_000, 'relief'],
    [150_000, 'relief'],
  ]);
});

test('relief also begins while every batch waits between its attempts', () => {
  const play = new Play({ plan: null }).take({ kind: 'exhausted', at: 0 }).ticks(250, 40_000);
  expect(play.flushes).toEqual([[30_250, 'relief']]);
});

test.each(['accepted', 'otherAnswer'] as const)('another answer (%s) restarts the 30 s before relief', (kind) => {
  const play = new Play({ plan: null }).take({ kind: 'exhausted', at: 0 }).ticks(0, 29_000);
  play.take({ kind, at: 29_500, bytes: 0 }).ticks(30_000, 100_000);
  expect(play.flushes).toEqual([]);
});

test('relief continues after planned flushes ended, except without the privilege', () => {
  const late = new Play().accept(60, 0).flushed(20_000, { kind: 'timedOut', tookMs: 15_000 });
  expect(late.take({ kind: 'exhausted', at: 20_000 }).ticks(20_500, 60_000).flushes).toEqual([
    [0, 'planned'],
    [50_000, 'relief'],
  ]);
  const denied = new Play().accept(60, 0).flushed(100, { kind: 'notPermitted', reason: 'no' });
  expect(denied.take({ kind: 'exhausted', at: 20_000 }).ticks(20_500, 60_000).flushes).toHaveLength(1);
});

test('--no-relieve forbids every flush', () => {
  const play = new Play({ relieve: false }).accept(500, 0).take({ kind: 'exhausted', at: 0 }, { kind: 'asked', at: 1 });
  expect(play.ticks(500, 100_000).flushes).toEqual([]);
  expect(play.hold).toBe(false);
});

test('the end of a stage flushes any amount', () => {
  expect(new Play({ plan: null }).accept(1, 0).take({ kind: 'asked', at: 10 }).flushes).toEqual([[10, 'stage']]);
});

test('a gauge within the recent estimates changes nothing', () => {
  const play = new Play().ticks(0, 1000).accept(40, 1200).ticks(1500, 9000);
  expect(play.gauges(9100, 0).mib).toBe(40);
  expect(play.gauges(9200, 40).mib).toBe(40);
});

test('a gauge above all recent estimates raises the estimate and the weight of later bodies', () => {
  const play = new Play().accept(20, 0).ticks(500, 3000).gauges(3100, 40);
  expect(play.mib).toBe(40);
  expect(play.state.factor).toBe(2);
  expect(play.gauges(3200, 40).mib).toBe(40);
  expect(play.accept(5, 3300).flushes).toHaveLength(1);
});

test('a gauge below all recent estimates lowers the estimate only if every node has a gauge', () => {
  const three = { nodes: 3 };
  const begin = (): Play => new Play(three).accept(45, 0).ticks(500, 14_000);
  expect(begin().gauges(14_100, 10).mib).toBe(45);
  expect(begin().gauges(14_100, 10, null, 8).mib).toBe(45);
  expect(begin().gauges(14_100, 10, 9, 8).mib).toBe(10);
});

test('a flush of 10 s is not too slow, and one known gauge of several raises the estimate', () => {
  expect(new Play().accept(60, 0).flushed(10_000, { tookMs: 10_000 }).state.givenUp).toBeNull();
  expect(new Play().accept(20, 0).ticks(500, 3000).gauges(3100, 40, null).mib).toBe(40);
});

test('gauges are ignored without a value or without recent estimates', () => {
  expect(new Play().accept(20, 0).gauges(1, 900).mib).toBe(20);
  expect(new Play().accept(20, 0).ticks(0, 500).gauges(600, null).mib).toBe(20);
});

test('a target that flushes too slowly makes sending wait at the limit until its gauge falls', () => {
  const play = afterLateFlush().accept(60, 0).flushed(11_000, { tookMs: 11_000 }).ticks(11_500, 12_000);
  expect(play.state.givenUp).toBe('two consecutive flushes took more than 10s');
  play.accept(99, 13_000);
  expect([play.hold, play.flushes.length]).toEqual([false, 1]);
  play.accept(1, 13_100);
  expect([play.hold, play.flushes.at(-1)]).toEqual([true, [13_100, 'relief']]);
  play.flushed(28_100, { kind: 'timedOut', tookMs: 15_000 }).ticks(28_500, 45_000);
  // It may still flush, so it is not asked again for a minute.
  expect([play.hold, play.flushes.length]).toEqual([true, 2]);
  expect(play.gauges(45_500, 20).hold).toBe(false);
});

test('a target that took long to flush is asked again after twice that time while sending waits', () => {
  const play = afterLateFlush().accept(60, 0).flushed(11_000, { tookMs: 11_000 }).accept(100, 12_000);
  expect(play.flushes.at(-1)).toEqual([12_000, 'relief']);
  play.accept(100, 13_000).flushed(24_000, { tookMs: 12_000 }).ticks(24_500, 35_500);
  expect([play.hold, play.flushes.length]).toEqual([true, 2]);
  expect(play.ticks(36_000, 36_500).flushes.at(-1)).toEqual([36_000, 'relief']);
});

test('the load is stuck after two minutes behind a target that never flushes', () => {
  const play = afterLateFlush({ relieve: true }).accept(60, 0).flushed(11_000, { tookMs: 11_000 }).accept(100, 12_000);
  expect(play.flushed(27_000, { kind: 'timedOut', tookMs: 15_000 }).ticks(27_500, 131_500).hold).toBe(true);
  expect(play.flushes).toHaveLength(3);
  expect(play.isStuck).toBe(false);
  expect(play.ticks(132_000, 132_000)).toMatchObject({ hold: true, isStuck: true });
});
