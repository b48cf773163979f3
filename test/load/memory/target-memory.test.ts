// Loads plan and hold the memory of the target, and report it.

import { afterEach, expect, test } from 'vitest';
import { nodeBase } from '../../../src/flow-control/target-memory/node-base.js';
import type { ClusterOptions, ScriptedRequest } from '../../support/cluster/cluster.js';
import { run } from '../../support/programs/here.js';
import { lines, type Scene, scene } from '../../support/scene.js';

let open: Scene[] = [];

async function begin(options?: ClusterOptions): Promise<Scene> {
  const it = await scene(options);
  open.push(it);
  return it;
}

afterEach(async () => {
  await Promise.all(open.map((it) => it.end()));
  open = [];
});

/** One node with forty vnodes of the database, so that each body counts forty times. */
const crowded = (step?: (statement: string) => object | undefined): ClusterOptions => ({
  script: {
    onOther: ({ body }: ScriptedRequest) => {
      const statement = Buffer.from(body).toString();
      if (statement !== 'SHOW REPLICAS') return step?.(statement);
      const group = { database: 'db', location: '1*', replica_id: 1, start_time: 'a', end_time: 'b' };
      return { answer: { status: 200, body: JSON.stringify(Array.from({ length: 40 }, () => group)) } };
    },
  },
});
/** Room for 48 MiB beside the node and the forty vnodes of the time bucket of the points. */
const tight = ['--target-memory', `${Math.ceil(nodeBase(40) / 1024 ** 2) + 48}MiB`, '--batch-bytes', '64KiB'];
/** 500 KiB of points: more than a tight plan sends without a completed flush. */
const some = lines(14_000);
const few = lines(500);
const compacts = ({ cluster }: Scene): string[] => cluster.statements.filter((each) => each.startsWith('COMPACT'));
const exhausted = {
  answer: {
    status: 422,
    headers: { 'content-type': 'application/json' },
    body: '{"error_code":"050033","error_message":"Memory Exhausted Retry Later"}',
  },
};

test('the load flushes the target before its memory budget is full, and the summary counts the flushes', async () => {
  const it = await begin(crowded());
  const ample = await it.load([await it.file('a.lp', few)]);
  expect(ample.code).toBe(0);
  expect(ample.summary?.target).toMatchObject({ flushes: 0 });
  const { code, summary } = await it.load([...tight, await it.file('a.lp', some)]);
  expect(code).toBe(0);
  expect(compacts(it)).toContain('COMPACT DATABASE "db"');
  expect(summary?.target.flushes).toBeGreaterThanOrEqual(compacts(it).length);
  expect(summary!.target.planBytesPerNode).toBeGreaterThan(110 * 1024 ** 2);
  expect(summary!.target.estimatedPeakBytesPerNode).toBeGreaterThan(120 * 1024 ** 2);
});

test('a load ends after its last flush, because CnosDB loses the memory of rows whose flush is cut off', async () => {
  const slow = { delayMs: 500 };
  const it = await begin(crowded((statement) => (statement.startsWith('COMPACT') ? slow : undefined)));
  const { code, summary } = await it.load([...tight, await it.file('a.lp', some)]);
  expect(code).toBe(0);
  expect(compacts(it)).toHaveLength(summary!.target.flushes);
});

test('vnodes of other databases do not count against --target-memory', async () => {
  const group = { database: 'other', location: '1*', replica_id: 1, start_time: 'a', end_time: 'b' };
  const replicas = JSON.stringify(Array.from({ length: 200 }, () => group));
  const it = await begin({
    script: {
      onOther: ({ body }: ScriptedRequest) =>
        Buffer.from(body).toString() === 'SHOW REPLICAS' ? { answer: { status: 200, body: replicas } } : undefined,
    },
  });
  expect(await it.load([await it.file('a.lp', few)])).toMatchObject({ code: 0, summary: { target: { flushes: 0 } } });
});

test('--no-relieve sends no flush request', async () => {
  const it = await begin(crowded());
  const { code, summary } = await it.load([...tight, '--no-relieve', await it.file('a.lp', lines(2_000))]);
  expect([code, summary?.target.flushes, compacts(it)]).toEqual([0, 0, []]);
});

test('a target that denies flushes is reported once, and the load continues', async () => {
  const body = '{"error_code":"010004","error_message":"Insufficient privileges, expected [x]"}';
  const denied = { answer: { ...exhausted.answer, body } };
  const it = await begin(crowded((statement) => (statement.startsWith('COMPACT') ? denied : undefined)));
  const { code, stderr } = await it.load([...tight, await it.file('a.lp', some)]);
  expect(code).toBe(0);
  expect(
    stderr.match(/no longer requests flushes in advance .*: not permitted: Insufficient privileges/g),
  ).toHaveLength(1);
});

test('a --target-memory that no setting can hold is refused before a point is sent, by the load and by check', async () => {
  const it = await begin(crowded());
  const args = ['--target-memory', '100MiB', await it.file('a.lp', few)];
  const { code, stderr, summary } = await it.load(args);
  expect(code).toBe(4);
  expect(stderr).toMatch(/planning the memory of a node for 40 vnodes \(1 time bucket\)/);
  expect(stderr).toMatch(/at most --target-memory 100 MiB/);
  expect(summary?.requests.sent).toBe(0);
  const checked = await run(['check', '--url', it.cluster.urls.join(','), '--db', 'db', ...args]);
  expect(checked.code).toBe(4);
  expect(checked.stderr).toContain('at most --target-memory 100 MiB');
});

test('one URL for several nodes is reported, because gauges then show only some nodes', async () => {
  const group = { database: 'db', location: '1*,2', replica_id: 1, start_time: 'a', end_time: 'b' };
  const answer = { status: 200, body: JSON.stringify([group]) };
  const onOther = ({ body }: ScriptedRequest) =>
    Buffer.from(body).toString() === 'SHOW REPLICAS' ? { answer } : undefined;
  const it = await begin({ script: { onOther } });
  const { stderr } = await it.load([await it.file('a.lp', lines(10))]);
  expect(stderr).toMatch(
    /--url names 1 endpoint, but SHOW REPLICAS lists 2 nodes\. Either an endpoint is a load balancer, or --url does not name every node/,
  );
});

test('memory that stays exhausted ends the load with exit code 5 and names COMPACT DATABASE', async () => {
  const it = await begin({ script: { onWrite: () => exhausted } });
  const { code, stderr, summary } = await it.load([
    '--retry-for',
    '1s',
    '--no-relieve',
    await it.file('a.lp', lines(100)),
  ]);
  expect(code).toBe(5);
  expect(stderr).toMatch(/Memory Exhausted.*COMPACT DATABASE/s);
  expect(summary?.points).toEqual({ read: 100, loaded: 0, rejected: 0, undelivered: 100 });
  expect(compacts(it)).toEqual([]);
});

test('bodies shrink while memory is exhausted, and every point arrives', async () => {
  const onWrite = ({ body }: ScriptedRequest) => (body.length > 100_000 ? exhausted : undefined);
  const it = await begin({ script: { onWrite } });
  const { code, summary } = await it.load([await it.file('a.lp', some)]);
  expect([code, it.cluster.points()]).toEqual([0, 14_000]);
  expect(summary!.pressure.bodyBytesMin).toBeLessThan(200_000);
});

test.each([
  [[], /CREATE DATABASE IF NOT EXISTS "new" WITH MAX_MEMCACHE_SIZE '\d+MiB'$/],
  [['--db-options', 'SHARD 3'], /"new" WITH SHARD 3 MAX_MEMCACHE_SIZE '\d+MiB'$/],
  [['--db-options', "MAX_MEMCACHE_SIZE '64MiB'"], /"new" WITH MAX_MEMCACHE_SIZE '64MiB'$/],
  [['--target-memory', 'off'], /"new"$/],
])(
  'a created database gets a fitting memcache size unless the options %j set or disable it',
  async (args, statement) => {
    const it = await begin();
    const { code } = await it.load(['--db', 'new', '--create-db', ...args, await it.file('a.lp', lines(10))]);
    expect(code).toBe(0);
    expect(it.cluster.statements.find((each) => each.startsWith('CREATE'))).toMatch(statement);
  },
);

test('check shows the memcache size of a database that a load would create', async () => {
  const it = await begin();
  const args = ['--url', it.cluster.urls.join(','), '--db', 'new', '--create-db', await it.file('a.lp', lines(10))];
  expect((await run(['check', ...args])).stderr).toMatch(/creates the database with MAX_MEMCACHE_SIZE '\d+MiB'/);
  expect(it.cluster.statements.filter((each) => each.startsWith('CREATE'))).toEqual([]);
});

test('a server before 2.4.2 does not get the unknown memcache option', async () => {
  const it = await begin({ version: '2.4.1' });
  const { code, stderr } = await it.load(['--db', 'new', '--create-db', await it.file('a.lp', lines(10))]);
  expect(code).toBe(0);
  expect(it.cluster.statements).toContain('CREATE DATABASE IF NOT EXISTS "new"');
  expect(stderr).toMatch(/CnosDB 2\.4\.1 takes more and more memory/);
});

test('with --target-memory off the expected memory of a node is reported before anything is sent', async () => {
  const it = await begin();
  const { stderr } = await it.load(['--target-memory', 'off', await it.file('a.lp', few)]);
  expect(stderr).toMatch(/will need about 11\d(\.\d)? MiB of memory, and --target-memory is off/);
});

test('inputs that span too many time buckets are refused before a point is sent', async () => {
  const it = await begin({ databases: { db: { vnode_duration: '1day', shard: 4 } } });
  const day = (n: number): string => `m f=1 ${Date.UTC(2015, 0, n)}000000\n`;
  const days = Array.from({ length: 3288 }, (_, i) => day(i + 1)).join('');
  const { code, stderr } = await it.load([await it.file('a.lp', days)]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/3,288 time buckets, so one node will have 13,152 vnodes.*VNODE_DURATION/);
});

test('two points many time buckets apart need two buckets', async () => {
  const it = await begin({ databases: { db: { vnode_duration: '1day', shard: 4 } } });
  const years = [2015, 2024].map((year) => `m f=1 ${Date.UTC(year, 0)}000000\n`).join('');
  expect((await it.load([await it.file('a.lp', years)])).code).toBe(0);
});

test('check shows the expected memory, the new tables and the advice', async () => {
  const it = await begin({ nodes: 2, version: '2.3.1' });
  const args = ['--url', it.cluster.urls.join(','), '--db', 'db', await it.file('a.lp', lines(10, 'fresh'))];
  const { code, stderr } = await run(['check', ...args]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^ {2}memory {5}--target-memory allows 512 MiB; the fullest node will use about [\d.]+ MiB: [\d.]+ MiB for the process/m,
  );
  expect(stderr).toMatch(
    /^ {2}new {8}tables with new columns: fresh; while bulk-load introduces these columns, it sends no other/m,
  );
  expect(stderr).toMatch(/^ {2}WARNING {4}CnosDB 2\.3\.1 sizes its memory pool wrongly/m);
});

test('--rate-points and --rate-bytes limit the rate, and the summary shows the limited time', async () => {
  const it = await begin();
  const path = await it.file('a.lp', lines(2000));
  const points = await it.load(['--batch-points', '500', '--rate-points', '2500', path]);
  expect(points.code).toBe(0);
  expect(points.summary!.seconds).toBeGreaterThanOrEqual(0.6);
  expect(points.summary!.pressure.heldBackBy.rateLimit).toBeGreaterThan(0);
  const bytes = await it.load(['--batch-points', '500', '--rate-bytes', '100KB', path]);
  expect(bytes.summary!.seconds).toBeGreaterThanOrEqual(0.4);
  expect(bytes.summary!.pressure.heldBackBy.rateLimit).toBeGreaterThan(0);
});
