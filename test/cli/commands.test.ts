// The commands as users type them: where options may stand, how mistakes are answered, what `check` prints.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../support/programs/here.js';
import { lines, type Scene, scene } from '../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const check = (args: readonly string[]): ReturnType<typeof run> =>
  run(['check', '--url', it.cluster.urls[0]!, '--db', 'db', '--state-dir', it.stateDir, ...args]);

test('check shows the given settings, the target, the inputs and how a load would end', async () => {
  const path = await it.file('a.lp', lines(1, 'a'));
  const { code, stderr, stdout } = await check([path]);
  expect(code).toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/--db +db +--db/);
  expect(stderr).not.toContain('--batch-points');
  expect(stderr).toMatch(/\d+ other settings have their defaults/);
  expect(stderr).toMatch(/^ +1 +0 {2}lp {6}all of it {2}1 table {2}\S+a\.lp$/m);
  expect(stderr).toMatch(
    /^ {2}new {8}tables with new columns: a; while bulk-load introduces these columns, it sends no other/m,
  );
  expect(stderr).toMatch(/^As far as bulk-load can see, this load would complete: exit code 0 \(complete\)/);
  expect(it.cluster.points()).toBe(0);
});

test('check shows how rows are mapped, and options that fix this mapping', async () => {
  const row = (i: number): string => `164099520000000000${i % 10},h${i % 2},${i}.5,${i % 3 === 0},3,text ${i}\n`;
  const path = await it.file(
    'a.csv',
    `time,host,v,up,n,note\n${Array.from({ length: 40 }, (_, i) => row(i)).join('')}`,
  );
  const { code, stderr } = await check(['--measurement', 'cpu', path]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /table cpu\n +host +string +such as "h0"\n +v +float +such as "0.5"\n +up +boolean +such as "true"/,
  );
  expect(stderr).toContain('--measurement cpu --fields host:string,v:float,up:boolean,n:float,note:string');
  expect(stderr).toMatch(/String columns with few distinct values could be tags: --tags host$/m);
  const options = ['--measurement', 'cpu', '--tags', 'host', '--fields', 'v:float,up:boolean,n:integer'];
  const fixed = await check([...options, '--quiet', '--summary', '-', path]);
  const { mapping } = (JSON.parse(fixed.stdout) as { inputs: [{ mapping: object }] }).inputs[0];
  expect(mapping).toMatchObject({
    options: null,
    possibleTags: [],
    tables: [
      { table: 'cpu', columns: [{ name: 'host', type: 'tag' }, {}, {}, { name: 'n', type: 'integer', sample: '3' }] },
    ],
  });
});

test('check suggests no mapping options for annotated CSV or line protocol', async () => {
  const annotated = '#datatype measurement,dateTime:number,double\nm,t,v\ncpu,1640995200000000000,1\n';
  const { stderr } = await check([await it.file('a.csv', annotated), await it.file('a.lp', lines(3))]);
  expect(stderr).toMatch(/table cpu\n +v +float +such as "1"\n/);
  expect(stderr).not.toContain('To declare them');
  expect(stderr).not.toContain('table m');
});

test('check --log-level debug shows every setting', async () => {
  expect((await check(['--log-level', 'debug'])).stderr).toMatch(/--batch-points +10000 +default/);
});

test('check --summary - prints JSON, and --quiet leaves out the page', async () => {
  const path = await it.file('a.lp', lines(20, 'a'));
  const { code, stderr, stdout } = await check(['--quiet', '--summary', '-', path]);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    formatVersion: 1,
    outcome: 'complete',
    exitCode: 0,
    target: { database: { precision: 'ns' } },
    inputs: [{ points: 20, whole: true }],
    problems: [],
  });
});

test('check --quiet prints the page when the exit code is not 0', async () => {
  const { code, stderr } = await check([
    '--quiet',
    await it.file('a.lp', 'm f=1 1640995200000000000\nm f=oops 1640995200000000000\n'),
  ]);
  expect(code).toBe(8);
  expect(stderr).toContain('bad-value');
});

test('a mistyped variable causes one warning in a load and in check, and changes no outcome', async () => {
  const path = await it.file('a.lp', lines(1, 'a'));
  const env = { BULK_LOAD_WORKER: '3' };
  const warning =
    'the environment variable BULK_LOAD_WORKER has no effect: no option has this name; did you mean BULK_LOAD_WORKERS?';
  const loaded = await it.load([path], { env });
  const common = ['--url', it.cluster.urls[0]!, '--db', 'db', '--state-dir', it.stateDir];
  const checked = await run(['check', ...common, path], { env });
  for (const { code, stderr } of [loaded, checked]) {
    expect(code).toBe(0);
    expect(stderr.split(warning)).toHaveLength(2);
  }
});

test('options may stand before the name of a command', async () => {
  const path = await it.file('a.lp', lines(5));
  const { code } = await run(['--db', 'db', '--url', it.cluster.urls[0]!, 'check', path]);
  expect(code).toBe(0);
});

test('serve refuses options of a load before its name', async () => {
  const { code, stderr } = await run(['--workers', '3', 'serve']);
  expect(code).toBe(2);
  expect(stderr).toContain('--workers');
});

test.each(['chek', 'laod', 'server'])('%s is recognized as a mistyped command', async (word) => {
  const { code, stderr } = await run(['--db', 'db', word]);
  expect(code).toBe(2);
  expect(stderr).toContain('did you mean');
});

test('the words of a server cannot control the terminal', async () => {
  const hostile = await scene({
    script: {
      onWrite: () => ({
        answer: {
          status: 422,
          body: JSON.stringify({
            error_code: '010004',
            error_message: 'Insufficient privileges \u001b]0;owned\u0007\u001b[2J',
          }),
        },
      }),
    },
  });
  try {
    const path = await hostile.file('a.lp', lines(5));
    const { stderr } = await hostile.load(['--retry-for', '100ms', path]);
    expect(stderr).toContain('Insufficient privileges \\x1b]0;owned\\x07');
    expect(stderr).not.toContain('\u001b');
  } finally {
    await hostile.end();
  }
});

test.each(['--help', '--version'])('%s that standard output cannot hold ends with exit code 73', async (option) => {
  const program = join(import.meta.dirname, '../../bin/bulk-load.js');
  const child = spawn(process.execPath, [program, option], { stdio: ['ignore', openSync('/dev/full', 'w'), 'ignore'] });
  expect(await once(child, 'close')).toEqual([73, null]);
});

test('all result files that cannot be written are reported at once', async () => {
  const path = await it.file('a.lp', lines(1));
  const files = ['--summary', 'no/s.json', '--report', 'no/r.html', '--metrics-file', 'no/m.prom'];
  const { code, stderr } = await it.load([...files, path]);
  expect(code).toBe(2);
  expect(stderr.match(/^ {2}tried .*$/gm)).toEqual(
    ['no/s.json', 'no/r.html', 'no/m.prom'].map((name) => `  tried     preparing the result file ${name}`),
  );
});

test('a wait for the target is reported once', async () => {
  const path = await it.file('a.lp', lines(1));
  await it.cluster.stopNode(0);
  const { code, stderr } = await it.load(['--wait-for-target', '1200ms', path]);
  expect(code).toBe(5);
  expect(stderr.match(/^waiting for the target: .*$/gm)).toHaveLength(1);
});

test('a summary that standard output cannot hold ends with exit code 73', async () => {
  const path = await it.file('a.lp', lines(5));
  const program = join(import.meta.dirname, '../../bin/bulk-load.js');
  const args = [
    program,
    '--url',
    it.cluster.urls[0]!,
    '--db',
    'db',
    '--state-dir',
    it.stateDir,
    '--summary',
    '-',
    path,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const [code] = await once(child, 'close');
  expect(code).toBe(73);
  expect(stderr).toMatch(/^bulk-load: Failed: .*\n {2}tried {5}writing to standard output$/m);
  expect(stderr).toContain('the load itself ended with exit code 0 (complete)');
  expect(it.cluster.points()).toBe(5);
});
