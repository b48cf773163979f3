// The page of `check` in a window of 80 columns: the verdict first, and why; the rest in aligned columns.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shellQuote } from '../../src/core/text.js';
import { run as runHere } from '../support/programs/here.js';
import { type Ended, run } from '../support/programs/process.js';
import { lines, type Scene, scene } from '../support/scene.js';

const there = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');
const program = join(import.meta.dirname, '../../bin/bulk-load.js');

let it: Scene;

beforeEach(async () => {
  it = await scene({ credentials: 'root:secret' });
});
afterEach(() => it.end());

const env = { TERM: 'xterm', BULK_LOAD_PASSWORD: 'secret' };

type Shown = Pick<Ended, 'code' | 'stdout'>;

async function here(words: readonly string[]): Promise<Shown> {
  // The page shows the settings of the test only.
  const { code, stderr } = await runHere(words, { env: { ...env, BULK_LOAD_MEMORY_WATCHDOG: '' }, columns: 80 });
  return { code, stdout: stderr };
}

/** Runs in a real terminal, which util-linux's `script` provides. */
async function inTerminal(words: readonly string[]): Promise<Shown> {
  const command = [process.execPath, program, ...words].map(shellQuote).join(' ');
  const { code, stdout } = await run([`stty cols 80; exec ${command}`], {
    script: 'test/support/programs/terminal.js',
    env,
  });
  return { code, stdout: stdout.replaceAll('\r\n', '\n') };
}

/** Returns the page after a check that every line fits. */
async function page(args: readonly string[], show = here): Promise<{ code: number | null; seen: string[] }> {
  const common = ['check', '--url', it.cluster.urls[0]!, '--db', 'db', '--state-dir', it.stateDir];
  const { code, stdout } = await show([...common, ...args]);
  const seen = stdout.split('\n');
  expect(seen.filter((line) => line.length > 80 && line.includes(' ', 13) && !/^ {6}--/.test(line))).toEqual([]);
  expect(stdout).not.toContain('\u001b');
  return { code, seen };
}

const csv = `time,host,v\n${Array.from({ length: 30 }, (_, i) => `${1_640_995_200 + i},h${i % 2},${i}.5\n`).join('')}`;

type Case = readonly [string, readonly string[], number, readonly (string | RegExp)[]];

const cases: readonly Case[] = [
  [
    'all is well',
    ['a.lp'],
    0,
    ['As far as bulk-load can see, this load would complete: exit code 0 (complete).', '', 'Target'],
  ],
  [
    'an endpoint is down',
    ['--url', 'http://127.0.0.1:1', 'a.lp'],
    0,
    [/^ {2}endpoint {3}http:\S+ {2}CnosDB \d/, /^ {2}endpoint {3}http:\/\/127.0.0.1:1 +DOWN: connection refused$/],
  ],
  [
    'the password is wrong',
    ['--user', 'root', '--password', 'no', 'a.lp'],
    4,
    [
      /^As far as bulk-load can see, this load would be refused by the target:/,
      /^ {2}problem {4}preparing/,
      /Access denied/,
    ],
  ],
  [
    'the precision is wrong',
    ['ms.lp'],
    2,
    [
      'As far as bulk-load can see, this load would not start: exit code 2 (usage).',
      /^ {2}problem {4}reading \S*ms\.lp:1$/,
      /^ {2}expected {3}timestamps between/,
    ],
  ],
  [
    'rows are mapped',
    ['--measurement', 'cpu', '--precision', 's', 'a.csv'],
    0,
    [
      /^ {2}points {2}rejected {2}format {2}parsed {5}into {5}input$/,
      /^ {6}30 {9}0 {2}csv {5}all of it {2}1 table {2}\S*a\.csv$/,
      '  times      2022-01-01 00:00:00 … 2022-01-01 00:00:29 UTC, read as s',
      '    host  string  such as "h0"',
      '      --measurement cpu --fields host:string,v:float',
      /^ {2}--measurement {2}cpu +--measurement$/,
    ],
  ],
  [
    'the load creates the database',
    ['--db', 'new', '--create-db', 'a.lp'],
    0,
    [
      /^As far as bulk-load can see, this load would complete: exit code 0/,
      '  database   new does not exist; this load creates it',
    ],
  ],
  [
    'the database is missing',
    ['--db', 'new', 'a.lp'],
    4,
    [/this load would be refused by the target:/, /^ {2}problem {4}looking for/],
  ],
];

async function shows([, args, expected, parts]: Case, show?: typeof here): Promise<void> {
  await it.file('a.lp', lines(20));
  await it.file('ms.lp', lines(20).replaceAll('000000\n', '\n'));
  await it.file('a.csv', csv);
  const { code, seen } = await page(
    args.map((arg) => (/^\w+\.(lp|csv)$/.test(arg) ? join(it.folder, arg) : arg)),
    show,
  );
  expect(code).toBe(expected);
  let at = -1;
  for (const part of parts) {
    const found = seen.findIndex((line, i) => i > at && (typeof part === 'string' ? line === part : part.test(line)));
    expect([part, found, seen]).toEqual([part, expect.toSatisfy((n: number) => n > at), seen]);
    at = found;
  }
  expect(seen[0]).toMatch(/^As far as bulk-load can see, this load would/);
}

test.each(cases)('check shows the verdict and its reasons when %s', async (...one) => {
  await shows(one);
});

test.runIf(there)('check prints the same page to a real terminal', async () => {
  await shows(cases[0]!, inTerminal);
});
