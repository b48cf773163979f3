// Metrics of a run over HTTP and in a file, and the status line on a signal.

import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;
let busy = true;
/** Resolves at the first write. */
let tried: Promise<void>;

beforeEach(async () => {
  busy = true;
  let seen = (): void => {};
  tried = new Promise((resolve) => {
    seen = resolve;
  });
  // The target refuses everything until the test allows it.
  const onWrite = () => {
    seen();
    return busy ? { answer: { status: 503 } } : undefined;
  };
  it = await scene({ script: { onWrite } });
});
afterEach(() => it.end());

test('--metrics-listen serves metrics during the run, at /metrics only', async () => {
  const running = it.begin(['--metrics-listen', '127.0.0.1:0', await it.file('a.lp', lines(100))]);
  await running.saw(/metrics at http:\S+/);
  const [url] = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(running.stderr())!;
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await answer.text()).toMatch(/^bulk_load_points_loaded_total 0$/m);
  expect((await fetch(new URL('/', url))).status).toBe(404);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  busy = false;
  expect((await running.ended).code).toBe(0);
});

test('--metrics-file appears whole at the end, and an older file is gone before', async () => {
  const path = join(it.folder, 'run.prom');
  await writeFile(path, '# HELP bulk_load_old of an earlier run\n');
  const running = it.begin(['--metrics-file', path, await it.file('a.lp', lines(100))]);
  await running.saw(/memory limit/);
  await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  busy = false;
  await running.ended;
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(/^bulk_load_points_loaded_total 100$/m);
  expect(text).toMatch(/^bulk_load_exit_code\{outcome="complete"\} 0$/m);
});

test('an address in use is refused before anything is sent', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  try {
    const { code, stderr } = await it.load(['--metrics-listen', `:${port}`, await it.file('a.lp', lines(1))]);
    expect([code, it.cluster.writes.length]).toEqual([2, 0]);
    expect(stderr).toMatch(/--metrics-listen/);
  } finally {
    other.close();
  }
});

test.each(['SIGUSR2', 'SIGUSR1'] as const)(
  '%s prints a status line, also with --quiet, and does not end the run',
  async (signal) => {
    const running = it.start(['--quiet', '--metrics-listen', ':0', await it.file('a.lp', lines(100))]);
    await tried;
    running.kill(signal);
    await running.saw(/^\d\S*s: .*0 points.*memory/m);
    busy = false;
    expect((await running.ended).code).toBe(0);
  },
);
