import { expect, test } from 'vitest';
import type { NodeLayout, SampledRows, VnodePlacement } from '../../../src/core/types/index.js';
import { seriesBytes } from '../../../src/flow-control/target-memory/flush/series-estimate.js';
import { nodeBase } from '../../../src/flow-control/target-memory/node-base.js';
import {
  evenLayout,
  type ForecastOptions,
  forecastNotices,
  forecastProblem,
  forecastTargetMemory,
  type InputExtent,
  problemSoFar,
} from '../../../src/flow-control/target-memory/target-forecast.js';

const MiB = 1024 * 1024;
const day = 86_400_000;
const options: ForecastOptions = {
  targetMemory: 512 * MiB,
  batchBytes: MiB,
  relieve: true,
  workers: 8,
  precision: 'ms',
  urls: ['http://a'],
};
const placement: VnodePlacement = { shard: 1, replica: 1, vnodeDurationMs: 10 * day, maxMemcacheBytes: 128 * MiB };
const layout = { nodes: 1, vnodesPerNode: 1, from: 'endpoints' } as const;
const from = (first: bigint, last = first): Pick<InputExtent, 'spans'> => ({ spans: [{ first, last }] });
const extent: InputExtent = { ...from(0n), unseen: 0, totalBytes: null };

function notices(change: Partial<ForecastOptions>, last: number, place: Partial<typeof placement> = {}, unseen = 0) {
  const asked = { ...options, ...change };
  const times = { ...extent, ...from(0n, BigInt(last)), unseen };
  const forecast = forecastTargetMemory(asked, { ...placement, ...place }, layout, times);
  return forecastNotices(asked, forecast, times, null).map(({ message }) => message);
}

test.each<[string, Partial<InputExtent>, number | null, number]>([
  ['one moment', {}, 10 * day, 1],
  ['the end of the first bucket', from(0n, BigInt(10 * day - 1)), 10 * day, 1],
  ['the begin of the second bucket', from(0n, BigInt(10 * day)), 10 * day, 2],
  ['three buckets', from(BigInt(5 * day), BigInt(25 * day)), 10 * day, 3],
  ['two later buckets', from(BigInt(15 * day), BigInt(25 * day)), 10 * day, 2],
  ['no known time', { spans: [] }, 10 * day, 1],
  ['points decades apart', { spans: [0, 1, 9000].flatMap((at) => from(BigInt(at * day)).spans) }, 10 * day, 2],
  [
    'spans that share a bucket',
    { spans: [...from(0n, BigInt(15 * day)).spans, ...from(BigInt(18 * day)).spans] },
    10 * day,
    2,
  ],
  ['an unlimited vnode', from(0n, BigInt(25 * day)), null, 1],
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

test('the plan names peak, limit, base, vnodes, time buckets, body size and flush', () => {
  expect(notices({}, 0)).toHaveLength(1);
  expect(notices({}, 0)[0]).toMatch(
    /^target memory: --target-memory allows 512 MiB; the fullest node will use about 512 MiB: 1\d\d MiB for the process of the node \(with 1 vnode in 1 time bucket\), and [34]\d\d MiB for rows and request bodies\. Each request body has at most 768 KiB; the load requests a flush when a node has \d\d(\.\d)? MiB of unflushed rows$/,
  );
  expect(notices({}, 0, {}, 1)[0]).toContain('(with at least 1 vnode in at least 1 time bucket)');
  expect(notices({ relieve: false }, 0)[0]).toContain('; the load does not request flushes (--no-relieve)');
});

test('without --target-memory a warning names the memory that the load will need', () => {
  expect(notices({ targetMemory: null }, 0)[0]).toMatch(
    /^the fullest node, with 1 vnode in 1 time bucket, will need about 62\d MiB of memory, and --target-memory is off;/,
  );
});

test.each<[string, Partial<ForecastOptions>, Partial<NodeLayout>, number, RegExp]>([
  ['one bucket', {}, {}, 0, /^use --target-memory \d+MiB if the nodes have enough memory$/],
  [
    'flushes are forbidden',
    { relieve: false, targetMemory: 200 * MiB },
    {},
    0,
    /^use --target-memory \d+MiB if the nodes have enough memory, or flushes \(leave out --no-relieve\)$/,
  ],
  [
    'two buckets without flushes',
    { relieve: false, targetMemory: 200 * MiB },
    {},
    10 * day,
    /, or flushes \(leave out --no-relieve\), or a database with VNODE_DURATION '\d+d' or longer$/,
  ],
  ['many buckets', {}, {}, 4000 * day, /have enough memory, or a database with VNODE_DURATION '\d+d' or longer$/],
  [
    'several shards and nodes',
    {},
    { nodes: 2, vnodesPerNode: 2 },
    0,
    /have enough memory, or fewer shards, or more nodes$/,
  ],
  [
    'two buckets where one fits',
    { targetMemory: 132 * MiB },
    {},
    10 * day,
    /, or a database with VNODE_DURATION '20d' or longer$/,
  ],
  [
    'two buckets where not even one fits',
    { targetMemory: 120 * MiB },
    {},
    10 * day,
    /^use --target-memory \d+MiB if the nodes have enough memory$/,
  ],
])('a limit that no setting holds is refused with the settings that would do: %s', (_, change, where, last, fix) => {
  const asked = { ...options, targetMemory: last === 0 ? 120 * MiB : 512 * MiB, ...change };
  const forecast = forecastTargetMemory(
    asked,
    placement,
    { ...layout, ...where },
    { ...extent, ...from(0n, BigInt(last)) },
  );
  const problem = forecastProblem(forecast);
  expect(problem?.tried).toMatch(/^planning the memory of a node for \d+ vnodes? \(\d+ time buckets?\)$/);
  expect(problem?.expected).toMatch(/^at most --target-memory (120|132|200|512) MiB$/);
  expect(problem?.found).toMatch(/^at least [\d.]+ [MG]iB: an idle node and its vnodes take [\d.]+ [MG]iB, and rows/);
  expect(problem?.fix).toMatch(fix);
});

test('the settings that a refusal names hold the load', () => {
  const times = { ...extent, ...from(0n, BigInt(4000 * day)) };
  const problem = forecastProblem(forecastTargetMemory(options, placement, layout, times));
  const [, mib] = /--target-memory (\d+)MiB/.exec(problem?.fix ?? '') ?? [];
  const [, days] = /VNODE_DURATION '(\d+)d'/.exec(problem?.fix ?? '') ?? [];
  const more = { ...options, targetMemory: (Number(mib) + 1) * MiB };
  expect(forecastProblem(forecastTargetMemory(more, placement, layout, times))).toBeNull();
  const longer = { ...placement, vnodeDurationMs: Number(days) * day };
  expect(forecastProblem(forecastTargetMemory(options, longer, layout, times))).toBeNull();
  expect(Number(days)).toBeGreaterThan(10);
  const shorter = { ...placement, vnodeDurationMs: (Number(days) / 2) * day };
  expect(forecastProblem(forecastTargetMemory(options, shorter, layout, times))).not.toBeNull();
  expect(problem?.tried).toBe('planning the memory of a node for 401 vnodes (401 time buckets)');
});

test.each([
  ['one bucket of a database', 1, false],
  ['one bucket of a new database', 1, true],
  ['five buckets', 5, false],
])('the limit that a refusal names holds a load without flushes: %s', (_, buckets, mayCreate) => {
  const times = { ...extent, ...from(0n, BigInt((buckets * 10 - 1) * day)) };
  const forecast = (mib: number) =>
    forecastTargetMemory({ ...options, relieve: false, targetMemory: mib * MiB }, placement, layout, times, mayCreate);
  const named = Number(/--target-memory (\d+)MiB/.exec(forecastProblem(forecast(200))!.fix!)?.[1]);
  expect([forecastProblem(forecast(named)), forecastProblem(forecast(named - 2)) === null]).toEqual([null, false]);
});

test('the plan counts the vnodes of the buckets that the load writes to, and no others of the node', () => {
  const times = { ...extent, ...from(BigInt(5 * day), BigInt(25 * day)) };
  const starts = { bucketStarts: [0, 20 * day, ...Array.from({ length: 500 }, (_, i) => (100 + i) * 10 * day)] };
  const forecast = forecastTargetMemory(options, placement, { ...layout, ...starts }, times);
  expect(forecast.existing?.size).toBe(502);
  expect(forecast.existing?.has(2)).toBe(true);
  expect(forecast.plan.baseBytes).toBe(nodeBase(3));
  expect(forecastProblem(forecast)).toBeNull();
  expect(forecastTargetMemory(options, placement, layout, times).existing).toBeNull();
  const unlimited = { ...placement, vnodeDurationMs: null };
  expect(forecastTargetMemory(options, unlimited, { ...layout, ...starts }, times).existing).toEqual(new Set([0]));
});

test('inputs have no more time buckets than points', () => {
  const times = { ...extent, ...from(0n, BigInt(25 * day)), totalBytes: 20 };
  expect(forecastTargetMemory(options, placement, layout, times).buckets).toBe(2);
});

test('inputs over 2,000 time buckets are reported, over 1,999 they are not', () => {
  const about = (buckets: number): boolean =>
    notices({ targetMemory: null }, (buckets - 1) * 10 * day).some((message) => message.includes('address space'));
  expect([about(1999), about(2000)]).toEqual([false, true]);
});

test('fewer URLs than nodes are reported only if the layout comes from the target', () => {
  const forecast = forecastTargetMemory(options, placement, { ...layout, nodes: 2, from: 'replicas' }, extent);
  const messages = forecastNotices(options, forecast, extent, null).map(({ message }) => message);
  expect(messages[1]).toMatch(/^--url names 1 endpoint, but SHOW REPLICAS lists 2 nodes/);
  const known = forecastTargetMemory(options, placement, { ...layout, from: 'replicas' }, extent);
  expect(forecastNotices(options, known, extent, null)).toHaveLength(1);
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
  expect(plan!.message).toMatch(/; the load creates the database with MAX_MEMCACHE_SIZE '5\dMiB'$/);
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

/** Returns sampled lines with all fields of their tables, without strings. */
function sampledRows(rows: Pick<SampledRows, 'points' | 'slots' | 'bytes' | 'series'>): SampledRows {
  return { ...rows, values: rows.slots, rowsPerPoint: 1, strings: { count: 0, bytes: 0 } };
}

test('a load of many series is planned by its series, and refused where their index and compactions need more', () => {
  // 1 M points of 200,000 series in 108 MB took 2.7 GiB of a node when they were planned by their text.
  const forecast = (series: number) => {
    const rows = sampledRows({ points: 600, slots: 1200, bytes: 65_000, series });
    return forecastTargetMemory(options, placement, layout, { ...extent, totalBytes: 100 * MiB, rows });
  };
  expect(forecast(500).plan.peakBytes).toBeLessThan(420 * MiB);
  expect(forecast(20_000).plan).toMatchObject({ holds: true });
  expect(forecastProblem(forecast(200_000))?.found).toMatch(/its vnodes with about 200,000 series take [78]\d\d MiB/);
});

test('series that no sample showed end the load once the ones seen need more than --target-memory', () => {
  const plain = forecastTargetMemory(options, placement, layout, extent);
  expect(problemSoFar(plain, 0, { bucketCount: 1, reopened: 0 }, { least: 20_000, fields: 2 })).toBeNull();
  expect(problemSoFar(plain, 0, { bucketCount: 1, reopened: 0 }, { least: 200_000, fields: 2 })?.fix).toMatch(
    /^use --target-memory 1[01]\d\dMiB if the nodes have/,
  );
});

test('series of several time buckets are divided among them, and need no more than the limit', () => {
  const plain = forecastTargetMemory(options, placement, layout, extent);
  const seen = { least: 200_000, fields: 2 };
  expect(problemSoFar(plain, 1, { bucketCount: 1, reopened: 0 }, seen)?.found).toMatch(
    /with about 200,000 series take/,
  );
  const small = forecastTargetMemory(options, placement, layout, { ...extent, totalBytes: MiB });
  expect(problemSoFar(small, 0, { bucketCount: 1, reopened: 0 }, { ...seen, least: 20_000 })).toBeNull();
});

test.each([
  ['all series of the sample', 8000, 8000 * 2.2 + 5 * seriesBytes],
  ['a series for each point', 160, 160 * 2.2 + 2 * seriesBytes],
])('rows are planned with their series: %s', (_, totalBytes, rowBytes) => {
  // A row of two fields takes 176 bytes for 80 bytes of text.
  const rows = sampledRows({ points: 10, slots: 20, bytes: 800, series: 5 });
  const { plan } = forecastTargetMemory(options, placement, layout, { ...extent, totalBytes, rows });
  expect(plan.rowBytes).toBeCloseTo(rowBytes, 6);
});

test('the memcache of a database that a small load creates has room for more than its own few series', () => {
  const rows = sampledRows({ points: 2, slots: 2, bytes: 81, series: 2 });
  const { plan } = forecastTargetMemory(options, placement, layout, { ...extent, totalBytes: 81, rows }, true);
  expect(plan.memcacheBytes).toBe(54 * MiB);
});

test('sampled rows weigh as they are, also where the size of the inputs is unknown', () => {
  const rows = sampledRows({ points: 10, slots: 2000, bytes: 800, series: 20 });
  const forecast = forecastTargetMemory(options, placement, layout, { ...extent, rows });
  expect(forecast.plan.perBucket).toEqual({ series: 20, fields: 200, reopened: 0 });
  // Ten points in five time buckets have two series in each at most.
  const few = { ...extent, ...from(0n, BigInt(41 * day)), totalBytes: 800, rows };
  expect(forecastTargetMemory(options, placement, layout, few).plan.perBucket.series).toBe(2);
});
