// The head of every input is parsed before a point is sent: contradictions to the options end the load with exit code 2,
// whatever the order of the inputs, and `check` ends the same way.

import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(async () => {
  await it.end();
});

const inSeconds = (count: number): string =>
  Array.from({ length: count }, (_, i) => `m,t=b f=${i} ${1_640_995_200 + i}\n`).join('');

async function expectNothingSent(): Promise<void> {
  expect(it.cluster.points()).toBe(0);
  expect((await readdir(it.stateDir)).filter((name) => name.includes('checkpoint'))).toEqual([]);
}

test.each([
  ['first', ['bad.csv', 'good.csv']],
  ['last', ['good.csv', 'bad.csv']],
])(
  'an input that contradicts the mapping ends the load with exit code 2 before a point is sent, as the %s one',
  async (_, names) => {
    const rows = Array.from({ length: 5000 }, (_row, i) => `${1_640_995_200_000_000_000n + BigInt(i)},a,${i}`).join(
      '\n',
    );
    const files = {
      'good.csv': await it.file('good.csv', `time,host,v\n${rows}\n`),
      'bad.csv': await it.file('bad.csv', 'when,host,v\n1,a,1\n'),
    };
    const paths = names.map((name) => files[name as keyof typeof files]);
    const { code, stderr } = await it.load(['--measurement', 'm', '--time-column', 'time', '--tags', 'host', ...paths]);
    expect(code).toBe(2);
    expect(stderr).toContain('bad.csv');
    await expectNothingSent();
  },
);

test('a later input in another unit ends the load with exit code 2 and names the input and the precision', async () => {
  const [good, bad] = [await it.file('a.lp', lines(5000)), await it.file('b.lp', inSeconds(3))];
  const { code, stderr } = await it.load(['--batch-points', '100', good, bad]);
  expect(code).toBe(2);
  expect(stderr).toContain('b.lp:1');
  expect(stderr).toContain('--precision s');
  await expectNothingSent();
  const checked = await it.load(['check', '--batch-points', '100', good, bad]);
  expect(checked.code).toBe(2);
});

test('all inputs in a wrong unit are named at once', async () => {
  const paths = [await it.file('a.lp', inSeconds(2)), await it.file('b.lp', inSeconds(2))];
  const { code, stderr } = await it.load(paths);
  expect(code).toBe(2);
  expect(stderr).toContain('a.lp:1');
  expect(stderr).toContain('b.lp:1');
});

test('timestamps too large for --precision s end the load with exit code 2 and name the precision that fits', async () => {
  const { code, stderr } = await it.load(['--precision', 's', await it.file('a.lp', lines(5000))]);
  expect(code).toBe(2);
  expect(stderr).toContain('--precision ns');
  await expectNothingSent();
});

test('standard input in a wrong unit ends the load with exit code 2 before a point is sent', async () => {
  const { code, stderr } = await it.load(['-'], { input: inSeconds(50) });
  expect(code).toBe(2);
  expect(stderr).toContain('--precision s');
  expect(it.cluster.points()).toBe(0);
});

test('standard input that --precision s makes too large ends with exit code 2 and names the precision that fits', async () => {
  const { code, stderr } = await it.load(['--precision', 's', '-'], { input: lines(50) });
  expect(code).toBe(2);
  expect(stderr).toContain('use --precision ns: then this timestamp is 2022-01-01');
  expect(it.cluster.points()).toBe(0);
});

test('timestamps that no server can store are a wrong --precision also with --expect-time off', async () => {
  const path = await it.file('a.lp', lines(50));
  for (const command of [[], ['check']]) {
    const { code, stderr } = await it.load([...command, '--precision', 's', '--expect-time', 'off', path]);
    expect(code).toBe(2);
    expect(stderr).toContain('timestamps that servers can store');
    expect(stderr).toContain('use --precision ns: then this timestamp is 2022-01-01');
    expect(stderr).not.toContain('VNODE_DURATION');
  }
  await expectNothingSent();
});

test('--create-db creates no database for inputs that contradict the options', async () => {
  const path = await it.file('a.lp', lines(50));
  const { code } = await it.load(['--db', 'new', '--create-db', '--precision', 's', path]);
  expect(code).toBe(2);
  expect([...it.cluster.databases.keys()]).toEqual(['db']);
  expect((await it.load(['--db', 'new', '--create-db', path])).code).toBe(0);
  expect(it.cluster.points('new')).toBe(50);
});

test('a few timestamps outside --expect-time are rejects of their own reason, in check as in the load', async () => {
  const path = await it.file('a.lp', `${lines(2571)}${inSeconds(429)}`);
  const checked = await it.load(['check', path]);
  expect(checked.code).toBe(8);
  expect(checked.stdout + checked.stderr).toContain('429 × unexpected-time');
  const { code, stderr, summary } = await it.load([path]);
  expect(code).toBe(8);
  expect(summary?.rejects.byReason).toEqual({ 'unexpected-time': 429 });
  for (const text of [checked.stderr, stderr])
    expect(text).toMatch(
      /a\.lp:2572: found 1640995200, which in ns is 1970-01-01, outside --expect-time; with --precision s, the timestamp is 2022-01-01/,
    );
  expect(summary?.points).toEqual({ read: 3000, loaded: 2571, rejected: 429, undelivered: 0 });
});

test('a resumed load with a new input in a wrong unit loads the rest and ends with exit code 7', async () => {
  const good = await it.file('a.lp', lines(3000));
  const pattern = `${it.folder}/*.lp`;
  const small = ['--batch-points', '100', '--workers', '2'];
  const stopped = await it.endAt(500, it.begin([...small, pattern]), 'SIGTERM');
  expect(stopped.summary?.points.loaded).toBeGreaterThan(0);
  await it.file('b.lp', inSeconds(3));
  const { code, summary } = await it.load([...small, pattern]);
  expect(code).toBe(7);
  expect(summary?.inputs.map(({ name, loaded }) => [name, loaded])).toEqual([
    [good, 3000],
    [good.replace('a.lp', 'b.lp'), 0],
  ]);
  expect(summary?.inputs[1]?.error).toContain('--precision s');
});

test('an input in which nothing parses ends with exit code 7 and one sentence, and the others are loaded', async () => {
  const noise = Array.from({ length: 3420 }, (_, i) => `<row>${i}</row>`);
  const bad = await it.file('rnd.bin', `${noise.join('\n')}\n`);
  const good = await it.file('a.lp', lines(100));
  const { code, summary, stderr } = await it.load(['--format', 'lp', bad, good]);
  expect(code).toBe(7);
  const sentence = `none of the 3,420 lines of ${bad} is line protocol; is --format right?`;
  expect(summary?.inputs.map(({ error, loaded }) => [error, loaded])).toEqual([
    [sentence, 0],
    [null, 100],
  ]);
  expect(stderr).toContain(sentence);
  expect(summary?.rejects.byReason).toEqual({});
  expect((await it.load(['check', '--format', 'lp', bad, good])).code).toBe(7);
});

test.each([
  ['times of another form', '01.01.2022 01:00:00', [], '--time-format'],
  ['times finer than --precision', '2022-01-01T00:00:00.123456Z', ['--precision', 'ms'], '--time-rounding truncate'],
])('rows that all have %s end with exit code 7 and the option to change', async (_, time, options, advice) => {
  const path = await it.file('a.csv', `time,v\n${time},1\n${time},2\n`);
  const words = ['--measurement', 'm', ...options, path];
  const { code, summary } = await it.load(words);
  expect(code).toBe(7);
  expect(summary?.reason).toContain(advice);
  expect(summary?.reason).not.toContain('--format right');
  expect((await it.load(['check', ...words])).code).toBe(7);
});

test.each([
  [String.raw`disk,drive=C:\=a=b f=1`, 'in a name, a backslash'],
  ['a,t=b f=1i,f=2i', 'each field key may occur once'],
  ['a/b,t=b f=1', 'CnosDB stores a measurement with /, but cannot query this measurement'],
  ['a,t=b', 'a point needs at least one field'],
])('line protocol that breaks one rule of the target ends with exit code 7 and the rule: %s', async (point, rule) => {
  const path = await it.file('a.lp', `${point} 1640995200000000000\n`);
  for (const command of [[], ['check']]) {
    const { code, stdout, stderr } = await it.load([...command, path]);
    expect(code).toBe(7);
    expect((stdout + stderr).replaceAll(/\s+/g, ' ')).toContain(rule);
    expect(stdout + stderr).not.toContain('--format right');
  }
});

test.each([
  [
    'feed.xml',
    '<?xml version="1.0"?>\n<rows>\n <row t="1" v="2"/>\n</rows>\n',
    ['one of the formats Parquet, ', 'found     XML\n', 'convert the file: bulk-load does not read XML\n'],
  ],
  ['page.lp', '<!DOCTYPE html>\n<p>Not found</p>\n', ['convert the file: bulk-load does not read HTML\n']],
  [
    'a.lp.gz',
    'no gzip\nat all\n',
    [
      'compressed data (because the file name ends with .gz) or line protocol',
      'other content; the first line is "no gzip"',
      'then fetch the file again',
    ],
  ],
])('%s of another kind than its name says is described', async (name, text, phrases) => {
  const { code, stderr } = await it.load([await it.file(name, text)]);
  expect(code).toBe(7);
  for (const phrase of phrases) expect(stderr).toContain(phrase);
});

test('times of another form in line protocol are not answered with an option that it does not use', async () => {
  const { code, stderr } = await it.load([await it.file('a.lp', 'm f=1 2024-01-01T00:00:00Z\n')]);
  expect(code).toBe(7);
  expect(stderr).toContain('  do        convert the timestamps to numbers\n');
});

test.each([
  ['02.01.2024 03:04', "'%d.%m.%Y %H:%M'"],
  ['2.1.2024', "'%d.%m.%Y'"],
  ['2024/01/02 03:04:05', "'%Y/%m/%d %H:%M:%S'"],
])('times such as %s are answered with their pattern', async (time, pattern) => {
  const path = await it.file('a.csv', `time,v\n${time},1\n${time},2\n`);
  const { code, stderr } = await it.load(['--measurement', 'm', path]);
  expect(code).toBe(7);
  expect(stderr).toContain(`  found     times of another format in all 2 rows, such as "${time}" in column time\n`);
  expect(stderr).toContain(`  do        use --time-format ${pattern}, and --timezone if the times are not in UTC\n`);
  expect((await it.load(['--measurement', 'm', '--time-format', pattern.slice(1, -1), path])).code).toBe(0);
});

test.each([
  ['a misspelt tag', 'time,host,v\n', ['--tags', 'hots'], 'did you mean host?'],
  ['a misspelt time column', 'time,host,v\n', ['--time-column', 'tiem'], 'did you mean time?'],
  [
    'no time column',
    'day,host,v\n',
    [],
    'choose the time column with --time-column; if no column holds the time, use --missing-timestamp now',
  ],
  ['another delimiter', 'time;host;v\n', [], "split the rows with --delimiter ';'"],
])('%s in CSV is answered with what to write', async (_, header, options, advice) => {
  const path = await it.file('a.csv', `${header}1640995200000000000,a,1\n`);
  const { code, stderr } = await it.load(['--measurement', 'm', ...options, path]);
  expect(code).toBe(2);
  expect(stderr).toContain(`  do        ${advice}\n`);
});

test('the error of the only input is printed once, in four parts, without a command to run again', async () => {
  const path = await it.file('a.lp', lines(3));
  const { code, stderr, summary } = await it.load(['--format', 'parquet', path]);
  expect(code).toBe(7);
  expect(stderr).toBe(
    [
      'bulk-load: Incomplete: an input could not be read to its end, or held too few points (exit code 7).',
      `  tried     reading ${path}`,
      '  expected  a Parquet file, which begins with PAR1',
      '  found     a file that begins with other bytes',
      '  do        check --format, or leave --format out',
      '',
    ].join('\n'),
  );
  expect(summary?.continueWith).toBeNull();
});

test('with several inputs the row of each one has its error, and the first line names none of them', async () => {
  const paths = [await it.file('a.lp.gz', Uint8Array.of(0x1f, 0x8b, 8, 0)), await it.file('b.lp', lines(3))];
  const { code, stderr, summary } = await it.load(paths);
  expect(code).toBe(7);
  expect(stderr).toMatch(
    /^Incomplete: an input could not be read to its end, or held too few points\. \(exit code 7\)$/m,
  );
  expect(stderr).toMatch(/^ {2}input {6}\S+a\.lp\.gz: 0 read = .*; reading \S+a\.lp\.gz: expected/m);
  expect(summary?.inputs.map(({ loaded }) => loaded)).toEqual([0, 3]);
});

test.each(['', '# only a comment\n'])('check and load agree on an input without points: %j', async (text) => {
  const path = await it.file('a.lp', text);
  for (const command of [[], ['check']]) {
    const { code, stdout, stderr } = await it.load([...command, path]);
    expect(code).toBe(7);
    expect(stdout + stderr).toContain('--min-points');
  }
  expect((await it.load(['check', '--min-points', '0', path])).code).toBe(0);
});

test('a --time-column that the header lacks is named, although the header has a column time', async () => {
  const path = await it.file('a.csv', 'time,v\n2022-01-01T00:00:00Z,1\n');
  const { code, stderr } = await it.load(['--measurement', 'm', '--time-column', 'zeit', path]);
  expect(code).toBe(2);
  expect(stderr).toContain('the column of --time-column zeit');
});

test('standard input in which nothing parses ends with exit code 7', async () => {
  const { code, summary } = await it.load(['-'], { input: 'no\npoint\n' });
  expect(code).toBe(7);
  expect(summary?.reason).toBe('none of the 2 lines of - is line protocol; is --format right?');
});

test('nothing is sent with --on-input-error stop if nothing of an input parses', async () => {
  const [good, bad] = [await it.file('a.lp', lines(100)), await it.file('rnd.bin', 'x\n')];
  const { code } = await it.load(['--on-input-error', 'stop', '--format', 'lp', good, bad]);
  expect(code).toBe(7);
  expect(it.cluster.points()).toBe(0);
});

test('annotations that contradict one another after points were sent end with exit code 7, and the rows before are loaded', async () => {
  const head = (type: string): string =>
    `#datatype,string,long,dateTime:RFC3339,${type},string,string\n,result,table,_time,_value,_field,_measurement\n`;
  const row = (i: number): string => `,,0,2022-01-01T00:00:${10 + i}Z,${i}.5,v,cpu\n`;
  const rows = Array.from({ length: 25 }, (_, i) => row(i)).join('');
  const input = `${head('double')}${rows}\n${head('dubble')}${row(30)}`;
  const { code, stderr, summary } = await it.load(['--format', 'csv', '--batch-points', '10', '-'], { input });
  expect([code, stderr]).toEqual([7, expect.stringContaining('"dubble"')]);
  expect(summary!.points).toEqual({ read: 25, loaded: 25, rejected: 0, undelivered: 0 });
});
