import { expect, test } from 'vitest';
import type { Level } from '../../../src/core/types/index.js';
import { calm, collected, type Watermarks, watch } from '../../../src/flow-control/own-memory/watermarks.js';

const limit = 1000;
const see = (state: Watermarks, rss: number, now: number, drained = false): Watermarks =>
  watch(state, { rss, peak: rss, limit, now, drained });
/** Takes a sample and runs the requested collection, which takes 1 ms. */
const step = (state: Watermarks, rss: number, now: number, drained = false): Watermarks => {
  const seen = see(state, rss, now, drained);
  return seen.collect ? collected(seen, { before: rss, tookMs: 1, now }) : seen;
};

test.each<[string, readonly number[], readonly Level[]]>([
  ['memory rises', [790, 800, 899, 900, 960], ['normal', 'high', 'high', 'critical', 'critical']],
  ['the high level ends below 72 %', [800, 799, 720, 719, 799], ['high', 'high', 'high', 'normal', 'normal']],
  [
    'the critical level ends below 80 %',
    [900, 899, 800, 799, 899],
    ['critical', 'critical', 'critical', 'high', 'high'],
  ],
  ['memory falls from critical to normal at once', [950, 500], ['critical', 'normal']],
  [
    'memory reaches the limit, passes it with batches in flight, and falls',
    [1000, 1001, 500],
    ['critical', 'stop', 'stop'],
  ],
])('the level follows when %s', (_, shares, levels) => {
  let state = calm;
  const seen = shares.map((rss, i) => {
    state = see(state, rss, i * 10);
    return state.level;
  });
  expect(seen).toEqual(levels);
});

test('elapsed time counts for the level of the sample before', () => {
  const samples: [number, number][] = [
    [100, 0],
    [850, 1000],
    [950, 3000],
    [100, 7000],
    [100, 9000],
  ];
  const state = samples.reduce((before, [rss, now]) => see(before, rss, now), calm);
  expect([state.highSeconds, state.criticalSeconds]).toEqual([2, 4]);
});

test('the begin of the high level requests one collection', () => {
  const entered = see(calm, 820, 1000);
  expect(entered.collect).toBe(true);
  const after = collected(entered, { before: 820, tookMs: 5, now: 1005 });
  expect([after.collect, see(after, 830, 60_000).collect]).toEqual([false, false]);
  expect(see(calm, 820, 0).collect).toBe(true);
});

test('useless collections at the critical level back off to one in 30 s, and a useful one resets the interval', () => {
  let state = see(calm, 950, 0);
  const gaps: number[] = [];
  let last = 0;
  for (let now = 0; now < 200_000; now += 50) {
    state = see(state, 950, now);
    if (!state.collect) continue;
    if (now > 0) gaps.push(now - last);
    last = now;
    state = collected(state, { before: 950, tookMs: 1, now });
  }
  expect(gaps.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 16_000]);
  expect([...new Set(gaps.slice(7))]).toEqual([30_000]);
  const useful = see(collected(state, { before: 990, tookMs: 1, now: 300_000 }), 905, 300_250);
  expect(useful.gcNotBefore).toBe(300_250);
  const rated = (before: number, tookMs: number) =>
    see(collected(state, { before, tookMs, now: 300_000 }), 950, 310_000).gcNotBefore - 300_000;
  // A collection that frees a twentieth is useful.
  expect([rated(1000, 1), rated(999, 1), rated(1000, 500)]).toEqual([250, 30_000, 5000]);
});

test('the next collection waits ten times as long as the last one took', () => {
  const state = collected(see(calm, 950, 0), { before: 950, tookMs: 200, now: 200 });
  expect(state.gcNotBefore).toBe(2200);
});

test('memory that a collection with every slot free does not free counts as retained: the load continues with few collections', () => {
  let state = step(calm, 930, 0);
  state = step(state, 930, 300);
  expect(state.retained).toBeNull();
  state = step(state, 930, 600, true);
  expect(step(state, 930, 849, true).retained).toBeNull();
  state = step(state, 930, 850, true);
  expect(state.retained).toBe(930);
  expect(see(state, 940, 900, true).retained).toBe(930);
  let collections = 0;
  for (let now = 1000; now < 300_000; now += 250) {
    state = see(state, 930, now, true);
    expect(state.level).toBe('critical');
    if (state.collect) collections++;
    if (state.collect) state = collected(state, { before: 930, tookMs: 1, now });
  }
  expect(collections).toBeLessThan(17);
  expect(see(state, 500, 300_000).retained).toBeNull();
});

test('garbage of batches that have just ended does not count as retained', () => {
  let state = step(calm, 930, 0);
  state = see(state, 930, 250, true);
  expect(state).toMatchObject({ retained: null, collect: true });
  state = collected(state, { before: 930, tookMs: 1, now: 251 });
  expect(see(state, 400, 252, true)).toMatchObject({ retained: null, level: 'normal' });
});

test('the first collection with nothing in flight ignores the back-off', () => {
  let state = calm;
  for (let now = 0; now < 60_000; now += 250) state = step(state, 930, now);
  expect(state.gcNotBefore - 60_000).toBeGreaterThan(1000);
  expect(see(state, 930, 60_000).collect).toBe(false);
  expect(see(state, 930, 60_000, true).collect).toBe(true);
});

test('the load stops after 5 s above 97 % with nothing in flight and a useless collection', () => {
  let state = step(calm, 980, 0);
  for (let now = 250; now <= 20_000; now += 250) state = step(state, 980, now);
  expect(state.level).toBe('critical');
  state = step(state, 980, 20_250, true);
  state = step(state, 980, 20_500);
  state = step(state, 980, 25_250);
  expect(state.level).toBe('critical');
  state = step(state, 980, 25_500);
  expect(state.level).toBe('stop');
  expect(step(state, 100, 25_750).level).toBe('stop');
});

test('a fall below 97 % restarts the 5 s', () => {
  let state = step(calm, 980, 0);
  state = step(state, 980, 1000, true);
  state = step(state, 960, 4000, true);
  state = step(state, 980, 5000, true);
  state = step(state, 980, 9900, true);
  expect(state.level).toBe('critical');
  expect(step(state, 980, 10_000, true).level).toBe('stop');
});

test('a collection is rated only after buffers had time to be freed', () => {
  let state = step(calm, 980, 0, true);
  state = step(state, 975, 200, true);
  expect(state).toMatchObject({ gcTried: false, stuckSince: null });
  state = step(state, 400, 250, true);
  expect(state).toMatchObject({ level: 'normal', gcTried: false, retained: null });
});

test('memory at 97 % stops the load, and is not only retained', () => {
  let state = step(calm, 970, 0, true);
  state = step(state, 970, 250, true);
  expect(state).toMatchObject({ retained: null, stuckSince: 250 });
  expect(step(state, 970, 5250, true).level).toBe('stop');
});

test('the load does not stop before a collection', () => {
  let state = see(calm, 990, 0, true);
  for (let now = 0; now < 10_000; now += 250) state = see(state, 990, now, true);
  expect(state).toMatchObject({ level: 'critical', collect: true });
});
