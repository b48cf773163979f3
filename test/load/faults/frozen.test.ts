// A real server process that SIGSTOP stops during a load and SIGCONT continues: the load waits, reports that, and loses no
// point.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import { sql } from '../../serve/raw-http.js';
import { type Running, start } from '../../support/programs/process.js';
import { balances, lines } from '../../support/scene.js';
import { until } from '../../support/until.js';

const count = 4000;

let folder: string;
let server: Running;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-frozen-'));
  server = start(['serve', '--listen', '127.0.0.1:0']);
});

afterEach(async () => {
  server.kill('SIGCONT');
  server.kill('SIGKILL');
  await server.ended;
  await rm(folder, { recursive: true, force: true });
});

test('a load survives a server that is stopped and continued, and every point is stored once', async () => {
  await server.saw(/serving at http/);
  const url = /serving at (\S+),/.exec(server.stderr())![1]!;
  const summaryFile = join(folder, 'summary.json');
  const common = ['--url', url, '--db', 'public', '--state-dir', folder, '--summary', summaryFile];
  const limits = ['--batch-points', '50', '--batch-linger', '50ms', '--request-timeout', '600ms'];
  const loader = start([...common, ...limits, '-'], { input: null });
  const all = lines(count).split('\n');
  const part = (from: number, to: number): string => `${all.slice(from, to).join('\n')}\n`;
  const stored = async (): Promise<number> => {
    const { body } = await sql(url, 'public', 'SELECT count(f) AS n FROM m');
    return Number(/"n":(\d+)/.exec(body)?.[1] ?? 0);
  };
  loader.child.stdin!.write(part(0, count / 2));
  await until(async () => (await stored()) >= count / 4);
  server.kill('SIGSTOP');
  loader.child.stdin!.end(part(count / 2, count));
  await loader.saw(/no answer within 600ms/);
  server.kill('SIGCONT');
  const { code, stderr } = await loader.ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining('trying again')]);
  const summary = JSON.parse(await readFile(summaryFile, 'utf8')) as Summary;
  expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(balances(summary)).toBe(true);
  expect(summary.requests.retried).toBeGreaterThan(0);
  const { body } = await sql(url, 'public', 'SELECT time, t, f FROM m ORDER BY time');
  const expected = Array.from({ length: count }, (_, i) => ({
    time: new Date((1_640_995_200 + i) * 1000).toISOString().slice(0, 19),
    t: 'a',
    f: i,
  }));
  expect(JSON.parse(body)).toEqual(expected);
});
