// Real loads to several endpoints, some of them faulty: the share of each, the notices, and that no point is lost.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Notice } from '../../../src/core/types/index.js';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { exactLoader, exactRows, type Loader, storedRows } from '../../support/exact.js';
import { hasty } from '../../support/hasty.js';
import { balances } from '../../support/scene.js';
import { type Fault, type Proxy as FaultProxy, startProxy } from '../../support/servers/proxy.js';
import { until } from '../../support/until.js';

const count = 6000;
const speed = 10;

let loader: Loader;
let cluster: Cluster;
let proxies: FaultProxy[] = [];

beforeAll(async () => {
  loader = await exactLoader(count, hasty(speed));
});
afterAll(() => loader.end());
afterEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await cluster.stop();
});

/** The URLs of two nodes of one cluster, each behind a proxy. */
async function pair(): Promise<string[]> {
  cluster = await startCluster({ nodes: 2, script: { latencyMs: () => 2 } });
  proxies = await Promise.all(cluster.urls.map((url) => startProxy(url)));
  return proxies.map(({ url }) => url);
}

const textOf = (notices: readonly { message: string }[]): string => notices.map(({ message }) => message).join('\n');
const options = { batchPoints: '50', workers: '4' };

test('a probe finds a frozen endpoint, and its writes go to the other one', async () => {
  const urls = await pair();
  const [, sick] = proxies;
  sick!.set((write) => void (write === 5 && sick!.freeze()));
  const { summary, notices } = await loader.load(urls, options);
  expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(storedRows(cluster)).toEqual(exactRows(count));
  const [alive, frozen] = summary.endpoints;
  expect(frozen!.failures).toBeGreaterThan(0);
  expect(alive!.loaded + frozen!.loaded).toBe(count);
  expect(textOf(notices)).toMatch(/circuit open \(no answer to an empty write/);
  expect(textOf(notices)).toContain('the endpoint stopped answering while another endpoint takes writes; trying again');
  expect(textOf(notices)).not.toMatch(/no answer within 3/);
});

test('an endpoint that loses every body gets few of them, and the other takes its share', async () => {
  const urls = await pair();
  const lossy: Fault = { cut: { side: 'up', after: 300, how: 'close' } };
  proxies[1]!.set(() => lossy);
  const { summary, notices } = await loader.load(urls, options);
  expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(storedRows(cluster)).toEqual(exactRows(count));
  const [alive, sick] = summary.endpoints;
  expect(alive).toMatchObject({ loaded: count, failures: 0 });
  expect(sick).toMatchObject({ loaded: 0, failures: proxies[1]!.writes });
  expect(sick!.openSeconds).toBeGreaterThan(0);
  expect(sick!.failures).toBeLessThan(count / 50 / 4);
  expect(textOf(notices)).toContain(`${urls[1]}: circuit open`);
});

test('an endpoint that returns takes writes again', async () => {
  const urls = await pair();
  const [, sick] = proxies;
  sick!.set((write) => void (write === 5 && cluster.stopNode(1)));
  let back = false;
  cluster.setScript({
    // Slow from then on, so that the load still runs when a probe finds the endpoint.
    latencyMs: () => (back ? 25 : 2),
    onWrite: ({ ordinal }) => {
      if (ordinal !== 40) return;
      back = true;
      void cluster.startNode(1);
    },
  });
  const { summary, notices } = await loader.load(urls, options);
  expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(storedRows(cluster)).toEqual(exactRows(count));
  expect(summary.endpoints[1]!.loaded).toBeGreaterThan(6 * 50);
  expect(textOf(notices)).toContain(`${urls[1]}: the endpoint takes writes again`);
});

test('with all endpoints gone the load waits for --retry-for and reports the failure of each', async () => {
  const urls = await pair();
  for (const proxy of proxies) proxy.set((write) => void (write === 5 && proxy.stop()));
  const { summary, error } = await loader.load(urls, { ...options, retryFor: '20s' });
  expect([summary.outcome, summary.exitCode]).toEqual(['unavailable', 5]);
  expect(balances(summary)).toBe(true);
  expect(summary.points.loaded).toBeLessThan(count);
  expect(storedRows(cluster).size).toBeGreaterThanOrEqual(summary.points.loaded);
  expect(error!.message).toContain('within --retry-for 20s');
  for (const url of urls) expect(error!.message).toContain(`${url}: connection `);
});

test('after a minute without acknowledgement a notice names the endpoint that is awaited', async () => {
  const urls = await pair();
  // The minute passes at once; intervals run faster, time does not.
  let passedMs = 0;
  const clock = { ...hasty(speed), monotonic: () => performance.now() + passedMs };
  const patient = await exactLoader(600, clock);
  try {
    const pause = cluster.pauseAt(300);
    const notices: Notice[] = [];
    const loading = patient.load([urls[0]!], { ...options, workers: '1', requestTimeout: '1h' }, notices);
    await pause.reached;
    passedMs = 60_000;
    await until(() => notices.some(({ kind }) => kind === 'stall'));
    pause.goOn();
    expect((await loading).summary.points.loaded).toBe(600);
    const stalls = notices.filter(({ kind }) => kind === 'stall').map(({ message }) => message);
    expect(stalls).toHaveLength(1);
    expect(stalls[0]).toMatch(
      /^nothing acknowledged for 1m \d\ds: waiting for an answer from http:\S+ \(for 1m \d\ds\)$/,
    );
  } finally {
    await patient.end();
  }
});
