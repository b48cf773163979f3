import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '../clock.js';
import { type Cluster, startCluster } from './cluster.js';

let cluster: Cluster;
afterEach(() => cluster.stop());

const authorization = `Basic ${Buffer.from('root:').toString('base64')}`;

const post = (path: string, body: string, node = 0): Promise<Response> =>
  fetch(cluster.urls[node] + path, { method: 'POST', body, headers: { authorization, accept: 'application/json' } });
const write = (body: string): Promise<Response> => post('/api/v1/write?db=db', body);

test('points are stored by series and time, and a resend changes nothing', async () => {
  cluster = await startCluster();
  for (const line of ['m,t=a f=1,s="x y" 1\nm,t=b f=2 1\n', 'm,t=a f=1,s="x y" 1\n', 'm,t=a g=3i 1']) {
    expect((await write(line)).status).toBe(200);
  }
  expect(cluster.points()).toBe(2);
  expect([...(cluster.tables().get('m') ?? [])].map(String)).toEqual(['t,tag', 'f,float', 's,string', 'g,integer']);
  expect(cluster.violations).toEqual([]);
});

test('a write that overlaps one which adds a column is a violation, also when that one is applied late', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const clock = { sleep: () => held, now: () => 0, monotonic: () => 0, after: () => () => {}, every: () => () => {} };
  cluster = await startCluster({
    clock,
    script: {
      onWrite: ({ ordinal }) => (ordinal === 0 ? { answer: { status: 503 }, applyAfterMs: 1 } : undefined),
    },
  });
  expect((await write('m f=1 1')).status).toBe(503);
  expect((await write('m f=2 2')).status).toBe(200);
  expect(cluster.violations).toHaveLength(1);
  release();
});

test('writes that add nothing may overlap', async () => {
  cluster = await startCluster({ script: { latencyMs: () => 5 } });
  await write('m f=1 1');
  await Promise.all([write('m f=1 2'), write('m f=1 3'), write('m f=1 4')]);
  expect(cluster.points()).toBe(4);
  expect(cluster.violations).toEqual([]);
});

test('a body with a bad point is refused whole, with the offset in bytes', async () => {
  cluster = await startCluster();
  const answer = await write('m f=1 1\nm,t=é f=1 abc\n');
  expect([answer.status, await answer.json()]).toEqual([
    422,
    { error_code: '040004', error_message: 'Error parsing message: fail to parse timestamp at 19' },
  ]);
  expect(cluster.points()).toBe(0);
});

test('statements are answered from what is stored', async () => {
  cluster = await startCluster();
  await post('/api/v1/sql', `CREATE DATABASE IF NOT EXISTS "N w" WITH PRECISION 'MS' SHARD 3`);
  const described = await post('/api/v1/sql', 'DESCRIBE DATABASE "N w"');
  expect(await described.json()).toMatchObject([{ precision: 'MS', shard: 3, ttl: 'INF' }]);
  await write('m,t=a f=1 1');
  const columns = await post('/api/v1/sql?db=db', 'DESCRIBE TABLE "m"');
  expect(await columns.json()).toHaveLength(3);
  expect((await post('/api/v1/sql?db=db', 'DESCRIBE TABLE "x"')).status).toBe(422);
});

test('a stopped node refuses connections and comes back on its port', async () => {
  cluster = await startCluster({ nodes: 2 });
  await cluster.stopNode(1);
  await expect(post('/api/v1/write?db=db', '', 1)).rejects.toThrow('fetch failed');
  await cluster.startNode(1);
  expect((await post('/api/v1/write?db=db', '', 1)).status).toBe(200);
});

test('a retry of a schema-changing write that the client gave up, and the server did not, is a violation', async () => {
  const clock = new VirtualClock();
  const gone = new AbortController();
  cluster = await startCluster({
    clock,
    script: {
      onWrite: ({ ordinal }) => {
        if (ordinal > 0) return undefined;
        gone.abort();
        return { hang: true, applyAfterMs: 5000 };
      },
    },
  });
  const body = 'm f=1 1';
  const path = `${cluster.urls[0]}/api/v1/write?db=db`;
  await expect(
    fetch(path, { method: 'POST', body, headers: { authorization }, signal: gone.signal }),
  ).rejects.toThrow();
  expect(cluster.points()).toBe(0);
  expect((await write(body)).status).toBe(200);
  expect(cluster.violations).toHaveLength(1);
  await clock.advance(5000);
  expect((await write('m g=1 1')).status).toBe(200);
  expect(cluster.violations).toHaveLength(1);
  expect(cluster.writes.map(({ adds, end }) => [adds.length, end])).toEqual([
    [2, 5000],
    [2, 0],
    [1, 5000],
  ]);
});

test('a body refused for its size does nothing, so it is no company for a schema change', async () => {
  cluster = await startCluster({ script: { maxBodyBytes: 20 } });
  expect((await write('m f=1 1\nm f=2 2\nm f=3 3\n')).status).toBe(413);
  expect((await write('m f=1 1\n')).status).toBe(200);
  expect([cluster.writes.length, cluster.violations.length]).toEqual([1, 0]);
});
