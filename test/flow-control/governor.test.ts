import { expect, test } from 'vitest';
import { MemoryLimitError } from '../../src/core/errors.js';
import type { Attempt, Notice, Verdict } from '../../src/core/types/index.js';
import { type Governor, govern } from '../../src/flow-control/governor.js';
import { VirtualClock } from '../support/clock.js';

const MiB = 1_048_576;

/** A governor over a made-up process of 100 MiB at most. */
function setUp(workers = 8, watchdog: 'on' | 'observe' | 'off' = 'on') {
  const clock = new VirtualClock();
  const world = { rss: 10 * MiB, drained: false, freedByGc: 0, gcs: 0 };
  const changes: number[] = [];
  const notices: Notice[] = [];
  const stops: MemoryLimitError[] = [];
  const governor = govern({
    limitBytes: 100 * MiB,
    watchdog,
    workers,
    clock,
    probe: () => world.rss,
    drained: () => world.drained,
    collect: () => {
      world.gcs++;
      world.rss -= world.freedByGc;
    },
    changed: (writers) => changes.push(writers),
    stop: (error) => stops.push(error),
    notify: (notice) => notices.push(notice),
  });
  return { clock, world, changes, notices, stops, governor };
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

/** Good answers until all eight writers are allowed. */
async function open(governor: Governor, clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await clock.advance(20);
    governor.observe(attempt(accepted), 1000, governor.writers);
  }
}

test('starts with one writer and tells each change of the number', async () => {
  const { governor, clock, changes } = setUp();
  expect(governor.writers).toBe(1);
  await open(governor, clock);
  expect(governor.writers).toBe(8);
  expect(changes).toEqual([2, 4, 8]);
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
])('at %s %% of the limit %i writers are allowed', async (percent, writers, readAhead) => {
  const { governor, clock, world } = setUp();
  await open(governor, clock);
  world.rss = percent * MiB;
  governor.sample();
  expect([governor.writers, governor.readAhead]).toEqual([writers, readAhead]);
  governor.close();
});

test('the lesser of both limits holds, whichever it is', async () => {
  const { governor, clock, world } = setUp();
  await open(governor, clock);
  world.rss = 85 * MiB;
  governor.sample();
  governor.observe(attempt(overloaded), 1000, 8);
  expect(governor.writers).toBe(4);
  await clock.advance(100);
  governor.observe(attempt(overloaded), 1000, 4);
  expect(governor.writers).toBe(2);
  world.rss = 95 * MiB;
  governor.sample();
  expect(governor.writers).toBe(1);
  governor.close();
});

test('looks at memory every 250 ms by itself, until it is closed', async () => {
  const { governor, clock, world } = setUp();
  world.rss = 95 * MiB;
  await clock.advance(249);
  expect(governor.level).toBe('normal');
  await clock.advance(1);
  expect(governor.level).toBe('critical');
  governor.close();
  expect(clock.waiting).toBe(0);
});

test('a collection that frees memory brings all writers back at once', async () => {
  const { governor, clock, world, notices } = setUp();
  await open(governor, clock);
  world.rss = 95 * MiB;
  world.freedByGc = 60 * MiB;
  governor.sample();
  expect([governor.writers, governor.level, world.gcs]).toEqual([8, 'normal', 1]);
  expect(notices).toEqual([]);
  expect(governor.account()).toMatchObject({ forcedGcs: 1, peakRssBytes: 95 * MiB });
  governor.close();
});

test('what the allocator keeps is said once, and the load goes on with one writer for as long as it takes', async () => {
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

test('stops once, with the figures, when the limit cannot be held with nothing in flight', async () => {
  const { governor, clock, world, stops } = setUp();
  world.rss = 98 * MiB;
  await clock.advance(10_000);
  expect(stops).toEqual([]);
  world.drained = true;
  await clock.advance(4900);
  expect(stops).toEqual([]);
  await clock.advance(20_000);
  expect(stops.length).toBe(1);
  expect(stops[0]).toBeInstanceOf(MemoryLimitError);
  expect(stops[0]?.message).toContain('98.0 MiB of 100.0 MiB');
  governor.close();
});

test('each level that is entered is said once', async () => {
  const { governor, clock, world, notices } = setUp();
  for (const rss of [85, 86, 95, 94, 85, 75, 60]) {
    world.rss = rss * MiB;
    governor.sample();
    await clock.advance(250);
  }
  expect(notices.map(({ kind }) => kind)).toEqual(['memory-high', 'memory-critical', 'memory-high', 'memory-normal']);
  governor.close();
});

test('the account says for how long and by what writers were held back, the start-up aside', async () => {
  const { governor, clock, world } = setUp();
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
  expect(account).toMatchObject({ throttledSeconds: 5, limitMin: 1, limitFinal: 1, highSeconds: 0 });
  expect(Math.abs(account.criticalSeconds - 3)).toBeLessThanOrEqual(0.25); // to the last look
  governor.close();
});

test('a limit that is not used up holds nothing back', async () => {
  const { governor, clock } = setUp();
  await open(governor, clock);
  governor.observe(attempt(overloaded), 1000, 2);
  await clock.advance(2000);
  expect(governor.heldBackBy).toBeNull();
  expect(governor.account().throttledSeconds).toBe(0);
  governor.close();
});

test('observing, it tells what it would do and does nothing', async () => {
  const { governor, clock, world, notices, stops } = setUp(8, 'observe');
  await open(governor, clock);
  world.rss = 98 * MiB;
  world.drained = true;
  await clock.advance(60_000);
  expect(governor.writers).toBe(8);
  expect([world.gcs, stops.length, governor.account().forcedGcs]).toEqual([0, 0, 0]);
  expect(notices.map(({ kind }) => kind)).toEqual(['memory-critical', 'memory-stop']);
  expect(notices[1]?.message).toContain('with --memory-watchdog on, the load stopped with code 6');
});

test('switched off, it does not look at memory', async () => {
  const { governor, clock, world, notices, stops } = setUp(8, 'off');
  await open(governor, clock);
  world.rss = 98 * MiB;
  world.drained = true;
  await clock.advance(60_000);
  expect([governor.writers, governor.level, governor.account().peakRssBytes]).toEqual([8, 'normal', 0]);
  expect([notices.length, stops.length, world.gcs]).toEqual([0, 0, 0]);
});
