import { afterEach, expect, test } from 'vitest';
import { RefusedError, UnavailableError } from '../../../src/core/errors.js';
import type { Clock, Notice, Target } from '../../../src/core/types/index.js';
import { cnosdb } from '../../../src/targets/cnosdb/index.js';
import type { TargetSettings } from '../../../src/targets/types.js';
import { realClock, VirtualClock } from '../../support/clock.js';
import {
  type Cluster,
  type ClusterOptions,
  type ScriptedRequest,
  startCluster,
} from '../../support/cluster/cluster.js';
import { targetDeps } from '../../support/targets/target-deps.js';

let cluster: Cluster;
const targets: Target[] = [];
afterEach(async () => {
  for (const target of targets.splice(0)) await target.close();
  await cluster.stop();
});

const notices: Notice[] = [];

async function setup(
  settings: Partial<TargetSettings> = {},
  of: ClusterOptions = {},
  clock = realClock,
  notify?: (notice: Notice) => void,
): Promise<Target> {
  notices.length = 0;
  cluster = await startCluster(of);
  const deps = targetDeps(cluster.urls, settings, { clock, notices });
  const target = await cnosdb.create({ ...deps, notify: notify ?? deps.notify });
  targets.push(target);
  return target;
}

/** Skips the pauses between attempts. Time limits stay. */
const impatient: Clock = { ...realClock, sleep: (ms, signal) => realClock.sleep(ms <= 1000 ? 0 : ms, signal) };

const never = new AbortController().signal;
const describe = (target: Target): ReturnType<Target['describe']> => target.describe(never);

async function write(target: Target, body: string, signal = never): ReturnType<Target['write']> {
  return target.write(await target.encode(Buffer.from(body)), body.split('\n').length - 1, 20_000, signal);
}

test('a healthy target is described before any point is sent', async () => {
  const target = await setup({}, { nodes: 2, databases: { db: { ttl: '10d', shard: 3 } }, version: '2.4.1' });
  expect(await describe(target)).toEqual({
    kind: 'cnosdb',
    version: '2.4.1',
    endpoints: cluster.urls.map((url) => ({ url, reachable: true, version: '2.4.1', problem: null })),
    database: {
      precision: 'ns',
      ttlMs: 864_000_000,
      shard: 3,
      replica: 1,
      vnodeDurationMs: 31_557_600_000,
      maxMemcacheBytes: 134_217_728,
      strictWrite: false,
    },
  });
  expect(cluster.writes).toEqual([]);
});

test('a wrong password is refused at once, with advice and without the password', async () => {
  const target = await setup({ waitForTargetMs: 60_000 }, { credentials: 'root:other' });
  const error: unknown = await describe(target).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(RefusedError);
  expect(String(error)).toMatch(
    /as user root: expected .*, found Auth error: Access denied .*\. Check --user and --password/,
  );
  expect(String(error)).not.toContain('secret');
});

test('an unknown tenant and an unknown database are refused', async () => {
  await expect(describe(await setup({ tenant: 'nosuch' }))).rejects.toThrow(
    'The tenant nosuch not found. Check --tenant.',
  );
  await cluster.stop();
  const other = await setup({ db: 'nosuch', waitForTargetMs: 60_000 });
  await expect(describe(other)).rejects.toThrow('looking for database "nosuch" on http://127.0.0.1');
  await expect(describe(other)).rejects.toThrow('--create-db');
  expect(cluster.databases.has('nosuch')).toBe(false);
});

test('--create-db creates a missing database of any name and waits for it on every node', async () => {
  let unaware = 3;
  const lagging = ({ node, kind }: ScriptedRequest): { answer: { status: number; body: string } } | undefined => {
    if (node !== 1 || kind !== 'empty-write' || unaware-- <= 0) return undefined;
    const body = JSON.stringify({ error_code: '030017', error_message: 'Database not found: "My ""db & co"' });
    return { answer: { status: 422, body } };
  };
  const target = await setup(
    { db: 'My "db & co', createDb: true, dbOptions: "SHARD 4 TTL '30d'" },
    { nodes: 2, script: { onOther: lagging } },
  );
  const { database, endpoints } = await describe(target);
  expect(database).toMatchObject({ shard: 4, ttlMs: 2_592_000_000 });
  expect(endpoints.every(({ reachable }) => reachable)).toBe(true);
  expect(cluster.statements[0]).toBe(`CREATE DATABASE IF NOT EXISTS "My ""db & co" WITH SHARD 4 TTL '30d'`);
  expect((await write(target, 'm f=1 1\n')).verdict.kind).toBe('accepted');
  expect(cluster.points('My "db & co')).toBe(1);
});

test('an existing database is not created again, and a notice says that --db-options was not applied', async () => {
  await describe(await setup({ createDb: true, dbOptions: 'SHARD 3' }));
  expect(cluster.statements).toEqual(['DESCRIBE DATABASE "db"']);
  expect(notices.map(({ kind }) => kind)).toEqual(['db-options']);
});

test('a database whose PRECISION would merge points is refused with the figures', async () => {
  const target = await setup({}, { databases: { db: { precision: 'MS' } } });
  await expect(describe(target)).rejects.toThrow(
    /expected PRECISION NS.*, found PRECISION MS, which stores 1000000 different timestamps of a series .* --db-options "PRECISION 'NS'"/,
  );
  await cluster.stop();
  const coarse = await setup({ precision: 's' }, { databases: { db: { precision: 'MS' } } });
  expect((await describe(coarse)).database.precision).toBe('ms');
});

test('a target that stays down ends the wait with its address and advice', async () => {
  const target = await setup();
  const url = cluster.urls[0];
  await cluster.stop();
  const error: unknown = await describe(target).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(String(error)).toMatch(/waiting \d+ms for CnosDB: expected an empty write to be acknowledged, found/);
  expect(String(error)).toContain(
    `${url}: connection refused. Check --url (the usual port of CnosDB is 8902), start the target, or wait longer with --wait-for-target.`,
  );
});

test('a target that starts during the wait is used', async () => {
  let looks = 0;
  const notify = (notice: Notice): void => {
    if (notice.kind === 'waiting' && looks++ === 0) void cluster.startNode(0);
  };
  const target = await setup({ waitForTargetMs: 30_000 }, {}, impatient, notify);
  await cluster.stopNode(0);
  expect((await describe(target)).endpoints[0]?.reachable).toBe(true);
});

test('one endpoint of two is enough, and the other is reported and gets no points', async () => {
  const target = await setup({}, { nodes: 2 });
  await cluster.stopNode(0);
  const { endpoints } = await describe(target);
  expect(endpoints.map(({ reachable, problem }) => [reachable, problem])).toEqual([
    [false, 'connection refused'],
    [true, null],
  ]);
  for (let n = 0; n < 4; n++) expect((await write(target, `m f=1 ${n}\n`)).verdict.kind).toBe('accepted');
  expect(target.endpoints().map(({ loaded, failures }) => [loaded, failures])).toEqual([
    [0, 1],
    [4, 0],
  ]);
  expect(notices.map(({ kind }) => kind)).toEqual(['endpoint-down']);
});

test.each([
  ['404', { status: 404 }, 'port 8902'],
  ['501, since it knows no POST', { status: 501, body: '<h1>Unsupported method</h1>' }, 'port 8902'],
  ['a login page', { status: 200, body: '<html>log in</html>' }, 'Check that --url points at CnosDB'],
  ['a redirect', { status: 307, headers: { location: 'https://elsewhere/' } }, 'https://elsewhere/'],
])('a port that answers with %s is refused with useful advice', async (_, answer, words) => {
  const target = await setup({ waitForTargetMs: 60_000 }, { script: { onHeaders: () => ({ answer }) } });
  await expect(describe(target)).rejects.toThrow(RefusedError);
  await expect(describe(target)).rejects.toThrow(words);
});

test('unreadable database settings are refused instead of guessed', async () => {
  const target = await setup(
    {},
    { script: { onOther: ({ kind }) => (kind === 'sql' ? { answer: { status: 200, body: '<html>' } } : undefined) } },
  );
  await expect(describe(target)).rejects.toThrow('Check that --url points at CnosDB');
});

test('queries go to every endpoint in turn while the cluster is forming', async () => {
  const asked: number[] = [];
  const forming = JSON.stringify({ error_code: '030015', error_message: 'Request meta cluster error: no leader' });
  const onOther = ({ kind, node }: ScriptedRequest): { answer: { status: number; body: string } } | undefined =>
    kind === 'sql' && asked.push(node) < 5 ? { answer: { status: 422, body: forming } } : undefined;
  const target = await setup({ waitForTargetMs: 30_000 }, { nodes: 2, script: { onOther } }, impatient);
  expect((await describe(target)).database.shard).toBe(1);
  expect(asked).toEqual([0, 1, 0, 1, 0]);
});

test('waiting for the target ends at once when the signal aborts', async () => {
  const controller = new AbortController();
  const notify = (): void => controller.abort(new Error('stopped'));
  const target = await setup({ waitForTargetMs: 3_600_000 }, {}, realClock, notify);
  await cluster.stopNode(0);
  await expect(target.describe(controller.signal)).rejects.toThrow('stopped');
});

test('columns come for all tables or for one, and an unknown table has no columns', async () => {
  const target = await setup();
  expect(await target.columns(never)).toEqual([]);
  await write(target, 'cpu,host=a usage=1,n=3i,u=7u,ok=true,note="x y" 1\n');
  await write(target, 'a\\ "b" f=1 1\n');
  const cpu = [
    ['host', 'tag'],
    ['usage', 'float'],
    ['n', 'integer'],
    ['u', 'unsigned'],
    ['ok', 'boolean'],
    ['note', 'string'],
  ].map(([name, type]) => ({ table: 'cpu', name, type }));
  expect(await target.columns(never)).toEqual([...cpu, { table: 'a "b"', name: 'f', type: 'float' }]);
  expect(await target.columns(never, 'cpu')).toEqual(cpu);
  expect(await target.columns(never, 'a "b"')).toHaveLength(1);
  expect(await target.columns(never, 'nope')).toEqual([]);
});

test('a write carries database, credentials, encoding and user headers', async () => {
  const seen: ScriptedRequest[] = [];
  const target = await setup(
    { compression: 'gzip', headers: [{ name: 'X-Team', value: 'a b' }] },
    { script: { onWrite: (request) => void seen.push(request) } },
  );
  const attempt = await write(target, 'm f=1 1\nm f=2 2\n');
  expect(attempt).toMatchObject({ verdict: { kind: 'accepted' }, endpoint: cluster.urls[0] });
  expect(seen[0]).toMatchObject({
    path: '/api/v1/write?db=db&tenant=cnosdb&precision=ns',
    headers: {
      authorization: `Basic ${Buffer.from('root:secret').toString('base64')}`,
      'content-encoding': 'gzip',
      'content-length': String(attempt.sentBytes),
      'user-agent': 'bulk-load/9.9.9',
      'x-team': 'a b',
    },
  });
  expect(target.endpoints()).toEqual([{ url: cluster.urls[0], loaded: 2, failures: 0, openSeconds: 0 }]);
});

test('every answer to a write is a verdict, never an exception', async () => {
  const target = await setup({}, { script: { maxBodyBytes: 1000 } });
  expect((await write(target, 'm f=1 1\nm f=oops 2\n')).verdict).toMatchObject({
    kind: 'rejected',
    reason: 'target-parse',
  });
  expect((await write(target, 'm f=1 1\n'.repeat(1000))).verdict).toMatchObject({ kind: 'rejected', tooLarge: true });
  cluster.setScript({ onWrite: () => ({ close: true }) });
  expect((await write(target, 'm f=1 1\n')).verdict).toMatchObject({ kind: 'dropped', mayBeApplied: true });
  cluster.setScript({ onHeaders: () => ({ reset: 'before-body' }) });
  expect((await write(target, 'm f=1 1\n')).verdict).toMatchObject({ kind: 'dropped', mayBeApplied: true });
});

test('a timed-out write may still be applied', async () => {
  const clock = new VirtualClock();
  let came = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    came = resolve;
  });
  const onWrite = (): { hang: true; applyAfterMs: number } => {
    came();
    return { hang: true, applyAfterMs: 1 };
  };
  const target = await setup({}, { script: { onWrite } }, clock);
  const attempt = write(target, 'm f=1 1\n');
  await arrived;
  await clock.advance(20_000);
  const { verdict, latencyMs, sentBytes } = await attempt;
  expect(verdict).toMatchObject({
    kind: 'overloaded',
    timedOut: true,
    mayBeApplied: true,
    reason: 'no answer within 20s',
  });
  expect([latencyMs, sentBytes]).toEqual([20_000, 8]);
});

test('an aborted write is dropped and counts as no failure of its endpoint', async () => {
  const controller = new AbortController();
  const target = await setup(
    {},
    {
      script: {
        onWrite: () => {
          controller.abort();
          return { hang: true };
        },
      },
    },
  );
  expect((await write(target, 'm f=1 1\n', controller.signal)).verdict.kind).toBe('dropped');
  expect(target.endpoints()[0]?.failures).toBe(0);
});

test('a node that dies loses no point and gets its share again when it returns', async () => {
  const target = await setup({}, { nodes: 2 });
  const load = async (from: number, to: number): Promise<number> => {
    let misses = 0;
    for (let n = from; n < to; misses++)
      if ((await write(target, `m f=1 ${n}\n`)).verdict.kind === 'accepted') {
        n++;
        misses--;
      }
    return misses;
  };
  await load(0, 10);
  await cluster.stopNode(1);
  expect(await load(10, 20)).toBeLessThanOrEqual(2);
  await cluster.startNode(1);
  let next = 20;
  while (target.endpoints()[1].loaded < 10) await load(next, ++next);
  expect(cluster.points()).toBe(next);
  expect(notices.map(({ kind }) => kind)).toEqual(['endpoint-down', 'endpoint-back']);
});

test('a flush is one COMPACT DATABASE to one endpoint', async () => {
  const target = await setup({ db: 'a"b' }, { nodes: 2, databases: ['a"b'] });
  expect(await target.flush(1000, never)).toMatchObject({ kind: 'done', reason: null });
  expect(cluster.statements).toEqual(['COMPACT DATABASE "a""b"']);
});

test.each([
  ['timedOut', { hang: true }, /no answer within/],
  [
    'notPermitted',
    {
      answer: {
        status: 422,
        body: '{"error_code":"010004","error_message":"Insufficient privileges, expected [maintainer for system]"}',
      },
    },
    /Insufficient/,
  ],
  [
    'failed',
    { answer: { status: 422, body: '{"error_code":"010062","error_message":"Database db not found."}' } },
    /not found/,
  ],
  ['failed', { reset: 'after-body' }, /connection/],
] as const)('a flush that ends as %s returns the reason', async (kind, step, reason) => {
  const target = await setup({}, { script: { onOther: () => step } });
  const outcome = await target.flush(kind === 'timedOut' ? 50 : 10_000, never);
  expect(outcome.kind).toBe(kind);
  expect(outcome.reason).toMatch(reason);
});

test('a flush goes to the next endpoint when the first is unreachable', async () => {
  const target = await setup({}, { nodes: 2 });
  await cluster.stopNode(0);
  await target.flush(1000, never);
  expect(await target.flush(1000, never)).toMatchObject({ kind: 'done' });
});

test('gauges come for each endpoint, null where a node does not report them', async () => {
  const page = 'vnode_cache_size_total{database="db",node_id="1",tenant="cnosdb",vnode_id="2"} 77\n';
  const onOther = ({ node, path }: ScriptedRequest) =>
    path === '/metrics' && node === 1 ? { answer: { status: 200, body: page } } : undefined;
  const target = await setup({}, { nodes: 2, script: { onOther } });
  expect(await target.gauges(never)).toEqual([null, 77]);
});

test('the layout comes from SHOW REPLICAS, or from the endpoints where that is refused', async () => {
  const rows = [
    { database: 'db', location: '1001*,1002', replica_id: 1, start_time: 'a', end_time: 'b' },
    { database: 'db', location: '1002*,1003', replica_id: 4, start_time: 'a', end_time: 'b' },
  ];
  let answer = { status: 200, body: JSON.stringify(rows) };
  const onOther = ({ body }: ScriptedRequest) =>
    Buffer.from(body).toString() === 'SHOW REPLICAS' ? { answer } : undefined;
  const target = await setup({}, { databases: { db: { shard: 2, replica: 2 } }, script: { onOther } });
  await describe(target);
  expect(await target.layout(never)).toMatchObject({ nodes: 3, vnodesPerNode: 2, from: 'replicas' });
  answer = { status: 422, body: '{"error_code":"010004","error_message":"Insufficient privileges"}' };
  expect(await target.layout(never)).toEqual({ nodes: 1, vnodesPerNode: 4, from: 'endpoints' });
});

test.each([
  ['blanks, then an error', `${' '.repeat(70_000)}{"error_code":"040004"}`],
  ['a page', '<html>'],
])('a 200 with a body is no acknowledgement: %s', async (_, body) => {
  const target = await setup({}, { script: { onWrite: () => ({ answer: { status: 200, body } }) } });
  expect((await write(target, 'm f=1 1\n')).verdict).toMatchObject({ kind: 'refused' });
});
