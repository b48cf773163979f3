// What the recordings do not cover: data folders, credentials, merging, limits of SQL, metrics.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { decodeBody } from '../../src/serve/http/content-encoding.js';
import { type RunningServer, type ServeOptions, serve } from '../../src/serve/serve.js';
import { exchange, sql, writeLines } from './raw-http.js';

const servers: RunningServer[] = [];
const folders: string[] = [];

async function start(options: Partial<ServeOptions> = {}): Promise<string> {
  const server = await serve({ host: '127.0.0.1', port: 0, dataDir: null, ...options });
  servers.push(server);
  return server.url;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bulk-load-serve-test-'));
  folders.push(path);
  return path;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const path of folders.splice(0)) await rm(path, { recursive: true });
});

test('an acknowledged write is in the data folder of serve at once', async () => {
  const dataDir = await folder();
  const url = await start({ dataDir });
  await sql(url, 'public', "CREATE DATABASE kept WITH TTL '36500d' PRECISION 'MS'");
  await writeLines(url, 'kept', 'm,t=a f=1,s="x" 1600000000001000000\nm,t=b n=2i 1600000000002000000\n');
  const copy = await folder();
  await cp(dataDir, copy, { recursive: true });
  const second = await start({ dataDir: copy });
  expect((await sql(second, 'kept', 'SELECT * FROM m ORDER BY time')).body).toBe(
    '[{"f":1.0,"s":"x","t":"a","time":"2020-09-13T12:26:40.001"},{"n":2,"t":"b","time":"2020-09-13T12:26:40.002"}]',
  );
  expect((await sql(second, 'kept', 'DESCRIBE DATABASE kept')).body).toContain('"precision":"MS"');
});

test('serve reopens a data folder with its series, columns and types', async () => {
  const dataDir = await folder();
  const first = await serve({ host: '127.0.0.1', port: 0, dataDir });
  await writeLines(first.url, 'public', 'm,t=a f=1 5\nm,t=b f=2 5\n');
  await first.close();
  const url = await start({ dataDir });
  await writeLines(url, 'public', 'm,t=a f=9 5\nm,t=c g=3 5\n');
  expect((await sql(url, 'public', 'SELECT t, f, g FROM m ORDER BY t')).body).toBe(
    '[{"f":9.0,"t":"a"},{"f":2.0,"t":"b"},{"g":3.0,"t":"c"}]',
  );
  expect((await writeLines(url, 'public', 'm,t=a f=1i 6\n')).body).toContain('found I64 expected F64');
});

test('rows of one series and time merge field by field, also between two queries', async () => {
  const url = await start();
  await writeLines(url, 'public', 'm,a=1,b=2 f=1,g=1 7\n');
  expect((await sql(url, 'public', 'SELECT count(*) AS n FROM m')).body).toBe('[{"n":1}]');
  await writeLines(url, 'public', 'm,b=2,a=1 f=2 7\nm,b=2,a=1 f=3,h=true 7\n');
  expect((await sql(url, 'public', 'SELECT * FROM m')).body).toBe(
    '[{"a":"1","b":"2","f":3.0,"g":1.0,"h":true,"time":"1970-01-01T00:00:00.000000007"}]',
  );
});

test('a wrong password is refused with code 010016', async () => {
  const url = await start({ password: 'secret' });
  const refused = await writeLines(url, 'public', 'm f=1 1\n');
  expect([refused.status, refused.body]).toEqual([
    422,
    '{"error_code":"010016","error_message":"Auth error: Access denied for user \'root\' (using xxx) username or password invalid"}',
  ]);
  const authorization = `Basic ${Buffer.from('root:secret').toString('base64')}`;
  const path = '/api/v1/write?db=public';
  expect((await exchange(url, { method: 'POST', path, headers: { authorization } })).status).toBe(200);
});

test.each([
  "SELECT * FROM read_csv('/etc/hostname')",
  "COPY (SELECT 1) TO '/tmp/bulk-load-serve-escape.csv'",
  "ATTACH '/tmp/bulk-load-serve-escape.db' AS other",
  'SET enable_external_access = true',
  'INSTALL httpfs',
  'SELECT 1; DROP DATABASE public',
  'EXPLAIN ANALYZE DROP SCHEMA public CASCADE',
  'EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1',
  'EXPLAIN (ANALYZE, FORMAT json) DELETE FROM m',
  'WITH d AS (SELECT 1) DELETE FROM m',
])('SQL can neither reach files nor change settings: %s', async (statement) => {
  const url = await start();
  await writeLines(url, 'public', 'm f=1 1\n');
  const answer = await sql(url, 'public', statement);
  expect(answer.status).toBe(422);
  expect(JSON.parse(answer.body)).toHaveProperty('error_code');
  expect((await sql(url, 'public', 'SELECT f FROM m')).body).toBe('[{"f":1.0}]');
});

test('names that differ only in case are different tables and columns of serve', async () => {
  const url = await start();
  await writeLines(url, 'public', 'Cpu,Host=a,host=b Load=1,load=2 1\ncpu load=3 1\n');
  expect((await sql(url, 'public', 'SELECT "Host", host, "Load", LOAD FROM "Cpu"')).body).toBe(
    '[{"Host":"a","Load":1.0,"host":"b","load":2.0}]',
  );
  expect((await sql(url, 'public', 'SELECT load FROM CPU')).body).toBe('[{"load":3.0}]');
});

test('a refused write stores nothing, and the next write succeeds', async () => {
  const url = await start();
  expect((await writeLines(url, 'public', 'm,t=a f=1,g=2 1\nm,t=a f=oops 2\n')).status).toBe(422);
  expect((await sql(url, 'public', 'SHOW TABLES')).body).toBe('');
  expect((await writeLines(url, 'public', 'm,t=a f=1i 1\n')).status).toBe(200);
  expect((await sql(url, 'public', 'SELECT * FROM m')).body).toBe(
    '[{"f":1,"t":"a","time":"1970-01-01T00:00:00.000000001"}]',
  );
});

test('the metrics of serve count writes, bytes on the wire and unflushed bytes', async () => {
  const url = await start();
  const body = gzipSync(Buffer.from('m f=1 1\n'));
  const headers = { authorization: 'Basic cm9vdDo=', 'content-encoding': 'gzip' };
  await exchange(url, { method: 'POST', path: '/api/v1/write?db=public', headers, body });
  const page = async (): Promise<string> =>
    (await exchange(url, { method: 'GET', path: '/metrics', headers: {} })).body;
  const before = await page();
  expect(before).toMatch(/^http_writes\{api="api\/v1\/write",database="public",.*\} 1$/m);
  expect(before).toMatch(new RegExp(`^http_data_in\\{.*database="public".*\\} ${body.length}$`, 'm'));
  expect(before).toMatch(/^vnode_cache_size_total\{database="public",.*\} 8$/m);
  await sql(url, 'public', 'COMPACT DATABASE public');
  expect(await page()).toMatch(/^vnode_cache_size_total\{database="public",.*\} 0$/m);
});

test('SHOW REPLICAS lists one group per shard and time bucket', async () => {
  const url = await start();
  await sql(url, 'public', 'CREATE DATABASE d WITH SHARD 2');
  await writeLines(url, 'd', 'm f=1 1640995200000000000\n');
  const group = '"database":"d","end_time":"2023-01-01 06:00:00 UTC","location":"1001*"';
  const begin = '"start_time":"2022-01-01 00:00:00 UTC"';
  expect((await sql(url, 'd', 'SHOW REPLICAS')).body).toBe(
    `[{${group},"replica_id":1,${begin}},{${group},"replica_id":2,${begin}}]`,
  );
});

test('serve on an address in use rejects with EADDRINUSE', async () => {
  const { port } = new URL(await start());
  await expect(serve({ host: '127.0.0.1', port: Number(port), dataDir: null })).rejects.toThrow('EADDRINUSE');
});

test('values that no column holds are refused by name', async () => {
  const url = await start();
  await sql(url, 'public', 'CREATE TABLE whole (i BIGINT, TAGS(t))');
  for (const values of ["(1, 'x')", '(1, 1e400)', "('2022-13-45 99:99:99', 1)"]) {
    const { status, body } = await sql(url, 'public', `INSERT INTO whole (time, i) VALUES ${values}`);
    expect([status, body]).toEqual([422, expect.stringContaining('010001')]);
  }
});

test('EXPLAIN and EXPLAIN ANALYZE of a query are answered', async () => {
  const url = await start();
  await writeLines(url, 'public', 'm f=1 1\n');
  for (const statement of ['EXPLAIN SELECT * FROM m', 'EXPLAIN ANALYZE SELECT * FROM m'])
    expect((await sql(url, 'public', statement)).status).toBe(200);
});

const endless = 'SELECT count(*) FROM range(1000000000000) a, range(1000000000000) b';

test('an endless query blocks neither writes nor other queries, and ends at the time limit', async () => {
  const url = await start({ limits: { ms: 1_500 } });
  const query = sql(url, 'public', endless);
  expect((await writeLines(url, 'public', 'm f=1 1\n')).status).toBe(200);
  expect((await sql(url, 'public', 'SELECT f FROM m')).body).toBe('[{"f":1.0}]');
  const { status, body } = await query;
  expect(status).toBe(422);
  expect(body).toContain('the statement took more than 1500 ms');
});

test('closing serve interrupts an endless query', async () => {
  const server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  const query = sql(server.url, 'public', endless);
  await writeLines(server.url, 'public', 'm f=1 1\n');
  expect(await server.close()).toBe(true);
  expect((await query).status).toBeNull();
});

test('an INSERT with an endless SELECT blocks no writes', async () => {
  const url = await start({ limits: { ms: 1_500 } });
  await writeLines(url, 'public', 'm f=1 1\n');
  const insert = sql(url, 'public', `INSERT INTO m (time, f) ${endless}`);
  expect((await writeLines(url, 'public', 'm f=2 2\n')).status).toBe(200);
  expect((await insert).body).toContain('the statement took more than 1500 ms');
});

test('a result of more rows or text than the limits is refused', async () => {
  const url = await start({ limits: { rows: 5_000, text: 100_000 } });
  expect((await sql(url, 'public', 'SELECT * FROM range(1000000)')).body).toContain('more than 5000 rows');
  for (const giant of ["repeat('x', 2000000000)", "lpad('x', 2000000000, 'y')"])
    expect((await sql(url, 'public', `SELECT ${giant} AS a`)).body).toContain(
      'a text of more than 10000000 characters',
    );
  const long = "SELECT repeat('x', 60000) AS a FROM range(2)";
  expect((await sql(url, 'public', long)).body).toContain('100000 characters');
  expect((await sql(url, 'public', 'SELECT count(*) AS n FROM range(5000)')).body).toBe('[{"n":5000}]');
});

test('a statement of more than 4 MiB is refused', async () => {
  const url = await start();
  const { status, body } = await sql(url, 'public', `SELECT '${'x'.repeat(4 * 1024 * 1024)}'`);
  expect([status, body]).toEqual([422, expect.stringContaining('a statement of more than 4194304 characters')]);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateRawSync],
  ['br', (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
] as const)(
  'a body compressed with %s that decompresses to more than its limit is refused',
  async (encoding, compress) => {
    const body = compress(Buffer.alloc(100_000, '\n'));
    expect(await decodeBody(body, encoding, 100_000)).toHaveLength(100_000);
    await expect(decodeBody(body, encoding, 99_999)).rejects.toMatchObject({ status: 413 });
  },
);

test('a body that decompresses to more than 160 MiB is refused', async () => {
  const url = await start();
  const body = gzipSync(Buffer.alloc(160 * 1024 * 1024 + 1), { level: 1 });
  const headers = { authorization: 'Basic cm9vdDo=', 'content-encoding': 'gzip' };
  const answer = await exchange(url, { method: 'POST', path: '/api/v1/write?db=public', headers, body });
  expect(answer.status).toBe(413);
});
