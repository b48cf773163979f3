import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cacheBytes } from '../../../src/targets/cnosdb/caches.js';
import { layoutOf } from '../../../src/targets/cnosdb/node-layout.js';

interface Recorded {
  readonly name: string;
  readonly response: { readonly body: string };
}

const recorded = readFileSync('fixtures/wire/http.ndjson', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)
  .find(({ name }) => name === 'sql: SHOW REPLICAS');
const rows = JSON.parse(recorded?.response.body ?? '[]') as Record<string, unknown>[];
const one = { shard: 1, replica: 1, endpoints: 1 };
const group = (location: string, bucket = 'a', database = 'db') => ({ database, location, start_time: bucket });

test('the recorded single node holds one vnode of the database in each time bucket', () => {
  expect(rows.length).toBeGreaterThan(3);
  expect(layoutOf(rows, 'wire', one)).toMatchObject({ nodes: 1, vnodesPerNode: 1, from: 'replicas' });
});

test('the replica groups of the database show the number of nodes, whatever the number of URLs', () => {
  const groups = [group('1001*,1002'), group('1002,1003*'), group('1003,1001*')];
  expect(layoutOf(groups, 'db', { shard: 3, replica: 2, endpoints: 1 })).toMatchObject({
    nodes: 3,
    vnodesPerNode: 2,
    from: 'replicas',
  });
});

test('the fullest node of the fullest bucket counts, not the average', () => {
  const groups = [group('1*', 'a'), group('2*', 'a'), group('1*', 'b'), group('1*', 'b'), group('9*', 'b', 'other')];
  expect(layoutOf(groups, 'db', one)).toMatchObject({ nodes: 2, vnodesPerNode: 2, from: 'replicas' });
});

test('a database without buckets is assumed on the nodes of other databases', () => {
  const others = [group('1*,2', 'a', 'x'), group('3*,2', 'a', 'x')];
  expect(layoutOf(others, 'db', { shard: 2, replica: 2, endpoints: 1 })).toMatchObject({
    nodes: 3,
    vnodesPerNode: 2,
    from: 'replicas',
  });
  expect(layoutOf(others, 'db', one)).toMatchObject({ nodes: 1, vnodesPerNode: 1, from: 'replicas' });
});

test('without replica groups the endpoints count as nodes', () => {
  expect(layoutOf([], 'db', { shard: 3, replica: 2, endpoints: 3 })).toMatchObject({
    nodes: 3,
    vnodesPerNode: 2,
    from: 'endpoints',
  });
  expect(layoutOf([], 'db', { shard: 3, replica: 2, endpoints: 1 }).vnodesPerNode).toBe(6);
});

test('the recorded metrics page shows the cache bytes of one database, or null without the gauge', () => {
  const page = readFileSync('fixtures/wire/metrics.txt', 'utf8');
  expect(cacheBytes(page, 'cnosdb', 'wire')).toBe(9504);
  expect(cacheBytes(page, 'cnosdb', 'public')).toBe(0);
  expect(cacheBytes(page, 'other', 'wire')).toBe(0);
  expect(cacheBytes('http_writes{} 1\n', 'cnosdb', 'wire')).toBeNull();
  expect(cacheBytes('vnode_cache_size_total{database="a\\"b",tenant="t",vnode_id="1"} 2.5e3\n', 't', 'a"b')).toBe(2500);
});

test('the time buckets of the database have their start, those of other databases do not count', () => {
  const groups = [
    { ...group('1*,2', '2020-01-01 12:00:00 UTC'), end_time: 'x' },
    group('1*', '2020-01-01 12:00:00 UTC'),
    group('1*', '2021-01-01 00:00:00 UTC'),
    group('1*', '2023-01-01 00:00:00 UTC', 'other'),
  ];
  const { bucketStarts } = layoutOf(groups, 'db', one);
  expect(bucketStarts).toEqual([Date.UTC(2020, 0, 1, 12), Date.UTC(2021, 0, 1)]);
  expect(layoutOf([], 'db', one)).toMatchObject({ bucketStarts: [] });
  expect(layoutOf(null, 'db', one)).toEqual({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' });
});
