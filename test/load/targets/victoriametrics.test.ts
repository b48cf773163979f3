// Loads into a real VictoriaMetrics where it is installed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { casesOf } from '../../support/effort.js';
import { installed, type Server, victoriaMetrics } from '../../support/servers/servers.js';
import { Bench } from '../../support/targets/lines-load.js';

const second = 1_640_995_200_000_000_000n;
/** The soak test uses more points. */
const many = casesOf(200_000, 10_000);
const there = installed('victoria-metrics');

interface Series {
  readonly metric: Record<string, string>;
  readonly values: number[];
  readonly timestamps: number[];
}

async function series(url: string, match: string): Promise<Series[]> {
  await fetch(`${url}/internal/force_flush`);
  const answer = await fetch(`${url}/api/v1/export`, {
    method: 'POST',
    body: new URLSearchParams({ 'match[]': match }),
  });
  const read = (await answer.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Series);
  return read.sort((a, b) => JSON.stringify(a.metric).localeCompare(JSON.stringify(b.metric)));
}

const cpu = (n: number): string =>
  `${Array.from({ length: n }, (_, i) => `cpu,host=h${i % 50} user=${i}.25,system=${i}i ${second + BigInt(i) * 1_000_000n}`).join('\n')}\n`;

/** Points leave the buffers every second, and until then no flush shows them. */
const patience = { timeout: 10_000, interval: 500 };

describe.skipIf(!there)('with a retention of 100 years', () => {
  let server: Server;
  let bench: Bench;
  let databases = 0;

  beforeAll(async () => {
    server = await victoriaMetrics();
    bench = await Bench.begin(['--target', 'victoriametrics', '--url', server.url]);
  });
  afterAll(async () => {
    await bench.end();
    await server.end();
  });
  const db = (): string => `db${databases++}`;
  /** The sorted values of the field `system`. */
  const systems = async (name: string): Promise<number[]> => {
    const found = await series(server.url, `{db="${name}",__name__="cpu_system"}`);
    return found.flatMap(({ values }) => values).sort((a, b) => a - b);
  };

  test('backslashes in tags, and a tag and a field of one name are stored as VictoriaMetrics reads them', {
    timeout: 120_000,
  }, async () => {
    const name = db();
    const text = `win,path=\\C:,inst=corp\\private$\\q v=0.5 ${second}\nboth,host=a host=7 ${second}\n`;
    const { code, stderr, summary } = await bench.load(text, ['--db', name, '--verify']);
    expect([code, summary.points.loaded, summary.verify?.equal], stderr).toEqual([0, 2, 2]);
    const found = await series(server.url, `{db="${name}"}`);
    expect(found.map(({ metric, values }) => [metric, values])).toEqual([
      [{ __name__: 'both_host', db: name, host: 'a' }, [7]],
      [{ __name__: 'win_v', db: name, inst: 'corp\\private$\\q', path: '\\C:' }, [0.5]],
    ]);
  });

  test('VictoriaMetrics stores exactly the sent points with numbers as floats, and --verify confirms it', async () => {
    const name = db();
    const text = [
      `all,tag=a\\ b\\,c\\=d f=0.1,i=9007199254740992i,u=3u,b=true,c=f ${second}`,
      `all,tag=Ünïcode f=-1.5e-7 ${second + 1_000_000n}`,
      `all f=179769313486231570000000 ${second + 2_000_000n}`,
      `a/b.c f=1 ${second}`,
      '',
    ].join('\n');
    const { code, stderr, summary } = await bench.load(text, ['--db', name, '--verify']);
    expect(stderr).toContain('4 points read back, 4 found, 4 equal; every loaded point was checked');
    expect(code).toBe(0);
    expect(summary.points).toEqual({ read: 4, loaded: 4, rejected: 0, undelivered: 0 });
    const timestamps = [1_640_995_200_000];
    expect(await series(server.url, `{db="${name}",tag="a b,c=d"}`)).toEqual(
      [
        ['b', 1],
        ['c', 0],
        ['f', 0.1],
        ['i', 9_007_199_254_740_992],
        ['u', 3],
      ].map(([field, value]) => ({
        metric: { __name__: `all_${field}`, db: name, tag: 'a b,c=d' },
        values: [value],
        timestamps,
      })),
    );
    expect(await series(server.url, `{db="${name}",tag="Ünïcode"}`)).toMatchObject([{ values: [-1.5e-7] }]);
    expect(await series(server.url, `{db="${name}",__name__="a/b.c_f"}`)).toMatchObject([{ values: [1], timestamps }]);
  });

  test('many points over several writers are all stored', async () => {
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
    await expect.poll(() => systems(name), patience).toEqual(Array.from({ length: many }, (_, i) => i));
  });

  test.each([
    ['s', '1640995200'],
    ['ms', '1640995200123'],
    ['us', '1640995200123000'],
    ['ns', '1640995200123000000'],
  ])('timestamps in %s are stored at the right time', async (precision, time) => {
    const name = db();
    expect((await bench.load(`m v=1 ${time}\n`, ['--db', name, '--precision', precision])).code).toBe(0);
    const [stored] = await series(server.url, `{db="${name}"}`);
    expect(stored?.timestamps).toEqual([Number(time.slice(0, 13).padEnd(13, '0'))]);
  });

  test('points that VictoriaMetrics would silently drop or change are rejected before sending', async () => {
    const name = db();
    const tags = Array.from({ length: 29 }, (_, i) => `t${i}=1`).join(',');
    const ahead = BigInt(Date.now() + 3 * 86_400_000) * 1_000_000n;
    const text = [
      `good v=1 ${second}`,
      `text v=1,s="lost" ${second}`,
      `fine v=1 ${second + 1n}`,
      `wide,${tags} v=1 ${second}`,
      `long,tag=${'x'.repeat(16_385)} v=1 ${second}`,
      `future v=1 ${(ahead / 1_000_000_000n) * 1_000_000_000n}`,
      `before v=1 -1000000000`,
      `good v=2 ${second + 1_000_000n}`,
      '',
    ].join('\n');
    const loaded = await bench.load(text, ['--db', name, '--expect-time', 'off']);
    expect(loaded.code).toBe(8);
    expect(await bench.rejects(loaded)).toEqual({
      2: 'string-field',
      3: 'finer-than-target',
      4: 'too-many-tags',
      5: 'tag-value-too-long',
      6: 'ahead',
      7: 'expired',
    });
    expect(loaded.summary.points).toEqual({ read: 8, loaded: 2, rejected: 6, undelivered: 0 });
    expect((await series(server.url, `{db="${name}"}`)).map(({ values }) => values)).toEqual([[1, 2]]);
  });

  test('the highest number of tags is stored completely', async () => {
    const name = db();
    const tags = Array.from({ length: 28 }, (_, i) => `t${i}=1`).join(',');
    expect((await bench.load(`wide,${tags} v=1 ${second}\n`, ['--db', name])).code).toBe(0);
    const [stored] = await series(server.url, `{db="${name}"}`);
    expect(Object.keys(stored?.metric ?? {})).toHaveLength(30);
  });

  test('a server stopped and restarted during a load lacks no point', async () => {
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
    await server.kill('SIGTERM');
    await server.start();
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ points: { read: many, loaded: many, undelivered: 0 } });
    const once = async (): Promise<number> => new Set(await systems(name)).size;
    await expect.poll(once, patience).toBe(many);
  });
});

describe.skipIf(!there)('with a user, and its usual retention', () => {
  let server: Server;
  let bench: Bench;

  beforeAll(async () => {
    server = await victoriaMetrics(['-httpAuth.username=u', '-httpAuth.password=secret']);
    bench = await Bench.begin(['--target', 'victoriametrics', '--url', server.url, '--db', 'x']);
  });
  afterAll(async () => {
    await bench.end();
    await server.end();
  });

  test.each([
    ['no user', []],
    ['a wrong password', ['--user', 'u', '--password', 'wrong']],
    ['a wrong token', ['--token', 'wrong']],
  ])('%s is refused before any point', async (_, args) => {
    const { code, stderr, summary } = await bench.load(cpu(10), args);
    expect(code).toBe(4);
    expect(stderr).toMatch(/check --user and --password, or --token/i);
    expect(stderr).not.toContain('wrong');
    expect(summary.requests.sent).toBe(0);
  });

  test('points beyond the retention are rejected as expired', async () => {
    const now = BigInt(Date.now()) * 1_000_000n;
    const loaded = await bench.load(`m v=1 ${second}\nm v=2 ${now}\n`, ['--user', 'u'], {
      BULK_LOAD_PASSWORD: 'secret',
    });
    expect(loaded.code).toBe(8);
    expect(await bench.rejects(loaded)).toEqual({ 1: 'expired' });
    expect(loaded.summary.points).toMatchObject({ loaded: 1, rejected: 1 });
  });
});
