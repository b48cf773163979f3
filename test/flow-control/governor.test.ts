import { expect, test } from 'vitest';
import { MemoryLimitError } from '../../src/core/errors.js';
import type { Attempt, Notice, Verdict } from '../../src/core/types/index.js';
import { type Governor, govern } from '../../src/flow-control/governor.js';
import { Watchdog } from '../../src/flow-control/own-memory/watchdog.js';
import { VirtualClock } from '../support/clock.js';

const MiB = 1_048_576;

/** Creates a governor over a simulated process with a limit of 100 MiB. */
function setUp(workers = 8, mode: 'on' | 'observe' | 'off' = 'on') {
  const clock = new VirtualClock();
  const world = { rss: 10 * MiB, peak: 0, drained: false, freedByGc: 0, gcs: 0 };
  const changes: number[] = [];
  const notices: Notice[] = [];
  const reasons: Notice[] = [];
  const stops: MemoryLimitError[] = [];
  const notify = (notice: Notice): unknown => (notice.level === 'debug' ? reasons : notices).push(notice);
  const watchdog = new Watchdog({
    limitBytes: 100 * MiB,
    mode,
    clock,
    peak: () => world.peak,
    probe: () => world.rss,
    drained: () => world.drained,
    collect: () => {
      world.gcs++;
      world.rss -= world.freedByGc;
    },
    stop: (error) => stops.push(error),
    notify,
  });
  const governor = govern({ workers, clock, watchdog, changed: (writers) => changes.push(writers), notify });
  return { clock, world, changes, notices, reasons, stops, watchdog, governor };
}

const accepted: Verdict = { kind: 'accepted' };
const overloaded: Verdict = {
  kind: 'overloaded',
  reason: 'Memory Exhausted Retry Later',
  retryAfterMs: null,
  mayBeApplied: false,
  memory: true,
  timedOut: false,
};
const attempt = (verdict: Verdict, latencyMs = 10): Attempt => ({
  verdict,
  endpoint: 'http://a',
  latencyMs,
  sentBytes: 1000,
});

/** Sends quick answers until all eight writers are allowed. */
async function open(governor: Governor, clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await clock.advance(20);
    governor.observe(attempt(accepted), 1000, governor.writers);
  }
}

test('a load starts with one writer and every change of the number is reported', async () => {
  const { governor, clock, changes, reasons } = setUp();
  expect(governor.writers).toBe(1);
  await open(governor, clock);
  expect(governor.writers).toBe(8);
  expect(changes).toEqual([2, 4, 8]);
  expect(reasons.map(({ kind, message }) => [kind, message])).toEqual([
    [
      'concurrency',
      'the load may use 2 writers instead of 1: every allowed writer was busy, and responses took 10 ms on average',
    ],
    [
      'concurrency',
      'the load may use 4 writers instead of 2: every allowed writer was busy, and responses took 10 ms on average',
    ],
    [
      'concurrency',
      'the load may use 8 writers instead of 4: every allowed writer was busy, and responses took 10 ms on average',
    ],
  ]);
  governor.close();
});

test.each([
  [79, 8, true],
  [80, 8, false],
  [82.5, 6, false],
  [85, 4, false],
  [89.9, 1, false],
  [90, 1, false],
  [150, 1, false],
])('resident memory at %s %% of the limit allows %i writers', async (percent, writers, readAhead) => {
  const { governor, clock, world } = setUp();
  await open(governor, clock);
  world.rss = percent * MiB;
  governor.sample();
  expect([governor.writers, governor.readAhead]).toEqual([writers, readAhead]);
  governor.close();
});

test('the smaller of the limits of target and memory applies', async () => {
  const { governor, clock, world } = setUp();
  await open(governor, clock);
  world.rss = 85 * MiB;
  governor.sample();
  governor.observe(attempt(overloaded), 1000, 8);
  expect([governor.writers, governor.heldBackBy]).toEqual([4, 'target']);
  await clock.advance(100);
  governor.observe(attempt(overloaded), 1000, 4);
  expect(governor.writers).toBe(2);
  world.rss = 95 * MiB;
  governor.sample();
  expect(governor.writers).toBe(1);
  governor.close();
});

test('memory is read every 250 ms until the watchdog is closed', async () => {
  const { governor, watchdog, clock, world } = setUp();
  world.rss = 95 * MiB;
  await clock.advance(249);
  expect(governor.level).toBe('normal');
  await clock.advance(1);
  expect(governor.level).toBe('critical');
  governor.close();
  watchdog.close();
  expect(clock.waiting).toBe(0);
});

test('a collection that frees memory allows all writers again at once', async () => {
  const { governor, watchdog, clock, world, notices } = setUp();
  await open(governor, clock);
  world.rss = 95 * MiB;
  world.freedByGc = 60 * MiB;
  governor.sample();
  expect([governor.writers, governor.level, world.gcs]).toEqual([8, 'normal', 1]);
  expect(notices).toEqual([]);
  expect(watchdog.account).toMatchObject({ forcedGcs: 1, peakRssBytes: 95 * MiB });
  governor.close();
});

test('memory that the allocator retains is reported once and the load continues with one writer', async () => {
  const { governor, clock, world, notices, stops } = setUp();
  await open(governor, clock);
  world.rss = 93 * MiB;
  await clock.advance(1000);
  world.drained = true;
  await clock.advance(600_000);
  expect(notices.map(({ kind }) => kind)).toEqual(['memory-critical', 'memory-retained']);
  expect(notices[1]?.message).toContain('MALLOC_MMAP_THRESHOLD_=131072');
  expect([governor.writers, governor.level, stops.length]).toEqual([1, 'critical', 0]);
  expect(world.gcs).toBeLessThan(30);
  governor.close();
});

test.each([98, 100])('the load stops once, with figures, at %i MiB of 100 with nothing in flight', async (mib) => {
  const { governor, clock, world, stops } = setUp();
  world.rss = mib * MiB;
  await clock.advance(10_000);
  expect(stops).toEqual([]);
  world.drained = true;
  await clock.advance(4900);
  expect(stops).toEqual([]);
  await clock.advance(20_000);
  expect(stops.length).toBe(1);
  expect(stops[0]).toBeInstanceOf(MemoryLimitError);
  expect(stops[0]?.message).toMatch(
    `expected less than 97 % of the limit with no batch in flight, found resident memory ${mib} MiB of 100 MiB for 5 s`,
  );
  governor.close();
});

test('every change of the memory level is reported once', async () => {
  const { governor, clock, world, notices } = setUp();
  for (const rss of [85, 86, 95, 94, 85, 75, 60]) {
    world.rss = rss * MiB;
    governor.sample();
    await clock.advance(250);
  }
  expect(notices.map(({ level, kind }) => [level, kind])).toEqual([
    ['info', 'memory-high'],
    ['warn', 'memory-critical'],
    ['info', 'memory-high'],
    ['info', 'memory-normal'],
  ]);
  governor.close();
});

test('the summary states for how long target and own memory limited the writers, without slow start', async () => {
  const { governor, watchdog, clock, world } = setUp();
  await open(governor, clock);
  expect(governor.account()).toMatchObject({ limitMin: 8, throttledSeconds: 0 });
  governor.observe(attempt(overloaded), 1000, 8);
  await clock.advance(2000);
  expect(governor.heldBackBy).toBe('target');
  world.rss = 95 * MiB;
  governor.sample();
  await clock.advance(3000);
  expect(governor.heldBackBy).toBe('ownMemory');
  const account = governor.account();
  expect(account.heldBack).toEqual({ target: 2, ownMemory: 3 });
  expect(account).toMatchObject({ throttledSeconds: 5, limitMin: 1, limitFinal: 1 });
  expect(watchdog.account.highSeconds).toBe(0);
  expect(Math.abs(watchdog.account.criticalSeconds - 3)).toBeLessThanOrEqual(0.25); // precise to the last sample
  governor.close();
});

test('a limit above the batches in flight does not count as limiting', async () => {
  const { governor, clock } = setUp();
  await open(governor, clock);
  governor.observe(attempt(overloaded), 1000, 2);
  await clock.advance(2000);
  expect(governor.heldBackBy).toBeNull();
  expect(governor.account().throttledSeconds).toBe(0);
  governor.observe(attempt(overloaded), 1000, 2);
  expect([governor.writers, governor.heldBackBy]).toEqual([2, 'target']);
  governor.close();
});

test('the smallest number of writers stays in the account when more are allowed again', async () => {
  const { governor, clock, world } = setUp();
  await open(governor, clock);
  governor.observe(attempt(overloaded), 1000, 8);
  await clock.advance(2000);
  await open(governor, clock);
  expect(governor.account()).toMatchObject({ limitMin: 4, limitFinal: 8 });
  for (const percent of [95, 10]) {
    world.rss = percent * MiB;
    governor.sample();
  }
  expect(governor.account()).toMatchObject({ limitMin: 1, limitFinal: 8 });
  governor.close();
});

test('an observing watchdog reports what it would do and does nothing', async () => {
  const { governor, watchdog, clock, world, notices, stops } = setUp(8, 'observe');
  await open(governor, clock);
  world.rss = 98 * MiB;
  world.drained = true;
  await clock.advance(60_000);
  expect(governor.writers).toBe(8);
  expect([world.gcs, stops.length, watchdog.account.forcedGcs]).toEqual([0, 0, 0]);
  expect(notices.map(({ kind }) => kind)).toEqual(['memory-critical', 'memory-stop']);
  expect(notices[0]?.message).toContain('with --memory-watchdog on: the load uses one writer');
  expect(notices[1]?.message).toContain('with --memory-watchdog on: the load would stop with exit code 6');
});

test('a watchdog that is off does not read memory', async () => {
  const { governor, watchdog, clock, world, notices, stops } = setUp(8, 'off');
  await open(governor, clock);
  world.rss = 98 * MiB;
  world.drained = true;
  await clock.advance(60_000);
  expect([governor.writers, governor.level, watchdog.account.peakRssBytes]).toEqual([8, 'normal', 0]);
  expect([notices.length, stops.length, world.gcs]).toEqual([0, 0, 0]);
});

test('the smallest number of writers is the current one until slow start ends', async () => {
  const { governor, clock } = setUp();
  await clock.advance(20);
  governor.observe(attempt(accepted), 1000, 1);
  expect(governor.account()).toMatchObject({ limitMin: 2, limitFinal: 2 });
  governor.close();
});

test('a peak at the limit is no excess, and only a watchdog that is on reports one', () => {
  const excessOf = (mode: 'on' | 'observe' | 'off', peak: number): boolean => {
    const { governor, world, watchdog } = setUp(8, mode);
    world.peak = peak;
    governor.close();
    return watchdog.excess !== null;
  };
  expect(excessOf('on', 100 * MiB)).toBe(false);
  expect(excessOf('on', 100 * MiB + 1)).toBe(true);
  expect(excessOf('observe', 101 * MiB)).toBe(false);
  expect(excessOf('off', 101 * MiB)).toBe(false);
});

test('a watchdog that is off looks at the peak only when its figures are asked for', async () => {
  const { clock, world, watchdog } = setUp(8, 'off');
  world.peak = 50 * MiB;
  await clock.advance(1000);
  world.peak = 40 * MiB;
  expect(watchdog.account.peakRssBytes).toBe(40 * MiB);
});

test('a run whose memory exceeded its limit between two samples stops', async () => {
  const { governor, clock, world, stops, watchdog } = setUp();
  world.peak = 101 * MiB;
  expect(watchdog.excess?.message).toContain('expected at most 100 MiB at any time, found a peak of 101 MiB');
  await clock.advance(250);
  expect(stops.map(({ message }) => message)).toEqual([watchdog.excess?.message]);
  governor.close();
});

test('the watchdog lives on after the governor until it is closed', async () => {
  const { governor, clock, world, watchdog, changes } = setUp();
  await open(governor, clock);
  governor.close();
  const before = changes.length;
  world.rss = 95 * MiB;
  await clock.advance(250);
  expect([watchdog.level, world.gcs, changes.length]).toEqual(['critical', 1, before]);
  watchdog.close();
  world.rss = 99 * MiB;
  await clock.advance(10_000);
  expect(watchdog.account.peakRssBytes).toBe(95 * MiB);
});

test('a critical level allows one writer until it ends, also below its mark', () => {
  const { governor, watchdog, world } = setUp();
  for (const percent of [95, 85]) {
    world.rss = percent * MiB;
    governor.sample();
  }
  expect([watchdog.level, watchdog.writers(8)]).toEqual(['critical', 1]);
  governor.close();
});

test('a high level that falls below its mark allows all writers, and no more', async () => {
  const { governor, watchdog, world } = setUp();
  for (const percent of [85, 75]) {
    world.rss = percent * MiB;
    governor.sample();
  }
  expect([watchdog.level, watchdog.writers(8)]).toEqual(['high', 8]);
});

test('an observing watchdog warns of a high level and informs of its end', async () => {
  const { governor, world, notices } = setUp(8, 'observe');
  for (const percent of [85, 10]) {
    world.rss = percent * MiB;
    governor.sample();
  }
  expect(notices.map(({ level, kind }) => [level, kind])).toEqual([
    ['warn', 'memory-high'],
    ['info', 'memory-normal'],
  ]);
});
