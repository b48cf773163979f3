import { expect, test } from 'vitest';
import type { FlushOutcome, MemoryEvent, MemoryFollower, MemoryLog, Notice } from '../../../src/core/types/index.js';
import { followMemory } from '../../../src/flow-control/target-memory/fleet-memory.js';
import { SeriesEstimate, seriesBytes } from '../../../src/flow-control/target-memory/flush/series-estimate.js';
import { bodiesKept, RaftCaches } from '../../../src/flow-control/target-memory/raft-caches.js';
import { Rinsing } from '../../../src/flow-control/target-memory/rinsing.js';
import { TargetPressure } from '../../../src/flow-control/target-memory/target-pressure.js';
import { VirtualClock } from '../../support/clock.js';

const MiB = 1024 * 1024;

/** Creates a fleet with one log in memory. A node has room for 100 MiB of rows, and flushes for 100 ms from 50 MiB on. */
function fleetOf({ relieve = true, outcome = 'done' as FlushOutcome['kind'], flushes = true } = {}) {
  const clock = new VirtualClock();
  const followers: MemoryFollower[] = [];
  const seen = {
    flushes: [] as number[],
    asked: 0,
    ended: [] as string[],
    notices: [] as Notice[],
    gauge: null as number | null,
  };
  let isBusy = false;
  const append = (event: MemoryEvent): void => {
    for (const each of followers) each.apply(event, false);
  };
  const logOf = (follower: () => MemoryFollower): MemoryLog => ({
    append,
    follow: async () => void followers.push(follower()),
    unfollow: () => {},
    beginFlush: async (cause) => {
      seen.asked += 1;
      // The queue answers later.
      await Promise.resolve();
      if (isBusy || !flushes) return false;
      isBusy = true;
      for (const each of followers) each.apply({ kind: 'flush', cause }, each === follower());
      return true;
    },
    beginRinse: async () => true,
    end: (work) => {
      isBusy = false;
      seen.ended.push(work);
    },
  });
  const join = () => {
    const { signal } = new AbortController();
    const stages: number[] = [];
    const caches = new RaftCaches({ share: 1, existing: new Set(), bodyBytes: 0, maxBytes: 0 });
    const [series, allSeries] = [new SeriesEstimate(), new SeriesEstimate()];
    const log = logOf(() => follower);
    const notify = (notice: Notice): void => void seen.notices.push(notice);
    const pressure = new TargetPressure({
      ...{ share: 1, relieve, nodes: 1, log, bodyBytes: MiB, bodyBytesUnflushed: MiB, caches, clock, signal, notify },
      ...{ abort: signal, pendingSince: () => null },
      plan: { marks: () => ({ dueBytes: 50 * MiB, holdBytes: 100 * MiB }), bodiesBeside: () => MiB, countsSent: true },
      weigh: (kept, rows) => kept + rows,
      flush: async () => {
        seen.flushes.push(clock.monotonic());
        await clock.sleep(100);
        return { kind: outcome, tookMs: 100, reason: null };
      },
      gauges: async () => [seen.gauge],
      end: () => {},
    });
    const rinsing = new Rinsing({
      ...{ caches, marks: () => ({ dueBytes: MiB, holdBytes: MiB, restBytes: 0 }), shards: 1, ordered: false },
      ...{ placeOf: () => ({ bucket: 0, shard: 0 }), send: async () => ({ kind: 'accepted' }), rewritten: () => {} },
      ...{ log, end: () => {}, clock, signal, notify },
    });
    const follower = followMemory({
      ...{ stages: { acknowledged: (bytes) => stages.push(bytes) }, caches, series, allSeries, pressure, rinsing },
    });
    followers.push(follower);
    return { stages, caches, series, allSeries, pressure, rinsing, follower };
  };
  return { clock, seen, append, join };
}

const body = (mib: number, sample: readonly number[] = []): MemoryEvent => ({
  ...{ kind: 'body', parts: [{ bucket: 0, bytes: MiB }], bytes: 2 * MiB, rows: mib * MiB, sample, part: 1 },
  ...{ points: 3, slots: 6 },
});

test('every worker counts what any of them sends: bodies, rows, series and the bytes of a stage', () => {
  const { append, join } = fleetOf();
  const workers = [join(), join()];
  append(body(20, [1, 2, 3]));
  append(body(10));
  expect(workers).toHaveLength(2);
  for (const { stages, caches, series, allSeries, pressure } of workers) {
    expect(stages).toEqual([2 * MiB, 2 * MiB]);
    expect([caches.bytes, series.count, allSeries.fields]).toEqual([2 * MiB, 3, 2]);
    expect(pressure.nodeBytes).toBe(32 * MiB + 3 * seriesBytes);
    expect(caches.open).toEqual({ bytes: 2 * MiB, places: bodiesKept - 2 });
  }
  // A rinse opens no time bucket.
  append({ ...body(0), parts: [{ bucket: 5, bytes: 1 }], bytes: 0 } as MemoryEvent);
  expect(workers.map(({ caches }) => caches.open.bytes)).toEqual([2 * MiB, 2 * MiB]);
});

test('one worker flushes for all, and rows from before are on disk when it has ended', async () => {
  const { append, join, clock, seen } = fleetOf();
  const workers = [join(), join()];
  append(body(60, [1, 2, 3]));
  append(body(5));
  await clock.advance(50);
  expect(workers.map(({ pressure }) => pressure.save().isFlushing)).toEqual([true, true]);
  append(body(7));
  await clock.advance(60);
  expect(workers.map(({ pressure }) => pressure.flushes)).toEqual([1, 0]);
  expect(workers.map(({ pressure }) => pressure.save().isFlushing)).toEqual([false, false]);
  expect(workers.map(({ pressure }) => pressure.nodeBytes)).toEqual([10 * MiB, 10 * MiB]);
  expect(workers.map(({ series }) => series.count)).toEqual([0, 0]);
  expect([seen.flushes, seen.ended]).toEqual([[0], ['flush']]);
});

test('a worker asks for a flush once, however many rows it counts until the answer', async () => {
  const { append, join, clock, seen } = fleetOf({ flushes: false });
  join();
  append(body(60));
  append(body(1));
  expect(seen.asked).toBe(1);
  await clock.advance(0);
  append(body(1));
  expect(seen.asked).toBe(2);
});

test('a flush whose worker is gone has failed, and the rows stay unflushed', async () => {
  const { append, join, clock } = fleetOf();
  const { pressure, follower } = join();
  // These losses are of no flush, so they end no planned flushes.
  for (let i = 0; i < 3; i += 1) follower.flushLost();
  expect(pressure.save()).toMatchObject({ isFlushing: false });
  append(body(20));
  follower.apply({ kind: 'flush', cause: 'planned' }, false);
  expect(pressure.save().isFlushing).toBe(true);
  follower.flushLost();
  expect(pressure.save().isFlushing).toBe(false);
  await clock.advance(5000);
  expect(pressure.nodeBytes).toBe(21 * MiB);
  append(body(60));
  await clock.advance(0);
  expect(pressure.save().isFlushing).toBe(true);
});

test('a worker that joins takes the account over, and leaves its own if it does not understand it', () => {
  const { append, join } = fleetOf();
  const first = join();
  append(body(20, [1, 2, 3]));
  append({ kind: 'sample', bucket: 0, points: [Buffer.from('m f=1 1\n').toString('base64')], rowBytes: 7 });
  first.follower.apply({ kind: 'flush', cause: 'planned' }, false);
  first.follower.apply(body(1), false);
  const saved = JSON.parse(JSON.stringify(first.follower.save())) as object;
  const second = join();
  second.follower.restore({ ...saved, caches: 'none' });
  expect(second.pressure.nodeBytes).toBe(0);
  second.follower.restore(saved);
  expect(second.follower.save()).toEqual(first.follower.save());
  expect([first, second].map(({ caches }) => caches.reopened)).toEqual([1, 1]);
  expect(second.pressure.nodeBytes).toBe(first.pressure.nodeBytes);
  expect(second.rinsing.save()).toEqual([[0, { points: ['bSBmPTEgMQo='], rowBytes: 7 }]]);
});

test('a worker that joins compares no gauge until its estimates are as old as a gauge may be', async () => {
  const { append, join, clock, seen } = fleetOf();
  const first = join();
  append(body(1));
  const second = join();
  second.follower.restore(first.follower.save());
  seen.gauge = 40 * MiB;
  await clock.advance(10_100);
  expect([first.pressure.nodeBytes, second.pressure.nodeBytes]).toEqual([41 * MiB, 2 * MiB]);
  await clock.advance(10_000);
  expect(second.pressure.nodeBytes).toBe(41 * MiB);
});

test('a stage of a worker ends with a flush of the fleet that began after it', async () => {
  const { append, join, clock, seen } = fleetOf();
  const [first, second] = [join(), join()];
  append(body(20));
  const flushed = second.pressure.flushNow();
  await clock.advance(600);
  expect(await flushed).toEqual({ kind: 'done', tookMs: 100, reason: null });
  expect([seen.flushes, first.pressure.flushes, second.pressure.flushes]).toEqual([[0], 0, 1]);
  expect(first.pressure.nodeBytes).toBe(MiB);
});

test('a failed flush of a fleet counts once', async () => {
  const { append, join, clock, seen } = fleetOf({ outcome: 'failed' });
  join();
  append(body(60));
  await clock.advance(4050);
  // The third failure in a row would end planned flushes.
  expect(seen.flushes).toEqual([0, 2000, 4000]);
});

test('a worker that is closed does not wait for a flush of the fleet', async () => {
  const { join, clock } = fleetOf({ flushes: false });
  const { pressure } = join();
  const ended = pressure.flushNow();
  pressure.close();
  await clock.advance(300);
  expect(await Promise.race([ended, Promise.resolve('still waiting')])).toBeNull();
});

test.each([
  ['--no-relieve forbids it', { relieve: false }, 0],
  ['the target does not permit it', { outcome: 'notPermitted' as const }, 1],
])('a stage of a fleet ends without a flush if %s', async (_, how, flushes) => {
  const { join, clock, seen } = fleetOf(how);
  const ended = join().pressure.flushNow();
  await clock.advance(600);
  expect([await ended, seen.flushes.length]).toEqual([null, flushes]);
});
