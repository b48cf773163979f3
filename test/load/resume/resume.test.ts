// A stopped or killed load resumes with the same command: no point lost, none doubled, totals over all runs.

import { appendFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { ClusterOptions } from '../../support/cluster/cluster.js';
import { balances, lines, type Result, type Scene, scene } from '../../support/scene.js';
import { until } from '../../support/until.js';

let it: Scene;

async function begin(options?: ClusterOptions): Promise<Scene> {
  it = await scene(options);
  return it;
}

afterEach(() => it.end());

const small = ['--batch-points', '100', '--workers', '3'];

/** Stops a run by a signal once the target has stored this many points. */
async function stopped(args: readonly string[], points: number): Promise<Result> {
  return await it.endAt(points, it.begin(args), 'SIGINT');
}

async function state(): Promise<string[]> {
  return (await readdir(it.stateDir))
    .map((name) => name.replace(/^[0-9a-f]{12}\./, '').replace(/\d{8}T\d{6}Z/, 'T'))
    .sort();
}

test.each([
  ['a plain', (text: string) => Buffer.from(text)],
  ['a gzip', (text: string) => gzipSync(text)],
  // Large enough for a worker thread where there are CPU cores for it. Comments are not sent.
  ['a large', (text: string) => Buffer.from(text.replaceAll('\n', `\n#${'x'.repeat(3500)}\n`))],
] as [string, (text: string) => Buffer][])(
  '%s input that a signal stopped resumes where it stopped',
  async (_, packed) => {
    await begin();
    const path = await it.file('a.lp', packed(lines(5000)));
    const first = await it.endAt(1000, it.begin([...small, path]), 'SIGTERM');
    expect(first.code).toBe(143);
    expect(first.summary?.checkpoint).toMatch(/\.checkpoint\.json$/);
    const { code, summary, stderr } = await it.load([...small, path]);
    expect(stderr).toContain('resuming the load');
    expect(code).toBe(0);
    expect(summary?.points).toEqual({ read: 5000, loaded: 5000, rejected: 0, undelivered: 0 });
    expect(summary?.values.loaded).toBe(5000);
    expect(summary?.thisRun.loaded).toBe(5000 - first.summary!.points.loaded);
    expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
    expect(summary?.checkpoint).toBeNull();
    expect(it.cluster.points()).toBe(5000);
    // What was acknowledged is not sent again.
    expect(it.cluster.writes.reduce((sum, { points }) => sum + points, 0)).toBe(5000);
    expect(await state()).toEqual(['finished.ndjson']);
  },
);

test('after kills, each reject is in the dead letters once, generated timestamps differ, and the totals cover all runs', async () => {
  await begin();
  const text = Array.from({ length: 6000 }, (_, i) => (i % 50 === 7 ? `bad ${i}\n` : `m,t=${i} f=${i}\n`)).join('');
  const path = await it.file('a.lp', text);
  const args = [...small, '--missing-timestamp', 'now', path];
  for (const points of [500, 2500, 4000]) await it.endAt(points, it.start(args), 'SIGKILL');
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5880, rejected: 120, undelivered: 0 });
  expect(it.cluster.points()).toBe(5880);
  const letters = (await readFile(summary!.rejects.deadLetters![0]!, 'utf8')).trimEnd().split('\n').sort();
  expect(letters).toEqual(
    text
      .split('\n')
      .filter((line) => line.startsWith('bad'))
      .sort(),
  );
  const reasons = (await readFile(summary!.rejects.reasons!, 'utf8')).trimEnd().split('\n');
  const places = reasons.map((line) => (JSON.parse(line) as { line: number }).line).sort((a, b) => a - b);
  expect(places).toEqual(Array.from({ length: 120 }, (_, i) => 50 * i + 8));
});

test('a load whose results cannot be written keeps its checkpoint, and the next run reports the whole load', async () => {
  await begin();
  const path = await it.file('a.lp', `${lines(1000)}now n=1\nbad\n`);
  const args = ['--missing-timestamp', 'now', '--max-rejected', '1', path];
  const report = join(it.folder, 'gone', 'report.html');
  await mkdir(join(it.folder, 'gone'));
  const first = it.begin([...small, '--report', report, ...args]);
  await until(() => it.cluster.points() > 0);
  await rm(join(it.folder, 'gone'), { recursive: true });
  expect((await first.ended).code).toBe(73);
  const { code, summary } = await it.load([...small, ...args]);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 1002, loaded: 1001, rejected: 1, undelivered: 0 });
  expect(summary?.thisRun.loaded).toBe(0);
  expect(it.cluster.points()).toBe(1001);
  expect(await state()).toEqual(['finished.ndjson', 'rejected-T.lp', 'rejected-T.ndjson']);
});

test('--fresh starts again and keeps the earlier checkpoint as abandoned', async () => {
  await begin();
  const path = await it.file('a.lp', lines(3000));
  await stopped([...small, path], 500);
  const { code, summary } = await it.load([...small, '--fresh', path]);
  expect(code).toBe(0);
  expect(summary?.thisRun.read).toBe(3000);
  expect(await state()).toContain('checkpoint-abandoned-T.json');
});

test('--no-checkpoint writes no checkpoint', async () => {
  await begin();
  const path = await it.file('a.lp', lines(3000));
  await stopped([...small, '--no-checkpoint', path], 500);
  expect(await state()).toEqual([]);
  expect((await it.load([path])).summary?.thisRun.read).toBe(3000);
});

test('an input that was replaced after the stop is loaded from its start, and the others resume', async () => {
  await begin();
  const a = await it.file('a.lp', lines(1000, 'a'));
  const b = await it.file('b.lp', lines(2000, 'b'));
  await stopped([...small, a, b], 2000);
  await writeFile(b, lines(2000, 'c'));
  const refused = await it.load([...small, '--on-changed', 'refuse', a, b]);
  expect(refused.code).toBe(7);
  const { code, summary, stderr } = await it.load([...small, a, b]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /b\.lp has changed since [\d,]+ points were loaded from it; the load reads the input again from its start/,
  );
  expect(summary?.inputs.map(({ read, loaded, resumedFromByte }) => [read, loaded, resumedFromByte > 0])).toEqual([
    [1000, 1000, true],
    [2000, 2000, false],
  ]);
  expect(balances(summary!)).toBe(true);
  expect(summary?.thisRun.read).toBe(2000);
  expect(await state()).toContain('checkpoint-abandoned-T.json');
});

test('a copied, touched or grown input resumes, and new files of a pattern join the load', async () => {
  await begin();
  const a = await it.file('a.lp', lines(2000, 'a'));
  const pattern = join(it.folder, '*.lp');
  await stopped([...small, pattern], 700);
  await it.file('copy', await readFile(a));
  await rm(a);
  await rename(join(it.folder, 'copy'), a);
  await appendFile(a, lines(10, 'more'));
  await it.file('b.lp', lines(500, 'b'));
  const { code, summary } = await it.load([...small, pattern]);
  expect(code).toBe(0);
  expect(summary?.points.loaded).toBe(2510);
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(2510);
});

test.each([
  ['another', (date: Date) => new Date(date.getTime() + 1000)],
  ['the same', (date: Date) => date],
])(
  'a stopped load sees a correction of the same size in what it has loaded of a large file of %s date',
  async (_, dated) => {
    await begin();
    const wrong = lines(6000, 'a');
    const path = await it.file('a.lp', wrong);
    const { mtime } = await stat(path);
    await stopped([...small, path], 4500);
    const at = wrong.indexOf('\n', 100_000) + 1;
    const line = wrong.slice(at, wrong.indexOf('\n', at));
    const corrected = wrong.replace(
      line,
      line.replace(/=\d/, (value) => (value === '=7' ? '=8' : '=7')),
    );
    expect([corrected.length, corrected === wrong]).toEqual([wrong.length, false]);
    await writeFile(path, corrected);
    await utimes(path, mtime, dated(mtime));
    const { code, stderr, summary } = await it.load([...small, path]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /a\.lp has changed since [\d,]+ points were loaded from it; the load reads the input again from its start/,
    );
    expect(summary?.points).toMatchObject({ read: 6000, loaded: 6000 });
  },
);

test('--skip-loaded leaves out inputs that an earlier load finished, and loads replaced ones', async () => {
  await begin();
  const a = await it.file('a.lp', lines(100, 'a'));
  const b = await it.file('b.lp', lines(100, 'b'));
  await it.load([a, b]);
  const again = await it.load(['--skip-loaded', a, b]);
  expect(again).toMatchObject({ code: 0, summary: { points: { read: 0 } } });
  await writeFile(b, lines(100, 'c'));
  const { summary } = await it.load(['--skip-loaded', join(it.folder, '*.lp')]);
  expect(summary?.inputs.map(({ read }) => read)).toEqual([0, 100]);
});

test('standard input resumes with the printed command', async () => {
  await begin();
  const text = lines(3000);
  const first = await it.endAt(500, it.begin([...small, '-'], { input: text }), 'SIGINT');
  const skip = Number(/--skip-points (\d+)$/.exec(first.summary!.continueWith!)?.[1]);
  expect(skip).toBeGreaterThanOrEqual(100);
  const { code, summary } = await it.load([...small, '--skip-points', String(skip), '-'], { input: text });
  expect(code).toBe(0);
  expect(summary?.points.read).toBe(3000 - skip);
  expect(it.cluster.points()).toBe(3000);
});

test('a second run of the same load ends with exit code 75 and names the first', async () => {
  await begin({ script: { onWrite: ({ ordinal }) => (ordinal === 0 ? undefined : { hang: true }) } });
  const path = await it.file('a.lp', lines(3000));
  const running = it.start([...small, path]);
  await until(() => it.cluster.points() >= 100);
  const { code, stderr } = await it.load([...small, path]);
  expect(code).toBe(75);
  expect(stderr).toContain(`a run as pid ${running.pid} on`);
  running.kill('SIGKILL');
  await running.ended;
  it.cluster.setScript({});
  expect((await it.load([...small, path])).code).toBe(0);
});

test('an unreadable checkpoint ends with exit code 73, names the file and --fresh, and stays as it is', async () => {
  await begin();
  const path = await it.file('a.lp', lines(3000));
  await stopped([...small, path], 500);
  const name = (await readdir(it.stateDir)).find((each) => each.endsWith('.checkpoint.json'))!;
  const file = join(it.stateDir, name);
  for (const text of ['{"formatVersion":2}', '{"form', '{"formatVersion":1,"startedMs":1}']) {
    await writeFile(file, text);
    const { code, stderr } = await it.load([path]);
    expect(code).toBe(73);
    expect(stderr).toContain(name);
    expect(stderr).toContain('--fresh');
    expect(await readFile(file, 'utf8')).toBe(text);
  }
  expect((await it.load(['--fresh', path])).code).toBe(0);
});
