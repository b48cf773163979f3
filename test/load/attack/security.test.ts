// Secrets stay secret, and hostile names, servers and local users gain nothing.

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;
beforeEach(async () => {
  it = await scene({ credentials: 'root:s3cret-password' });
});
afterEach(() => it.end());

/** The content of every file below `folder`, by path. */
async function everything(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path, await readFile(path, 'latin1'));
  }
  return found;
}

const secrets = /s3cret/;
const bad = `${lines(40)}broken\n${lines(40, 'other')}`;

test.each<[string, (url: string) => string[], Record<string, string>]>([
  ['a flag', () => ['--password', 's3cret-password'], {}],
  ['the URL', (url: string) => ['--url', url.replace('://', '://root:s3cret-password@')], {}],
  ['the environment', () => [], { BULK_LOAD_PASSWORD: 's3cret-password' }],
  ['a header', () => ['--password', 's3cret-password', '--header', 'X-Key: s3cret-key'], {}],
])('a credential given by %s appears in no output, file or printed command', async (_, words, env) => {
  const metrics = join(it.folder, 'm.prom');
  const path = await it.file('a.lp', bad);
  const args = [
    '--log-level',
    'debug',
    '--metrics-file',
    metrics,
    '--batch-points',
    '10',
    ...words(it.cluster.urls[0]!),
    path,
  ];
  const loaded = await it.load(args, { env });
  expect(loaded.code).toBe(8);
  it.cluster.setScript({ onWrite: () => ({ answer: { status: 503 } }) });
  const stopped = await it.load(['--fresh', '--retry-for', '0s', ...args], { env });
  expect(stopped.code).toBe(5);
  expect(stopped.summary?.continueWith).toMatch(/^bulk-load /);
  for (const ended of [loaded, stopped]) expect(ended.stdout + ended.stderr).not.toMatch(secrets);
  const left = await everything(it.folder);
  expect(left.size).toBeGreaterThan(4);
  expect([...left].filter(([, text]) => secrets.test(text)).map(([name]) => name)).toEqual([]);
});

test('a wrong password does not appear in the error message', async () => {
  const { code, stderr } = await it.load(['--password', 's3cret-wrong', await it.file('a.lp', bad)]);
  expect([code, secrets.test(stderr)]).toEqual([4, false]);
});

test('secrets from the environment or a file stay out of the process arguments, even after a re-exec', async () => {
  const file = await it.file('password', 's3cret-password\n');
  it.cluster.setScript({ onWrite: () => ({ answer: { status: 503 } }) });
  const running = it.start(['--password-file', file, await it.file('a.lp', bad)], {
    env: { BULK_LOAD_HEADER: 'K: s3cret' },
  });
  await vi.waitFor(() => expect(it.cluster.writes.length).toBeGreaterThan(0), 10_000);
  expect(await readFile(`/proc/${running.pid}/cmdline`, 'latin1')).not.toMatch(secrets);
  running.kill('SIGKILL');
  await running.ended;
});

test('only the owner can read the state files', async () => {
  const path = await it.file('a.lp', bad);
  await it.load(['--password', 's3cret-password', path]);
  it.cluster.setScript({ onWrite: () => ({ answer: { status: 503 } }) });
  await it.load(['--password', 's3cret-password', '--fresh', '--retry-for', '0s', path]);
  expect((await stat(it.stateDir)).mode & 0o077).toBe(0);
  const names = await readdir(it.stateDir);
  expect(names.filter((name) => /rejected|checkpoint/.test(name)).length).toBeGreaterThan(2);
  for (const name of names) expect([name, (await stat(join(it.stateDir, name))).mode & 0o077]).toEqual([name, 0]);
});

test('the name of an input does not influence where files are written', async () => {
  const folder = join(it.folder, 'in', '..%2f..', '\u202e$(touch x)');
  await mkdir(folder, { recursive: true });
  const path = join(folder, "'; rm -rf ..\n.lp");
  await writeFile(path, bad);
  const before = await everything(it.folder);
  const { code, stderr } = await it.load(['--password', 's3cret-password', path]);
  expect(code).toBe(8);
  expect(stderr).not.toMatch(/\u202e|rm -rf \.\.\n/);
  const fresh = [...(await everything(it.folder)).keys()].filter((name) => !before.has(name));
  expect(
    fresh
      .map((name) =>
        name
          .replace(it.folder, '')
          .replace(/[0-9a-f]{12}/, 'LOAD')
          .replace(/-\d{8}T\d{6}Z/, '-T'),
      )
      .sort(),
  ).toEqual(expect.arrayContaining(['/state/LOAD.rejected-T.lp', '/state/LOAD.rejected-T.ndjson', '/summary.json']));
  expect(fresh.every((name) => name.startsWith(it.stateDir) || name.endsWith('/summary.json'))).toBe(true);
});

test('a redirect is not followed, so its destination gets neither points nor credentials', async () => {
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(String(request.headers.authorization));
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  try {
    const redirect = { answer: { status: 307, headers: { location } } };
    it.cluster.setScript({ onWrite: () => redirect, onOther: () => redirect });
    const { code } = await it.load(['--password', 's3cret-password', await it.file('a.lp', bad)]);
    expect([code, asked]).toEqual([4, []]);
  } finally {
    elsewhere.close();
  }
}, 60_000);
