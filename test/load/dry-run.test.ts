// `--dry-run` writes the points that a load would send, and contacts no target.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Summary } from '../../src/core/types/index.js';
import { run } from '../support/programs/here.js';
import { problemsIn } from '../support/programs/problems.js';
import { type Ended, run as runProcess, start } from '../support/programs/process.js';
import { lines, type Scene, scene } from '../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const mapping = ['--measurement', 'cpu', '--tags', 'host'];
/** Column w of `rows` holds numbers and a few words, so its type is given. */
const typed = [...mapping, '--fields', 'v,w:float'];
/** Runs with a state directory of the test and a target that does not exist. */
const dry = (args: readonly string[], input?: string): Promise<Ended> =>
  run(['--url', 'http://127.0.0.1:1', '--state-dir', it.stateDir, ...args], input === undefined ? {} : { input });

function rows(count: number): string {
  const row = (i: number): string =>
    `${1640995200000000000n + BigInt(i)},"h ${i % 9}",${i},${i % 50 === 7 ? 'x' : i}\n`;
  return `time,host,v,w\n${Array.from({ length: count }, (_, i) => row(i)).join('')}`;
}

async function summaryOf(name: string): Promise<Summary> {
  return JSON.parse(await readFile(join(it.folder, name), 'utf8')) as Summary;
}

test('points go to standard output in input order, and messages go to standard error', async () => {
  const path = await it.file('a.csv', 'time,host,v\n1640995200000000000,a b,1.5\n1640995200000000001,b,2\n');
  const { code, stdout, stderr } = await runProcess(['--dry-run', '--state-dir', it.stateDir, ...mapping, path]);
  expect(code).toBe(0);
  expect(stdout).toBe('cpu,host=a\\ b v=1.5 1640995200000000000\ncpu,host=b v=2 1640995200000000001\n');
  expect(stderr).toContain('nothing is sent (--dry-run)');
  expect(stderr).toContain('Complete: every point read was written to standard output.');
  expect(stderr).toContain('nothing was sent');
});

test('loading the output of a dry run equals a direct load, including the rejects', async () => {
  const other = await scene();
  const path = await it.file('a.csv', rows(3000));
  const direct = await it.load([...typed, path]);
  const converted = await dry(['--dry-run', '--summary', join(it.folder, 'dry.json'), ...typed, path]);
  const summary = await summaryOf('dry.json');
  expect([converted.code, direct.code]).toEqual([8, 8]);
  expect(summary.points).toEqual(direct.summary!.points);
  expect(summary.rejects.byReason).toEqual(direct.summary!.rejects.byReason);
  const letters = async ({ rejects }: Summary): Promise<string> => await readFile(rejects.deadLetters![0]!, 'utf8');
  expect(await letters(summary)).toBe(await letters(direct.summary!));
  try {
    const piped = await other.load(['-'], { input: converted.stdout });
    expect(piped.summary?.points).toMatchObject({ read: 2940, loaded: 2940 });
    const stored = ({ cluster }: Scene): unknown => cluster.databases.get('db')!.rows;
    expect(stored(other)).toEqual(stored(it));
  } finally {
    await other.end();
  }
});

test('the same input gives the same output, also from a pipe', async () => {
  const text = rows(10_000);
  const path = await it.file('a.csv', text);
  const first = await dry(['--dry-run', ...mapping, path]);
  const again = await dry(['--dry-run', '--workers', '4', ...mapping, '-'], text);
  expect(again.stdout).toBe(first.stdout);
});

test('timestamps keep the given precision', async () => {
  const seconds = await dry(['--dry-run', '--precision', 's', ...mapping, '-'], 'time,host,v\n1640995200,a,1\n');
  expect(seconds.stdout).toBe('cpu,host=a v=1 1640995200\n');
  const stamped = await dry(
    ['--dry-run', '--precision', 's', '--missing-timestamp', 'now', '--format', 'lp', '-'],
    'm f=1\nm f=2\n',
  );
  const [first, second] = [...stamped.stdout.matchAll(/ (\d{10})\n/g)].map(([, time]) => Number(time));
  expect(second).toBe(first! + 1);
});

test('the report page shows timestamps in seconds at the right time', async () => {
  const path = await it.file('seconds.lp', 'm,t=a f=1 1640995200\nm,t=a f=2 1640995260\n');
  const page = join(it.folder, 'page.html');
  const { code } = await dry([`--dry-run=${join(it.folder, 'out.lp')}`, '--report', page, '--precision', 's', path]);
  expect(code).toBe(0);
  expect(await readFile(page, 'utf8')).toContain('2022-01-01 00:01:00');
});

test('--dry-run=FILE writes a complete file, and --dry-run FILE takes FILE as an input', async () => {
  const path = await it.file('a.lp', lines(20_000));
  const out = join(it.folder, 'out.lp');
  const { code, stdout } = await dry([`--dry-run=${out}`, '--quiet', path]);
  expect([code, stdout]).toEqual([0, '']);
  expect(await readFile(out, 'utf8')).toBe(lines(20_000));
  expect((await dry(['--dry-run', path])).stdout).toBe(lines(20_000));
});

test('a stopped run leaves no output file', async () => {
  const path = await it.file('a.csv', rows(5_000));
  const out = join(it.folder, 'out.lp');
  const { code } = await dry([`--dry-run=${out}`, '--max-rejected', '3', ...typed, path]);
  expect(code).toBe(3);
  expect((await readdir(it.folder)).filter((name) => name.includes('out.lp'))).toEqual([]);
});

test('a closed pipe ends the run quietly', async () => {
  const path = await it.file('a.lp', lines(100_000));
  const running = start(['--dry-run', '--state-dir', it.stateDir, path]);
  running.child.stdout!.once('data', () => running.child.stdout!.destroy());
  const { code, stderr } = await running.ended;
  expect(code).toBe(141);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test.skipIf(process.platform !== 'linux')('a full disk behind standard output ends with exit code 73', async () => {
  const path = await it.file('a.lp', lines(10));
  const program = join(import.meta.dirname, '../../bin/bulk-load.js');
  const child = spawn(process.execPath, [program, '--dry-run', '--state-dir', it.stateDir, path], {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(73);
  expect(said).toContain('standard output');
  expect(said).toContain('10 undelivered');
});

test('a signal ends the run while the reader of the pipe stalls', async () => {
  const path = await it.file('a.lp', lines(100_000));
  const running = start(['--dry-run', '--state-dir', it.stateDir, path]);
  running.child.stdout!.once('readable', () => {
    running.child.stdout!.removeAllListeners('data').pause();
    running.kill('SIGINT');
    setImmediate(() => running.kill('SIGINT'));
  });
  const [code] = (await once(running.child, 'exit')) as [number | null];
  running.child.stdout!.resume();
  expect(code).toBe(130);
});

test('options that contradict --dry-run are usage errors', async () => {
  const path = await it.file('a.lp', lines(1));
  const both = await dry(['--dry-run', '--summary', '-', '--verify', path]);
  expect(both.code).toBe(2);
  expect(problemsIn(both.stderr)).toContain('verify: expected a load that sends points, found --dry-run');
  expect(problemsIn(both.stderr)).toContain('summary: expected a file');
  const over = await dry([`--dry-run=${path}`, path]);
  expect(over.code).toBe(2);
  expect(await readFile(path, 'utf8')).toBe(lines(1));
});

test('--no-dry-run overrides the environment variable', async () => {
  const path = await it.file('a.lp', lines(3));
  const env = { BULK_LOAD_DRY_RUN: 'true' };
  expect((await run(['--state-dir', it.stateDir, path], { env })).stdout).toBe(lines(3));
  expect((await it.load(['--no-dry-run', path], { env })).stdout).toBe('');
  expect(it.cluster.points()).toBe(3);
});

test('check with --dry-run needs no target', async () => {
  const path = await it.file('a.lp', lines(3));
  const { code, stdout, stderr } = await dry(['check', '--dry-run', path]);
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toMatch(/^ +3 +0 {2}lp .* 1 table /m);
  expect(stderr).toContain('standard output (--dry-run)');
});

test('a dry run that stops early says that its file is not written, and promises no resume', async () => {
  const out = join(it.folder, 'out.lp');
  const path = await it.file('a.csv', rows(3000));
  const { code, stderr } = await dry([
    `--dry-run=${out}`,
    '--batch-points',
    '100',
    '--rate-points',
    '500',
    '--max-duration',
    '1s',
    ...typed,
    path,
  ]);
  expect(code).toBe(143);
  expect(stderr).toContain(
    `  dry run    nothing was sent; bulk-load does not write ${out}, because the run stopped early\n`,
  );
  expect(stderr).not.toContain('resume');
  await expect(readFile(out)).rejects.toThrow('ENOENT');
});
