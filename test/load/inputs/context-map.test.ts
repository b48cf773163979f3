// Exports of InfluxDB with several databases and policies, each loaded into a database of its own.

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import { type RunningServer, serve } from '../../../src/serve/serve.js';
import { startCluster } from '../../support/cluster/cluster.js';
import { problemsIn } from '../../support/programs/problems.js';
import { balances, lines } from '../../support/scene.js';
import { influxd, influxql, installed } from '../../support/servers/servers.js';
import { Bench } from '../../support/targets/lines-load.js';

let server: RunningServer;
let bench: Bench;
beforeEach(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  bench = await Bench.begin(['--url', server.url]);
});
afterEach(async () => {
  await bench.end();
  await server.close();
});

/** Rows of a query, without the header. */
async function rows(db: string, query: string): Promise<string[]> {
  const answer = await fetch(`${server.url}/api/v1/sql?db=${db}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('root:').toString('base64')}`, accept: 'text/csv' },
    body: query,
  });
  return (await answer.text()).trim().split('\n').slice(1);
}

const t = 1_640_995_200_000_000_000n;

function section(context: string, lines: string): string {
  const [db, policy] = context.split('/');
  return `# CONTEXT-DATABASE:${db}\n# CONTEXT-RETENTION-POLICY:${policy}\n# writing tsm data\n${lines}`;
}

/** Points of one series with these values, a nanosecond apart. */
function points(...values: readonly (number | string)[]): string {
  return values.map((value, i) => `cpu,host=a v=${value} ${t + BigInt(i)}\n`).join('');
}

const head = '# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z\n# DDL\n';
const definitions = `${head}CREATE DATABASE a WITH NAME p\nCREATE DATABASE a WITH NAME q\nCREATE DATABASE b WITH NAME p\n# DML\n`;
const statistics = section('_internal/monitor', points(99));
const three =
  definitions + section('a/p', points(1, 2, 3)) + statistics + section('a/q', points(4)) + section('b/p', points(5, 6));
const map = ['--context-map', 'a/p=one,a/q=two', '--context-map', 'b=three'];

test('each context of an export lands in the database that --context-map names, in one account', async () => {
  const { code, stderr, summary } = await bench.load(three, [...map, '--create-db', '--verify']);
  expect(code, stderr).toBe(0);
  expect(summary.points).toEqual({ read: 6, loaded: 6, rejected: 0, undelivered: 0 });
  expect(balances(summary)).toBe(true);
  expect(summary.inputs.map(({ read, loaded }) => [read, loaded])).toEqual([[6, 6]]);
  expect(summary.verify).toMatchObject({ sampled: 6, found: 6, equal: 6 });
  expect(summary.verify?.tables.map(({ table, countAfter }) => [table, countAfter])).toEqual([
    ['one.cpu', 3],
    ['two.cpu', 1],
    ['three.cpu', 2],
  ]);
  expect(await rows('one', 'SELECT v FROM cpu ORDER BY time')).toEqual(['1.0', '2.0', '3.0']);
  expect(await rows('two', 'SELECT v FROM cpu ORDER BY time')).toEqual(['4.0']);
  expect(await rows('three', 'SELECT v FROM cpu ORDER BY time')).toEqual(['5.0', '6.0']);
  expect(stderr).not.toContain('_internal');
});

test('contexts of one database share it', async () => {
  const { code, summary } = await bench.load(three, ['--context-map', 'a=one,b=two', '--create-db']);
  expect([code, summary.points.loaded]).toEqual([0, 6]);
  // The point of a/q has the series and time of one of a/p.
  expect(await rows('one', 'SELECT count(v) FROM cpu')).toEqual(['3']);
});

test('rejects of all databases are in one account and in the dead letters', async () => {
  const text =
    definitions + section('a/p', points(1, 'x')) + section('a/q', points(4, 'y')) + section('b/p', points(5));
  const { code, summary } = await bench.load(text, [...map, '--create-db']);
  expect(code).toBe(8);
  expect(summary.points).toEqual({ read: 5, loaded: 3, rejected: 2, undelivered: 0 });
  expect(balances(summary)).toBe(true);
  const letters = await Promise.all(summary.rejects.deadLetters!.map((path) => readFile(path, 'utf8')));
  expect(letters).toEqual([`cpu,host=a v=x ${t + 1n}\n`, `cpu,host=a v=y ${t + 1n}\n`]);
});

test.each([
  ['a context without a database', three, ['--context-map', 'a/p=one,b=three'], 'found points of the context a/q'],
  ['a point before any context', points(1) + three, map, 'found points of the context none'],
  ['a context that the definitions lack', section('c/p', points(1)), map, 'found points of the context c/p'],
])('%s is refused before anything is sent', async (_, text, args, found) => {
  const { code, stderr, summary } = await bench.load(text, [...args, '--create-db']);
  expect(code).toBe(2);
  expect(problemsIn(stderr)).toContain(found);
  expect(summary.points.loaded).toBe(0);
  expect(await rows('public', 'SHOW DATABASES')).not.toContain('one');
});

test('a database that refuses the load stops the command, and the account names it', async () => {
  await bench.load(points(1), ['--db', 'one', '--create-db']);
  const { code, stderr, summary } = await bench.load(three, map);
  expect(code).toBe(4);
  expect(summary.points).toEqual({ read: 3, loaded: 3, rejected: 0, undelivered: 0 });
  expect(summary.reason).toContain('database two: ');
  expect(stderr).toContain('a/p → one: 3 points read, 3 loaded, 0 rejected');
  expect(summary.continueWith).toBe(null);
});

test('a command that was stopped in its second database resumes there', async () => {
  const cluster = await startCluster({ databases: ['one', 'db'] });
  const stopped = await Bench.begin(['--url', cluster.urls.join(','), '--batch-points', '100', '--workers', '1']);
  const args = ['--context-map', 'a=one,b=db'];
  const file = await stopped.file(section('a/p', lines(1000)) + section('b/p', lines(2000)));
  const pause = cluster.pauseAt(500);
  const running = stopped.begin([...args, file]);
  await pause.reached;
  running.kill('SIGTERM');
  await running.saw(/waits at most 10s for its requests in flight/);
  pause.goOn();
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(143);
  expect(stderr).toContain('a → one: 1,000 points read, 1,000 loaded, 0 rejected');
  const again = await stopped.ran([...args, '--skip-loaded', '--summary', '-', file]);
  expect(again.status, again.stderr).toBe(0);
  const { points: total, thisRun } = JSON.parse(again.stdout) as Summary;
  expect(total).toEqual({ read: 2000, loaded: 2000, rejected: 0, undelivered: 0 });
  expect(thisRun.read).toBeLessThan(2000);
  expect([cluster.points('one'), cluster.points('db')]).toEqual([1000, 2000]);
  await stopped.end();
  await cluster.stop();
});

test.each([['--db', 'x'], ['--context', 'a'], ['--limit', '5'], ['--skip-points', '5'], ['--dry-run=true']])(
  '--context-map with %s is a wrong option',
  async (...option) => {
    const { stderr, status } = await bench.ran([...map, ...option, await bench.file(three)]);
    expect(status).toBe(2);
    expect(problemsIn(stderr)).toContain('expected one database, found --context-map');
  },
);

test('a pipe cannot be read once for each database', async () => {
  const { stderr, status } = await bench.ran([...map, '--create-db', '-'], three);
  expect(status).toBe(2);
  expect(problemsIn(stderr)).toContain('expected a file, which is read once for each database');
});

test('check shows the points of each database', async () => {
  const { stderr, status } = await bench.ran(['check', ...map, '--create-db', await bench.file(three)]);
  expect(status).toBe(0);
  expect(stderr.match(/^ +\d+ +0 +lp/gm)?.map((line) => line.trim().split(/ +/)[0])).toEqual(['3', '1', '2']);
});

test('an export that influx_inspect 1.8.10 wrote of three databases lands in three databases', async () => {
  const name = '../../../fixtures/cases/three-databases-influx_inspect-1.8.10-export.lp';
  const text = await readFile(new URL(name, import.meta.url), 'utf8');
  const args = ['--context-map', 'plain/autogen=one,kept/one_year=two', '--context-map', 'odd/roll up=three'];
  const { code, summary } = await bench.load(text, [...args, '--create-db', '--verify']);
  expect([code, summary.points, summary.verify?.equal]).toEqual([
    0,
    { read: 15, loaded: 15, rejected: 0, undelivered: 0 },
    15,
  ]);
  for (const [n, db] of ['one', 'two', 'three'].entries())
    expect(await rows(db, 'SELECT host, f, i, b, s FROM m ORDER BY time')).toEqual([
      `h 1,${n}.5,${n},true,"say ""${n}"""`,
      `h 2,${n}.25,,,`,
    ]);
});

const exporter = 'influx_inspect';
const isThere = installed('influxd') && installed(exporter);

test.skipIf(!isThere)(
  'a genuine export of three databases and policies lands in three databases',
  {
    timeout: 240_000,
  },
  async () => {
    const influx = await influxd();
    const databases = [
      { db: 'plain', policy: 'autogen', into: 'one' },
      { db: 'kept', policy: 'one_year', into: 'two' },
      { db: 'odd', policy: 'roll up', into: 'three' },
    ];
    const fields = (i: number): string => `f=${i}.5,i=${i}i,b=${i % 2 === 0},s="say \\"${i}\\""`;
    for (const [d, { db, policy }] of databases.entries()) {
      await influxql(influx.url, '', `CREATE DATABASE "${db}" WITH DURATION INF REPLICATION 1 NAME "${policy}"`);
      const body = Array.from(
        { length: 100 },
        (_, i) => `m,host=h\\ ${i % 5} ${fields(1000 * d + i)} ${t + BigInt(i)}`,
      );
      const query = new URLSearchParams({ db, rp: policy });
      const written = await fetch(`${influx.url}/write?${query.toString()}`, { method: 'POST', body: body.join('\n') });
      expect(written.status, await written.text()).toBe(204);
    }
    const out = join(influx.folder, 'export.lp');
    const folders = ['-datadir', join(influx.folder, 'data'), '-waldir', join(influx.folder, 'wal')];
    const ran = spawnSync(exporter, ['export', ...folders, '-out', out], { encoding: 'utf8' });
    expect(ran.status, ran.stderr).toBe(0);
    const exported = await readFile(out, 'utf8');
    expect(exported.match(/^# CONTEXT-DATABASE/gm)?.length).toBeGreaterThanOrEqual(3);
    await influx.end();

    const args = databases.flatMap(({ db, policy, into }) => ['--context-map', `${db}/${policy}=${into}`]);
    const { code, stderr, summary } = await bench.load(exported, [...args, '--create-db', '--verify']);
    expect(code, stderr).toBe(0);
    // The export has a line for each field.
    expect(summary.points).toEqual({ read: 1200, loaded: 1200, rejected: 0, undelivered: 0 });
    expect(summary.verify!.sampled).toBeGreaterThan(500);
    expect(summary.verify).toMatchObject({ found: summary.verify!.sampled, equal: summary.verify!.sampled });
    for (const [d, { into }] of databases.entries()) {
      const sum = 100 * 1000 * d + (99 * 100) / 2;
      expect(await rows(into, 'SELECT count(*), sum(f), sum(i), min(s), max(host) FROM m')).toEqual([
        `100,${sum + 50}.0,${sum},${d === 0 ? '"say ""0"""' : `"say ""${1000 * d}"""`},h 4`,
      ]);
    }
  },
);
