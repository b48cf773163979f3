// Loads into scripted servers that follow the documentation of InfluxDB 2 and 3; see support/influxdb.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Influxdb, type Options, startInfluxdb, type Version } from '../../support/influxdb/server.js';
import { expected } from '../../support/influxdb/tables.js';
import { three } from '../../support/influxdb/three.js';
import { organization, two } from '../../support/influxdb/two.js';
import { Bench } from '../../support/targets/lines-load.js';

const token = 'secret-of-mine==';
const signIn = { BULK_LOAD_TOKEN: token };
const second = 1_640_995_200_000_000_000n;

const cpu = (n: number): string[] =>
  Array.from({ length: n }, (_, i) => `cpu,host=h${i % 50} user=${i}.25,system=${i}i ${second + BigInt(i)}`);

interface Kind {
  readonly target: string;
  readonly version: Version;
  readonly reportedVersion: string;
  readonly args: readonly string[];
  readonly precisions: Readonly<Record<string, string>>;
}

const kinds: readonly Kind[] = [
  {
    target: 'influxdb2',
    version: two,
    reportedVersion: '2.7.11',
    args: ['--tenant', organization],
    precisions: { ns: 'ns', us: 'us', ms: 'ms', s: 's' },
  },
  {
    target: 'influxdb3',
    version: three,
    reportedVersion: '3.4.1',
    args: [],
    precisions: { ns: 'nanosecond', us: 'microsecond', ms: 'millisecond', s: 'second' },
  },
];

describe.each(kinds)('$target', ({ target, version, reportedVersion, args, precisions }) => {
  let influx: Influxdb;
  let bench: Bench;

  const begin = async (options: Partial<Options> = {}): Promise<void> => {
    influx = await startInfluxdb(version, { token, databases: ['b'], ...options });
    bench = await Bench.begin(['--target', target, '--url', influx.url, '--db', 'b', ...args]);
  };
  beforeEach(() => begin());
  afterEach(async () => {
    await bench.end();
    await influx.end();
  });
  const again = async (options: Partial<Options>): Promise<void> => {
    await bench.end();
    await influx.end();
    await begin(options);
  };

  test('a compressed load over several writers stores exactly the sent points', async () => {
    const text = [
      `all,tag=a\\ b\\,c\\=d i=9223372036854775807i,u=3u,f=0.1,s="it's \\"so\\"",b=true ${second}`,
      `a/b,tag=Ünïcode f=1 ${second}`,
      ...cpu(5000),
      '',
    ].join('\n');
    const { code, stderr, summary } = await bench.load(
      text,
      ['--compression', 'gzip', '--batch-points', '500', '--progress', 'plain'],
      signIn,
    );
    expect(stderr).toContain(`(InfluxDB ${reportedVersion})`);
    expect(code).toBe(0);
    expect(summary.points).toEqual({ read: 5002, loaded: 5002, rejected: 0, undelivered: 0 });
    expect(summary.target).toMatchObject({ version: reportedVersion, flushes: 0 });
    expect(influx.stored('b')).toEqual(expected(text, 1n));
    expect(new Set(influx.writes.map(({ encoding }) => encoding))).toEqual(new Set(['gzip']));
    expect(stderr).not.toMatch(/CnosDB|COMPACT/);
  });

  test.each(Object.entries(precisions))('timestamps in %s are sent with the precision %s', async (precision, name) => {
    const unit = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n }[precision]!;
    const text = `m v=1 ${second / unit}\n`;
    expect((await bench.load(text, ['--precision', precision], signIn)).code).toBe(0);
    expect(influx.stored('b')).toEqual(expected(text, unit));
    expect(influx.writes.map(({ query }) => query.get('precision'))).toEqual([name]);
  });

  test('only the refused points of a body are rejected, and all others are stored', async () => {
    const text = cpu(3000);
    // The target itself finds conflicts within one body.
    influx.databases.get('b')!.types.set('cpu', new Map([['idle', 'float']]));
    text[1000] = `cpu,host=h0 idle="text" ${second}`;
    text[2000] = `cpu,host=h0 idle=1i ${second}`;
    text[2500] = `cpu,host=h0 user=true ${second}`;
    const loaded = await bench.load(text.join('\n'), [], signIn);
    expect(loaded.code).toBe(8);
    expect(loaded.summary.points).toEqual({ read: 3000, loaded: 2997, rejected: 3, undelivered: 0 });
    // With known columns the loader finds the conflict before sending.
    const late = version === two ? 'target-type' : 'type-conflict';
    expect(await bench.rejects(loaded)).toEqual({ 1001: late, 2001: late, 2501: 'target-type' });
    const good = text.filter((_, i) => ![1000, 2000, 2500].includes(i));
    expect(influx.stored('b')).toEqual(expected(good.join('\n'), 1n));
  });

  test('unreadable lines are found anywhere in a large body with few requests', async () => {
    const text = cpu(1000);
    const odd = [0, 3, 500, 999];
    // The scripted server refuses a table called odd, which the loader accepts.
    influx.script = ({ body }) => oddOf(version, body.toString('utf8'));
    for (const line of odd) text[line] = `odd,host=h0 v=1 ${second + BigInt(line)}`;
    const loaded = await bench.load(text.join('\n'), [], signIn);
    expect(loaded.code).toBe(8);
    expect(loaded.summary.points).toEqual({ read: 1000, loaded: 996, rejected: 4, undelivered: 0 });
    expect(Object.entries(await bench.rejects(loaded))).toEqual(odd.map((line) => [`${line + 1}`, 'target-parse']));
    expect(influx.stored('b')).toEqual(expected(text.filter((_, i) => !odd.includes(i)).join('\n'), 1n));
    // A named line is sent alone and its surroundings once; otherwise the body is halved.
    expect(influx.writes.length).toBeLessThan(version === two ? 90 : 30);
  });

  test('a load honours Retry-After, and no point is lost or counted twice', async () => {
    influx.script = ({ ordinal }) =>
      ordinal === 0
        ? { status: 429, headers: { 'retry-after': '1' } }
        : ordinal === 1
          ? { status: 503, headers: { 'retry-after': '1' } }
          : undefined;
    const text = cpu(100).join('\n');
    const { code, summary } = await bench.load(text, ['--workers', '1'], signIn);
    expect(code).toBe(0);
    expect(summary.points.loaded).toBe(100);
    expect(summary.requests).toMatchObject({ sent: 3, accepted: 1, retried: 2 });
    const [first, next, last] = influx.writes.map(({ at }) => at);
    expect(next! - first!).toBeGreaterThanOrEqual(990);
    expect(last! - next!).toBeGreaterThanOrEqual(990);
    expect(influx.stored('b')).toEqual(expected(text, 1n));
  });

  test('a target that stays unavailable leaves the points undelivered', async () => {
    influx.script = () => ({ status: 503, body: 'down' });
    const { code, stderr, summary } = await bench.load(cpu(100).join('\n'), ['--retry-for', '1s'], signIn);
    expect(code).toBe(5);
    expect(summary.points).toEqual({ read: 100, loaded: 0, rejected: 0, undelivered: 100 });
    expect(stderr).toContain('503: the server is not available (down)');
    expect(stderr).not.toMatch(/CnosDB|COMPACT/);
    expect(influx.stored('b')).toEqual([]);
  });

  test('a body that is too large is split until it fits, and later bodies are smaller', async () => {
    await again({ maxBodyBytes: 20_000 });
    const text = cpu(4000).join('\n');
    const { code, summary } = await bench.load(text, [], signIn);
    expect(code).toBe(0);
    expect(summary.points).toEqual({ read: 4000, loaded: 4000, rejected: 0, undelivered: 0 });
    expect(summary.pressure.bodyBytesFinal).toBeLessThanOrEqual(20_000);
    expect(influx.stored('b')).toEqual(expected(text, 1n));
  });

  test('a missing database is refused before any point, or created with --create-db', async () => {
    await again({ databases: [] });
    const refused = await bench.load(cpu(10).join('\n'), [], signIn);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('create the database with --create-db');
    expect([influx.databases.size, influx.writes]).toEqual([0, []]);
    const { code } = await bench.load(cpu(10).join('\n'), ['--create-db'], signIn);
    expect(code).toBe(0);
    expect(influx.stored('b')).toHaveLength(10);
  });

  test('a database that the token may not create is refused', async () => {
    await again({ databases: [], forbidden: ['create'] });
    const { code, stderr } = await bench.load(cpu(10).join('\n'), ['--create-db'], signIn);
    expect([code, influx.writes]).toEqual([4, []]);
    expect(stderr).toMatch(/403/);
  });

  test.each([
    ['no token', {}],
    ['a wrong token', { BULK_LOAD_TOKEN: `${token}x` }],
  ])('%s is refused before any point', async (_, env) => {
    const { code, stderr, summary } = await bench.load(cpu(10).join('\n'), ['--create-db'], env);
    expect(code).toBe(4);
    expect(stderr).toMatch(/check --token/i);
    expect([summary.requests.sent, influx.writes]).toEqual([0, []]);
  });

  test('a token without write access loads nothing, and a write-only token loads everything', async () => {
    await again({ forbidden: ['write'] });
    const { code, summary } = await bench.load(cpu(10).join('\n'), ['--retry-for', '1s'], signIn);
    expect([code, summary.points.loaded]).toEqual([4, 0]);
    await again({ forbidden: ['read', 'create'] });
    expect((await bench.load(cpu(10).join('\n'), [], signIn)).code).toBe(0);
    expect(influx.stored('b')).toHaveLength(10);
  });

  test('the token appears in no message, summary, page, state file or resume command', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
    const page = join(folder, 'page.html');
    influx.script = ({ ordinal }) => (ordinal < 2 ? undefined : { status: 503, body: 'down' });
    const options = ['--token', token, '--report', page, '--log-level', 'debug', '--batch-points', '10'];
    const more = ['--state-dir', folder, '--retry-for', '0s', '--workers', '1'];
    const { code, stderr, summary } = await bench.load(cpu(100).join('\n'), [...options, ...more]);
    expect([code, summary.points.loaded]).toEqual([5, 20]);
    expect(summary.continueWith).not.toBeNull();
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const kept = files.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    expect(kept.length).toBeGreaterThan(1);
    const texts = await Promise.all(kept.map((path) => readFile(path, 'utf8')));
    for (const text of [stderr, JSON.stringify(summary), ...texts]) expect(text).not.toContain(token);
    expect(await readFile(page, 'utf8')).toContain(`InfluxDB ${reportedVersion};`);
    await rm(folder, { recursive: true });
  });
});

/** The answer of a version to a line of a table called odd. */
function oddOf(version: Version, body: string): { status: number; body: string } | undefined {
  const lines = body.split('\n');
  const at = lines.findIndex((line) => line.startsWith('odd'));
  if (at < 0) return undefined;
  const said =
    version === two
      ? { code: 'invalid', message: `unable to parse '${lines[at]}': odd` }
      : {
          error: 'parsing failed for write_lp endpoint',
          data: { original_line: lines[at], line_number: at + 1, error_message: 'odd' },
        };
  return { status: 400, body: JSON.stringify(said) };
}
