// Loads into a real InfluxDB 1 where it is installed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { casesOf } from '../../support/effort.js';
import { influxd, influxql, installed, type Server } from '../../support/servers/servers.js';
import { Bench } from '../../support/targets/lines-load.js';

const second = 1_640_995_200_000_000_000n;
/** The soak test uses more points. */
const many = casesOf(200_000, 10_000);
const there = installed('influxd');

/** `n` distinct points of 50 series. */
const cpu = (n: number): string =>
  `${Array.from({ length: n }, (_, i) => `cpu,host=h${i % 50} user=${i}.25,system=${i}i ${second + BigInt(i)}`).join('\n')}\n`;

/** The sum of the whole numbers below `n`. */
const sumTo = (n: number): number => (n * (n - 1)) / 2;

describe.skipIf(!there)('without users', () => {
  let server: Server;
  let bench: Bench;
  let databases = 0;

  beforeAll(async () => {
    server = await influxd();
    bench = await Bench.begin(['--target', 'influxdb1', '--url', server.url, '--create-db']);
  });
  afterAll(async () => {
    await bench.end();
    await server.end();
  });
  const db = (): string => `db${databases++}`;
  const ask = (name: string, q: string): Promise<string> => influxql(server.url, name, q);

  test('InfluxDB 1 stores exactly the sent points, and --verify confirms it', async () => {
    const name = db();
    const text = [
      `all,tag=a\\ b\\,c\\=d i=9223372036854775807i,j=-9007199254740993i,f=0.1,s="it's \\"so\\" \\\\ x",b=true ${second}`,
      `all,tag=Ünïcode i=-9223372036854775808i,f=-0.0 ${second + 1n}`,
      `all f=1e-300,b=f,s="" ${second + 2n}`,
      `all f=179769313486231570000000 ${second + 3n}`,
      `a/b f=1 ${second + 4n}`,
      `long,tag=${'x'.repeat(600)} f=1 ${second + 5n}`,
      '',
    ].join('\n');
    const { code, stderr, summary } = await bench.load(text, ['--db', name, '--verify']);
    expect(stderr).toContain('6 points read back, 6 found, 6 equal; every loaded point was checked');
    expect(code).toBe(0);
    expect(summary.points).toEqual({ read: 6, loaded: 6, rejected: 0, undelivered: 0 });
    expect(summary.target).toMatchObject({ version: '1.6.7~rc0', planBytesPerNode: null, flushes: 0 });
    expect((await ask(name, 'SELECT * FROM "all"')).trim().split('\n')).toEqual([
      'name,tags,time,b,f,i,j,s,tag',
      `all,,${second},true,0.1,9223372036854775807,-9007199254740993,"it's ""so"" \\ x","a b,c=d"`,
      `all,,${second + 1n},,-0,-9223372036854775808,,,Ünïcode`,
      `all,,${second + 2n},false,0.${'0'.repeat(299)}1,,,,`,
      `all,,${second + 3n},,179769313486231570000000,,,,`,
    ]);
  });

  test('backslashes in tags, a tag and a field of one name, and .5 are stored as InfluxDB reads them', async () => {
    const name = db();
    const text = [
      `win,path=\\C:,inst=corp\\private$\\q v=.5 ${second}`,
      `both,host=a host="field",n=7i ${second}`,
      `both,host=a n=8i ${second + 1n}`,
      '',
    ].join('\n');
    const { code, stderr, summary } = await bench.load(text, ['--db', name, '--verify']);
    expect(stderr).toContain('3 points read back, 3 found, 3 equal; every loaded point was checked');
    expect([code, summary.points.loaded]).toEqual([0, 3]);
    expect((await ask(name, 'SELECT v, inst, path FROM win')).trim().split('\n').slice(1)).toEqual([
      `win,,${second},0.5,corp\\private$\\q,\\C:`,
    ]);
    expect((await ask(name, 'SELECT host::tag, host::field, n FROM both')).trim().split('\n').slice(1)).toEqual([
      `both,,${second},a,field,7`,
      `both,,${second + 1n},a,,8`,
    ]);
  });

  test('many points over several writers are all stored once', async () => {
    const name = db();
    const { code, summary } = await bench.load(cpu(many), [
      '--db',
      name,
      '--batch-points',
      '2000',
      '--compression',
      'gzip',
    ]);
    expect(code).toBe(0);
    expect(summary.points.loaded).toBe(many);
    expect(await ask(name, 'SELECT count("user"), sum("system") FROM cpu')).toContain(`,${many},${sumTo(many)}\n`);
  });

  test.each([
    ['s', '1640995200'],
    ['ms', '1640995200123'],
    ['us', '1640995200123456'],
  ])('timestamps in %s are stored at the right time', async (precision, time) => {
    const name = db();
    expect((await bench.load(`m v=1 ${time}\n`, ['--db', name, '--precision', precision])).code).toBe(0);
    expect(await ask(name, 'SELECT v FROM m')).toContain(`m,,${time.padEnd(19, '0')},1\n`);
  });

  test('only the points with a conflicting field type are rejected, whether the target knows the field or not', async () => {
    const name = db();
    const text = cpu(3000).split('\n');
    text[1000] = `cpu,host=h0 user="text" ${second}`;
    text[2000] = `cpu,host=h0 system=1.5 ${second}`;
    const first = await bench.load(text.join('\n'), ['--db', name, '--batch-points', '500']);
    expect(first.code).toBe(8);
    expect(first.summary.points).toMatchObject({ loaded: 2998, rejected: 2 });
    expect(Object.keys(await bench.rejects(first))).toEqual(['1001', '2001']);
    const again = await bench.load(text.join('\n'), ['--db', name]);
    expect(await bench.rejects(again)).toEqual({ 1001: 'type-conflict', 2001: 'type-conflict' });
    expect(await ask(name, 'SELECT count("user"), count("system") FROM cpu')).toContain(',2998,2998\n');
  });

  test('points that the target drops from a batch are found and never count as loaded', async () => {
    const name = db();
    // This version cannot read an unsigned integer. It stores the other points and reports dropped=0.
    const text = cpu(1000).split('\n');
    for (const line of [3, 500, 999]) text[line] = `odd,host=h0 v=1u ${second}`;
    const loaded = await bench.load(text.join('\n'), ['--db', name]);
    expect(loaded.code).toBe(8);
    expect(loaded.summary.points).toEqual({ read: 1000, loaded: 997, rejected: 3, undelivered: 0 });
    expect(await bench.rejects(loaded)).toEqual({ 4: 'target-parse', 501: 'target-parse', 1000: 'target-parse' });
    expect(await ask(name, 'SELECT count("user") FROM cpu')).toContain(',997\n');
  });

  test('points beyond the retention are rejected as expired, and the others are stored', async () => {
    const name = db();
    const now = BigInt(Date.now()) * 1_000_000n;
    const loaded = await bench.load(`m v=1 ${second}\nm v=2 ${now}\n`, ['--db', name, '--db-options', 'DURATION 30d']);
    expect(loaded.code).toBe(8);
    expect(await bench.rejects(loaded)).toEqual({ 1: 'expired' });
    expect(loaded.summary.requests).toMatchObject({ sent: 1, accepted: 1 });
    expect(await ask(name, 'SELECT v FROM m')).toBe(`name,tags,time,v\nm,,${now},2\n`);
  });

  test('a missing database is refused without --create-db', async () => {
    const { code, stderr, summary } = await bench.load('m v=1 1640995200000000000\n', ['--db', db(), '--no-create-db']);
    expect(code).toBe(4);
    expect(stderr).toContain('create the database with --create-db');
    expect(summary.requests.sent).toBe(0);
  });

  test('a server killed and restarted during a load lacks no point', async () => {
    const name = db();
    const path = await bench.file(cpu(many));
    const args = [
      '--db',
      name,
      '--batch-points',
      '1000',
      '--rate-points',
      `${many / 2}`,
      '--summary',
      '-',
      '--progress',
      'json',
    ];
    const running = bench.begin([...args, path]);
    await running.saw(/"loaded":[1-9]\d{3}/);
    await server.kill('SIGKILL');
    await server.start();
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ points: { read: many, loaded: many, undelivered: 0 } });
    expect(await ask(name, 'SELECT count("user"), sum("system") FROM cpu')).toContain(`,${many},${sumTo(many)}\n`);
  });
});

describe.skipIf(!there)('with users, and limits', () => {
  let server: Server;
  let bench: Bench;

  beforeAll(async () => {
    server = await influxd({
      http: 'auth-enabled = true\nmax-body-size = 20000',
      data: 'max-values-per-tag = 5',
    });
    await influxql(server.url, '', "CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES");
    const grants = [
      'CREATE DATABASE x',
      "CREATE USER writer WITH PASSWORD 'w'",
      'GRANT WRITE ON x TO writer',
      "CREATE USER reader WITH PASSWORD 'r'",
      'GRANT READ ON x TO reader',
    ];
    await influxql(server.url, '', grants.join('; '), 'admin:secret');
    bench = await Bench.begin(['--target', 'influxdb1', '--url', server.url, '--db', 'x']);
  });
  afterAll(async () => {
    await bench.end();
    await server.end();
  });

  test.each([
    ['no user', []],
    ['a wrong password', ['--user', 'admin', '--password', 'wrong']],
    ['a user who may not write', ['--user', 'reader', '--password', 'r']],
  ])('%s is refused before any point', async (_, args) => {
    const { code, stderr, summary } = await bench.load(cpu(10), args);
    expect(code).toBe(4);
    expect(stderr).toMatch(/check --user and --password|grant the user WRITE/i);
    expect(stderr).not.toContain('wrong');
    expect(summary.requests.sent).toBe(0);
  });

  test('a write-only user loads everything, and a body that is too large is split', async () => {
    const text = cpu(1000).replaceAll(/host=h\d+/g, 'host=h');
    const { code, summary } = await bench.load(text, ['--user', 'writer', '--password', 'w']);
    expect(code).toBe(0);
    expect(summary.pressure.bodyBytesFinal).toBeLessThan(20_000);
    expect(summary.batches.cut.split).toBeGreaterThanOrEqual(0);
    expect(await influxql(server.url, 'x', 'SELECT count("user") FROM cpu', 'admin:secret')).toContain(',1000\n');
  });

  test('points beyond a limit of the server are rejected', async () => {
    const tagged = (from: number): string =>
      Array.from({ length: 5 }, (_, i) => `tags,host=h${from + i} v=1 ${second + BigInt(i)}\n`).join('');
    const options = ['--user', 'admin', '--password', 'secret'];
    expect((await bench.load(tagged(0), options)).code).toBe(0);
    const loaded = await bench.load(tagged(3), options);
    expect(loaded.code).toBe(8);
    expect(await bench.rejects(loaded)).toEqual({ 3: 'target-limit', 4: 'target-limit', 5: 'target-limit' });
    expect(await influxql(server.url, 'x', 'SHOW TAG VALUES FROM tags WITH KEY = host', 'admin:secret')).not.toContain(
      'h5',
    );
  });
});
