// Where load_cnosdb differs from the Go tool on purpose: it reports what is lost, refused or dropped.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../../src/serve/serve.js';
import { sql, writeLines } from '../../serve/raw-http.js';
import { startCluster } from '../../support/cluster/cluster.js';
import { run } from '../../support/programs/process.js';
import { lines } from '../../support/scene.js';
import { inProcess, type Ran } from './support.js';

let server: RunningServer;
let scratch: string;

beforeAll(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  scratch = await mkdtemp(`${tmpdir()}/bulk-load-compat-`);
});
afterAll(async () => {
  await server.close();
  await rm(scratch, { recursive: true });
});

const load = (args: readonly string[], input: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  inProcess(args, input, { XDG_STATE_HOME: scratch, PWD: scratch, ...env });
const count = async (db: string, table: string): Promise<string> =>
  (await sql(server.url, db, `SELECT count(*) AS n FROM ${table}`)).body;

test('--do-create-db keeps existing data and says so', async () => {
  await sql(server.url, 'public', 'CREATE DATABASE kept');
  await writeLines(server.url, 'kept', 'old,t=a f=1 1640995200000000000\n');
  const args = [`--urls=${server.url}`, '--db-name=kept', '--do-create-db'];
  const { status, stderr } = await load(args, lines(3));
  expect([status, await count('kept', 'old'), await count('kept', 'm')]).toEqual([0, '[{"n":1}]', '[{"n":3}]']);
  expect(stderr).toMatch(
    /--do-create-db keeps an existing database, which the Go tool would drop; to drop it, add --drop-existing/,
  );
});

test('--drop-existing names the tables, drops the database and creates it anew', async () => {
  await sql(server.url, 'public', 'CREATE DATABASE gone');
  await writeLines(server.url, 'gone', 'old,t=a f=1 1640995200000000000\nolder,t=a f=1 1640995200000000000\n');
  const { status, stderr } = await load([`--urls=${server.url}`, '--db-name=gone', '--drop-existing'], lines(3));
  expect([status, await count('gone', 'm')]).toEqual([0, '[{"n":3}]']);
  expect((await sql(server.url, 'gone', 'SHOW TABLES')).body).not.toContain('old');
  expect(stderr).toContain('dropping database "gone" with all its data: 2 tables (old, older)');
});

test('--drop-existing creates a missing database', async () => {
  const { status, stderr } = await load([`--urls=${server.url}`, '--db-name=fresh', '--drop-existing'], lines(3));
  expect([status, await count('fresh', 'm')]).toEqual([0, '[{"n":3}]']);
  expect(stderr).not.toContain('dropping');
});

test('a variable for other targets is ignored with one warning', async () => {
  const args = [`--urls=${server.url}`, '--db-name=token', '--do-create-db'];
  const { status, stderr } = await load(args, lines(3), { BULK_LOAD_TOKEN: 'of-another-tool' });
  expect([status, await count('token', 'm')]).toEqual([0, '[{"n":3}]']);
  expect(stderr.match(/BULK_LOAD_TOKEN has no effect with --target cnosdb/g)).toHaveLength(1);
  expect(stderr).not.toContain('of-another-tool');
});

test('BULK_LOAD_REPORT writes the HTML report', async () => {
  const page = `${scratch}/report.html`;
  const args = [`--urls=${server.url}`, '--db-name=paged', '--do-create-db'];
  expect((await load(args, `${lines(3)}no fields here\n`, { BULK_LOAD_REPORT: page })).status).toBe(8);
  expect(await readFile(page, 'utf8')).toMatch(/Complete with rejects.*--report/s);
});

test('rejected points are not counted as loaded, and the exit code is 8', async () => {
  const args = [`--urls=${server.url}`, '--db-name=bad', '--do-create-db'];
  const { status, stdout, stderr } = await load(args, `${lines(3)}no fields here\n`);
  expect(status).toBe(8);
  expect(stdout).toMatch(/^loaded 3 rows in /m);
  expect(stderr).toMatch(/1 rejected/);
});

test('an unreachable target on port 8086 is answered with a hint to port 8902', async () => {
  const env = { BULK_LOAD_WAIT_FOR_TARGET: '0s' };
  const { status, stdout, stderr } = await load(['--urls=http://127.0.0.1:8086'], lines(3), env);
  expect([status, stdout]).toEqual([5, expect.stringMatching(/^loaded 0 metrics in /m)]);
  expect(stderr).toMatch(/CnosDB listens on 8902/);
});

test('all wrong values are refused at once', async () => {
  const { status, stderr } = await load(['--workers=0', '--consistency=x', '--insert-intervals=2-1'], '');
  expect(status).toBe(2);
  expect(stderr).toMatch(/--workers=0.*--consistency=x.*--insert-intervals=2-1/s);
});

test('flags without effect cause warnings', async () => {
  const { stderr } = await load(['--do-load=false', '--hash-workers', '--consistency=one'], lines(1));
  expect(stderr).toMatch(/--hash-workers has no effect/);
  expect(stderr).toMatch(/--consistency has no effect/);
});

test('a file other than a results file is not overwritten', async () => {
  const { status, stderr } = await load(['--do-load=false', '--results-file=/proc/self/stat'], lines(1));
  expect([status, stderr]).toEqual([2, expect.stringContaining('result')]);
});

test('back-off is printed per worker, lasts at least --backoff, and every row is loaded', async () => {
  const busy = {
    status: 422,
    headers: { 'content-type': 'application/json' },
    body: '{"error_code":"050033","error_message":"Memory Exhausted Retry Later"}',
  };
  const refused = new Set<number>();
  const cluster = await startCluster({
    script: {
      onWrite: ({ body }) => (body.length > 0 && !refused.has(1) && refused.add(1) ? { answer: busy } : undefined),
    },
  });
  try {
    const { status, stdout } = await load([`--urls=${cluster.urls[0]}`, '--db-name=db', '--backoff=1s'], lines(3));
    expect([status, cluster.points()]).toEqual([0, 3]);
    const [, took] = /^\[worker 0\] backoff took (\d+\.\d\d)sec$/m.exec(stdout) ?? [];
    expect(Number(took)).toBeGreaterThanOrEqual(1);
    const [, total] = /^\[worker 0\] backoffs took a total of (\d+\.\d{6})sec of runtime$/m.exec(stdout) ?? [];
    expect(Number(total)).toBeCloseTo(Number(took), 1);
  } finally {
    await cluster.stop();
  }
});

test('the command reads standard input and prints periodic lines', async () => {
  const args = [`--urls=${server.url}`, '--db-name=command', '--do-create-db', '--reporting-period=1ms', '--workers=2'];
  const { code, stdout } = await run(args, {
    script: 'bin/load_cnosdb.js',
    input: lines(2000),
    env: { XDG_STATE_HOME: scratch },
  });
  expect([code, await count('command', 'm')]).toEqual([0, '[{"n":2000}]']);
  expect(stdout).toMatch(/^time,per\. metric\/s,.*\n(\d+,\d+\.\d\d,\d\.\d{6}E\+\d\d,\d+\.\d\d,-,-,-\n)+/);
  expect(stdout).toMatch(/^loaded 2000 metrics in .*\nloaded 2000 rows in /m);
});

test('messages name the flags of load_cnosdb', async () => {
  const missing = await load([`--urls=${server.url}`, '--db-name=nowhere'], lines(3));
  expect(missing.status).toBe(4);
  expect(missing.stderr).toContain('check --db-name, or create the database with --do-create-db');
  const bad = await load([`--urls=${server.url}`, '--db-name='], lines(3));
  expect([bad.status, bad.stderr]).toEqual([2, expect.stringMatching(/tried {5}--db-name\n {2}expected {2}text/)]);
});
