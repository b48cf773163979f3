// The clock is set during a load, an hour back or a day ahead: no wait, no lock and no total depends on it.

import { afterEach, expect, test } from 'vitest';
import type { Clock } from '../../../src/core/types/index.js';
import { realClock } from '../../support/clock.js';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { exactLoader, type Loader } from '../../support/exact.js';

let cluster: Cluster;
let loader: Loader;
afterEach(async () => {
  await loader.end();
  await cluster.stop();
});

const hour = 3_600_000;

test.each([
  ['an hour back', -hour],
  ['a day on', 24 * hour],
])('%s', async (_, jump) => {
  let set = 0;
  const clock: Clock = { ...realClock, now: () => realClock.now() + set };
  cluster = await startCluster({
    nodes: 2,
    script: {
      onWrite: ({ ordinal }) => {
        if (ordinal === 2) set = jump;
        // A wait and an open circuit both span the jump.
        return ordinal === 2 || ordinal === 3
          ? { answer: { status: 503, headers: { 'retry-after': '1' } } }
          : undefined;
      },
    },
  });
  loader = await exactLoader(3000, clock);
  const { summary, notices } = await loader.load(cluster.urls, {
    batchPoints: '100',
    maxDuration: '1h',
    retryFor: '30m',
    requestTimeout: '10m',
  });
  expect([summary.outcome, cluster.points()]).toEqual(['complete', 3000]);
  expect(summary.points).toEqual({ read: 3000, loaded: 3000, rejected: 0, undelivered: 0 });
  expect(summary.seconds).toBeGreaterThan(0.9);
  expect(summary.seconds).toBeLessThan(60);
  expect(summary.rate.pointsPerSecond).toBeGreaterThan(50);
  expect(notices.filter(({ level }) => level === 'error')).toEqual([]);
  const wall = Date.parse(summary.endedAt) - Date.parse(summary.startedAt);
  expect(Math.abs(wall - jump - summary.seconds * 1000)).toBeLessThan(1000);
});
