// A load resumes, and --skip-loaded leaves inputs out, only where the points of the earlier run are.

import { utimesSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { begin } from '../../support/programs/here.js';
import { halfway, lines, type Result, type Scene, scene } from '../../support/scene.js';

let it: Scene;

afterEach(() => it.end());

const small = ['--batch-points', '100'];

/** A load of 3000 points, of which about half are loaded when it stops. */
async function stoppedLoad(): Promise<string> {
  const path = await it.file('a.lp', lines(3000));
  const { summary } = await it.endAt(1500, it.begin([...small, path]), 'SIGTERM');
  expect(summary?.points.loaded).toBeGreaterThan(1000);
  return path;
}

/** Runs the loader against another cluster, with the state of this scene. */
async function loadInto(other: Cluster, args: readonly string[]): Promise<Result> {
  const words = ['--url', other.urls.join(','), '--db', 'db', '--state-dir', it.stateDir];
  return await it.result(begin([...words, '--summary', join(it.folder, 'summary.json'), ...args], { cwd: it.folder }));
}

test('a load does not resume into a database that this run creates', async () => {
  it = await scene(halfway(1000).options);
  const path = await stoppedLoad();
  it.cluster.databases.delete('db');
  const { code, summary, stderr } = await it.load([...small, '--create-db', path]);
  expect(code).toBe(0);
  expect(summary?.points.loaded).toBe(3000);
  expect(it.cluster.points()).toBe(3000);
  expect(stderr).toMatch(/this run created the database.* is kept as \S+checkpoint-abandoned/);
});

test('a load does not resume into a database that lacks its tables, and --fresh loads everything', async () => {
  it = await scene(halfway(1000).options);
  const path = await stoppedLoad();
  const { tables, rows } = it.cluster.databases.get('db')!;
  tables.clear();
  rows.clear();
  const refused = await it.load([...small, path]);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/the table "m", into which an earlier run loaded points/);
  expect(refused.stderr).toContain('--fresh');
  expect(it.cluster.points()).toBe(0);
  const { code, summary } = await it.load([...small, '--fresh', path]);
  expect([code, summary?.points.loaded, it.cluster.points()]).toEqual([0, 3000, 3000]);
});

test('a load does not resume into another cluster, unless --same-target says that it is the same', async () => {
  it = await scene(halfway(1000).options);
  const path = await stoppedLoad();
  const other = await startCluster();
  onTestFinished(() => other.stop());
  // The same data behind other endpoints.
  other.databases.set('db', it.cluster.databases.get('db')!);
  const refused = await loadInto(other, [...small, path]);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/other endpoints .*--same-target/s);
  const { code, summary } = await loadInto(other, [...small, '--same-target', path]);
  expect([code, summary?.points.loaded]).toEqual([0, 3000]);
  expect(summary?.thisRun.read).toBeLessThan(2000);
  expect(other.points()).toBe(3000);
});

test('--skip-loaded loads inputs again whose points are not in this database', async () => {
  it = await scene();
  const path = await it.file('a.lp', lines(100));
  const loaded = async (args: readonly string[]): Promise<number | undefined> =>
    (await it.load(['--skip-loaded', ...args, path])).summary?.thisRun.read;
  expect(await loaded([])).toBe(100);
  expect(await loaded([])).toBe(0);
  it.cluster.databases.delete('db');
  expect(await loaded(['--create-db'])).toBe(100);
  expect(await loaded([])).toBe(0);
  it.cluster.databases.get('db')!.tables.clear();
  expect(await loaded([])).toBe(100);
  const other = await startCluster();
  onTestFinished(() => other.stop());
  expect((await loadInto(other, ['--skip-loaded', path])).summary?.thisRun.read).toBe(100);
});

test('--skip-loaded loads a correction of the same size, and skips a touched file', async () => {
  it = await scene();
  const text = lines(4000);
  const path = await it.file('a.lp', text);
  const loaded = async (): Promise<number | undefined> =>
    (await it.load(['--skip-loaded', path])).summary?.thisRun.read;
  expect(await loaded()).toBe(4000);
  utimesSync(path, 1, 1);
  expect(await loaded()).toBe(0);
  await writeFile(path, text.replace('f=2000 ', 'f=9000 '));
  expect(await loaded()).toBe(4000);
  expect(await loaded()).toBe(0);
});

test.each([
  ['with', ['--skip-loaded']],
  ['without', []],
])(
  'an unfinished load of a file that was corrected in its middle loads it from its start %s --skip-loaded',
  async (_, args) => {
    it = await scene(halfway(1000).options);
    const path = await it.file('a.lp', lines(3000));
    await it.endAt(2000, it.begin([...small, ...args, path]), 'SIGTERM');
    await writeFile(path, lines(3000).replace('f=520 ', 'f=920 '));
    const { code, summary, stderr } = await it.load([...small, ...args, path]);
    expect([code, summary?.points.loaded]).toEqual([0, 3000]);
    expect(stderr).toMatch(/got another content|has changed/);
  },
);

test('--skip-points does not finish an input for --skip-loaded', async () => {
  it = await scene();
  const path = await it.file('a.lp', lines(1000));
  expect((await it.load(['--skip-points', '900', path])).summary?.points.loaded).toBe(100);
  const { code, summary } = await it.load(['--skip-loaded', path]);
  expect([code, summary?.points.loaded]).toEqual([0, 1000]);
  expect(it.cluster.points()).toBe(1000);
});
