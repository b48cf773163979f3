import { expect, test } from 'vitest';
import type { VnodePlacement } from '../../../src/core/types/index.js';
import {
  evenLayout,
  type ForecastOptions,
  forecastNotices,
  forecastTargetMemory,
  type InputExtent,
} from '../../../src/flow-control/target-memory/target-forecast.js';

const MiB = 1024 * 1024;
const day = 86_400_000;
const options: ForecastOptions = {
  targetMemory: 512 * MiB,
  batchBytes: MiB,
  relieve: true,
  precision: 'ms',
  urls: ['http://a'],
};
const placement: VnodePlacement = { shard: 1, replica: 1, vnodeDurationMs: 10 * day, maxMemcacheBytes: 128 * MiB };
const layout = { nodes: 1, vnodesPerNode: 1, from: 'endpoints' } as const;
const extent: InputExtent = { first: 0n, last: 0n, unseen: 0, totalBytes: null };

function notices(change: Partial<ForecastOptions>, last: number, from: Partial<typeof placement> = {}, unseen = 0) {
  const asked = { ...options, ...change };
  const times = { ...extent, last: BigInt(last), unseen };
  const forecast = forecastTargetMemory(asked, { ...placement, ...from }, layout, times);
  return forecastNotices(asked, forecast, times, null).map(({ message }) => message);
}

test.each<[string, Partial<InputExtent>, number | null, number]>([
  ['one moment', {}, 10 * day, 1],
  ['the end of the first bucket', { last: BigInt(10 * day - 1) }, 10 * day, 1],
  ['the begin of the second bucket', { last: BigInt(10 * day) }, 10 * day, 2],
  ['three buckets', { first: BigInt(5 * day), last: BigInt(25 * day) }, 10 * day, 3],
  ['two later buckets', { first: BigInt(15 * day), last: BigInt(25 * day) }, 10 * day, 2],
  ['an unknown first time', { first: null, last: BigInt(25 * day) }, 10 * day, 1],
  ['an unknown last time', { last: null }, 10 * day, 1],
  ['an unlimited vnode', { last: BigInt(25 * day) }, null, 1],
  ['a vnode without duration', { last: BigInt(25 * day) }, 0, 1],
])('inputs with %s span the right number of time buckets', (_, times, vnodeDurationMs, buckets) => {
  const forecast = forecastTargetMemory(options, { ...placement, vnodeDurationMs }, layout, { ...extent, ...times });
  expect(forecast.buckets).toBe(buckets);
  expect(forecast.plan.vnodes).toBe(buckets);
});

test.each([
  [1, 1, 3, { nodes: 1, vnodesPerNode: 1 }],
  [3, 2, 3, { nodes: 3, vnodesPerNode: 2 }],
  [3, 2, 10, { nodes: 6, vnodesPerNode: 1 }],
  [3, 1, 2, { nodes: 2, vnodesPerNode: 2 }],
])('%i shards with %i replicas over %i endpoints are spread evenly', (shard, replica, endpoints, expected) => {
  expect(evenLayout({ ...placement, shard, replica }, endpoints)).toEqual({ ...expected, from: 'endpoints' });
});

test('the plan names peak, limit, vnodes, time buckets, body size and flush', () => {
  expect(notices({}, 0)).toEqual([
    'target memory: about 512 MiB of 512 MiB per node, including 110 MiB of an idle node (1 vnode of the database on the ' +
      'fullest node, 1 time bucket): request bodies of at most 960 KiB, a flush at 67.5 MiB of unflushed rows on a node',
  ]);
  expect(notices({}, 0, {}, 1)[0]).toContain('at least 1 time bucket)');
  expect(notices({ relieve: false }, 0)[0]).toContain(', no flushes (--no-relieve)');
});

test('without --target-memory a warning names the memory that the load will need', () => {
  expect(notices({ targetMemory: null }, 0)[0]).toMatch(/^about 520 MiB of memory per node will be needed .*is off;/);
});

test.each<[string, Partial<ForecastOptions>, number, RegExp]>([
  [
    'flushes are allowed',
    {},
    0,
    /what helps: fewer shards, more nodes, --target-memory 162MiB if the nodes have it, --stage 1GiB/,
  ],
  [
    'flushes are forbidden',
    { relieve: false },
    0,
    /helps: allow flushes \(no --no-relieve\), fewer shards, more nodes/,
  ],
  [
    'the inputs span buckets',
    {},
    25 * day,
    /helps: fewer shards, a longer VNODE_DURATION, more nodes, --target-memory/,
  ],
])('a limit that no setting holds is reported with the fixes that help if %s', (_, change, last, fixes) => {
  const warning = notices({ targetMemory: 120 * MiB, ...change }, last)[1];
  expect(warning).toMatch(
    /^no setting keeps a node within --target-memory 120 MiB: it needs at least \d+ MiB, because each of the \d vnodes/,
  );
  expect(warning).toMatch(fixes);
});

test('inputs over 2,000 time buckets are reported, over 1,999 they are not', () => {
  const about = (buckets: number): boolean =>
    notices({ targetMemory: null }, (buckets - 1) * 10 * day).some((message) => message.includes('address space'));
  expect([about(1999), about(2000)]).toEqual([false, true]);
});

test('fewer URLs than nodes are reported only if the layout comes from the target', () => {
  const forecast = forecastTargetMemory(options, placement, { ...layout, nodes: 2, from: 'replicas' }, extent);
  const messages = forecastNotices(options, forecast, extent, null).map(({ message }) => message);
  expect(messages[1]).toMatch(/^1 URL for 2 nodes \(SHOW REPLICAS\)/);
  const guessed = { ...forecast, layout: { ...forecast.layout, from: 'endpoints' as const } };
  expect(forecastNotices(options, guessed, extent, null)).toHaveLength(1);
});

test.each([
  ['2.3.1', /issue 1109/],
  ['2.3.2', /pull requests 2174, 2178/],
  ['2.4.1', /issue 2129/],
  ['2.4.2', /issue 2230/],
])('version %s of CnosDB is reported with its defect', (version, defect) => {
  const forecast = forecastTargetMemory(options, placement, layout, extent);
  expect(forecastNotices(options, forecast, extent, version)[1]?.message).toMatch(defect);
  expect(forecastNotices(options, forecast, extent, '2.4.3')).toHaveLength(1);
});

test('the plan of a new database names the size of its memcaches', () => {
  const forecast = forecastTargetMemory(options, placement, layout, extent, true);
  const [plan] = forecastNotices(options, forecast, extent, null);
  expect(plan!.message).toMatch(/, created with MAX_MEMCACHE_SIZE '67MiB'$/);
});

test.each<[string, Partial<ForecastOptions>, number | null, string]>([
  ['reduces the request bodies', {}, null, 'info'],
  ['expects a flush', { batchBytes: 64 * 1024 }, 1024 * MiB, 'info'],
  ['keeps bodies and expects no flush', { batchBytes: 64 * 1024 }, MiB, 'debug'],
  ['keeps bodies of inputs of unknown size', { batchBytes: 64 * 1024 }, null, 'debug'],
  ['keeps bodies without flushes', { batchBytes: 64 * 1024, relieve: false }, 1024 * MiB, 'debug'],
])('the plan is printed only if it binds: it %s', (_, change, totalBytes, level) => {
  const asked = { ...options, ...change };
  const times = { ...extent, totalBytes };
  const forecast = forecastTargetMemory(asked, placement, layout, times);
  expect(forecastNotices(asked, forecast, times, null)[0]!.level).toBe(level);
});
