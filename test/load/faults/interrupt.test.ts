// A signal in each state of the run ends it soon, with exit code 130 or 143 and balanced totals.

import { afterEach, expect, test } from 'vitest';
import type { Going } from '../../support/programs/process.js';
import { balances, lines, type Scene, scene } from '../../support/scene.js';
import { until } from '../../support/until.js';

let it: Scene;

afterEach(() => it.end());

async function interrupted(running: Going, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
  running.kill(signal);
  const { code, summary } = await it.result(running);
  expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
  expect(summary?.outcome).toBe('interrupted');
  expect(summary?.continueWith).toContain('bulk-load');
  expect(balances(summary!)).toBe(true);
  expect(it.cluster.points()).toBe(summary?.points.loaded);
}

test('a signal ends the load while standard input is idle', async () => {
  it = await scene();
  const running = it.start(['--batch-linger', '50ms', '-'], { input: null });
  running.child.stdin!.write(lines(10));
  await until(() => it.cluster.points() === 10);
  await interrupted(running);
});

test('a signal ends the load while it reads', async () => {
  it = await scene();
  const running = it.start([await it.file('a.lp', lines(300_000))]);
  await until(() => it.cluster.writes.length > 2);
  await interrupted(running, 'SIGTERM');
});

test('a signal ends the load while it waits for the target', async () => {
  it = await scene();
  await it.cluster.stopNode(0);
  const running = it.begin(['--log-level', 'debug', await it.file('a.lp', lines(10))]);
  await running.saw(/refused/i);
  await interrupted(running);
});

test('a signal ends the load while it waits before a retry', async () => {
  it = await scene({ script: { onWrite: () => ({ answer: { status: 503, headers: { 'retry-after': '60' } } }) } });
  const running = it.begin([await it.file('a.lp', lines(10))]);
  await until(() => it.cluster.writes.length === 1);
  await interrupted(running);
});

test('a request in flight that is acknowledged within 10 s of a signal counts as loaded', async () => {
  it = await scene({ script: { latencyMs: () => 700 } });
  const running = it.begin([await it.file('a.lp', lines(10))]);
  await until(() => it.cluster.writes.length === 1);
  await interrupted(running);
  expect(it.cluster.points()).toBe(10);
});

test('a signal ends the load while an exclusive batch waits for its columns', async () => {
  it = await scene({ script: { onWrite: () => ({ close: true }) } });
  const running = it.begin([await it.file('a.lp', lines(10))]);
  await until(() => it.cluster.statements.some((statement) => statement.includes('DESCRIBE TABLE')));
  await interrupted(running);
});

test('a second signal does not wait for the request in flight', async () => {
  it = await scene({ script: { onWrite: () => ({ hang: true }) } });
  const running = it.start([await it.file('a.lp', lines(10))]);
  await until(() => it.cluster.writes.length === 1);
  running.kill('SIGINT');
  await running.saw(/send the signal again to stop at once/);
  await interrupted(running);
});
