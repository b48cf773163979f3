// The whole program against a scripted cluster: its messages, its exit code, and the stored points.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { ClusterOptions } from '../support/cluster/cluster.js';
import { run } from '../support/programs/here.js';
import { balances, lines, type Scene, scene } from '../support/scene.js';
import { until } from '../support/until.js';

let open: Scene[] = [];

async function begin(options?: ClusterOptions): Promise<Scene> {
  const it = await scene(options);
  open.push(it);
  return it;
}

afterEach(async () => {
  await Promise.all(open.map((it) => it.end()));
  open = [];
});

test('one load takes files, directories, patterns and gzip, and reports each', async () => {
  const it = await begin();
  const plain = await it.file('a.lp', lines(3000, 'a'));
  await it.file('b.lp.gz', gzipSync(lines(2000, 'b')));
  await it.file('c.lp.gz', Buffer.concat([gzipSync(lines(10, 'c1')), gzipSync(lines(10, 'c2'))]));
  const running = it.start(['--batch-points', '500', plain, join(it.folder, '*.gz'), plain]);
  const { code, summary } = await it.result(running);
  expect(code).toBe(0);
  expect(summary).toMatchObject({
    outcome: 'complete',
    points: { read: 5020, loaded: 5020, rejected: 0, undelivered: 0 },
    values: { loaded: 5020 },
    target: { newTables: 4 },
    rejects: { deadLetters: null },
  });
  expect(summary?.inputs.map(({ read }) => read)).toEqual([3000, 2000, 20]);
  expect(it.cluster.points()).toBe(5020);
  expect(it.cluster.violations).toEqual([]);
});

test('standard input is read for -, and when no input is named', async () => {
  const it = await begin();
  expect((await it.start(['-'], { input: lines(100, 'a') }).ended).code).toBe(0);
  expect((await it.start([], { input: lines(50, 'b') }).ended).code).toBe(0);
  expect(it.cluster.points()).toBe(150);
});

test('standard input is not read when an input is named', async () => {
  const it = await begin();
  const path = await it.file('a.lp', lines(10));
  expect((await it.start([path], { input: lines(50, 'b') }).ended).code).toBe(0);
  expect(it.cluster.points()).toBe(10);
});

test('rejected points go to the dead letters, end the load with exit code 8, and load once they are corrected', async () => {
  const it = await begin();
  const bad = ['m f=oops 1640995200000000000', 'm,t= f=1 1640995200000000000', 'm/x f=1 1640995200000000000'];
  const path = await it.file('a.lp', `# comment\n${lines(10)}${bad.join('\n')}\n${lines(10, 'n')}`);
  const { code, summary, stderr } = await it.load([path]);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 23, loaded: 20, rejected: 3, undelivered: 0 });
  const [letters] = summary?.rejects.deadLetters ?? [];
  expect(await readFile(letters!, 'utf8')).toBe(`${bad.join('\n')}\n`);
  const reasons = (await readFile(summary!.rejects.reasons!, 'utf8')).trimEnd().split('\n');
  expect(reasons.map((line) => JSON.parse(line) as object)).toMatchObject([
    { input: path, line: 12, bytes: bad[0]!.length, endpoint: null },
    { line: 13 },
    { line: 14, byteOffset: Buffer.byteLength(`# comment\n${lines(10)}${bad[0]}\n${bad[1]}\n`) },
  ]);
  expect(stderr).toMatch(/a\.lp:1[234]:/);
  const mended = (await readFile(letters!, 'utf8')).replace('oops', '1').replace('t=', 't=x').replace('m/x', 'mx');
  expect((await it.load([await it.file('mended.lp', mended)])).code).toBe(0);
});

test('only the points that the target refuses are rejected', async () => {
  const refused = new Set(['7', '499', '500']);
  const it = await begin({
    script: {
      refusePoint: (point) =>
        refused.has(String(point.fields[0]?.[2]))
          ? { code: '050014', message: 'Apply engine failed: create expired bucket' }
          : undefined,
    },
  });
  const { code, summary } = await it.load([await it.file('a.lp', lines(1000))]);
  expect(code).toBe(8);
  expect(summary?.points).toMatchObject({ loaded: 997, rejected: 3 });
  expect(it.cluster.points()).toBe(997);
  const letters = await readFile(summary!.rejects.deadLetters![0]!, 'utf8');
  expect(letters.split('\n').map((line) => / f=(\d+) /.exec(line)?.[1])).toEqual(['7', '499', '500', undefined]);
});

test('a type that contradicts the target is rejected point by point and not sent', async () => {
  const it = await begin();
  await it.load([await it.file('a.lp', lines(5))]);
  const mixed = lines(4, 'm', (i) => (i % 2 === 0 ? `f=${i + 100}` : 'f="text"'));
  const { code, summary } = await it.load([await it.file('b.lp', mixed)]);
  expect(code).toBe(8);
  expect(summary?.rejects.byReason).toEqual({ 'type-conflict': 2 });
  expect(summary?.requests.rejected).toBe(0);
});

test('a load stops with exit code 3 when more is rejected than --max-rejected allows', async () => {
  const it = await begin();
  const path = await it.file('a.lp', `${lines(5)}${'bad\n'.repeat(20)}`);
  const { code, summary } = await it.load(['--max-rejected', '10', path]);
  expect(code).toBe(3);
  expect(summary?.outcome).toBe('too-many-rejects');
  expect(balances(summary!)).toBe(true);
});

test('a load ends with exit code 0 when the rejects are within --accept-rejects', async () => {
  const it = await begin();
  const path = await it.file('a.lp', `${lines(5)}bad\n`);
  expect((await it.load(['--accept-rejects', '1', path])).code).toBe(0);
});

test('a target that does not answer ends the load with exit code 5 after --wait-for-target', async () => {
  const it = await begin();
  await it.cluster.stopNode(0);
  const { code, summary } = await it.load(['--wait-for-target', '300ms', await it.file('a.lp', lines(5))]);
  expect(code).toBe(5);
  expect(summary).toMatchObject({ outcome: 'unavailable', points: { read: 0, loaded: 0 } });
  expect(summary?.continueWith).toContain('--wait-for-target');
});

test('a load waits for a target that starts late', async () => {
  const it = await begin();
  await it.cluster.stopNode(0);
  const running = it.begin(['--wait-for-target', '20s', '--log-level', 'debug', await it.file('a.lp', lines(5))]);
  await running.saw(/refused/i);
  await it.cluster.startNode(0);
  expect((await it.result(running)).code).toBe(0);
});

test.each([
  ['a wrong password', { credentials: 'root:secret' }, ['--password', 'wrong'], /password/i],
  ['an unknown database', { databases: ['other'] }, [], /database/i],
  ['a PRECISION that would merge points', { databases: { db: { precision: 'MS' } } }, [], /precision/i],
] as [string, ClusterOptions, string[], RegExp][])(
  '%s ends with exit code 4 before any point is sent',
  async (_, options, args, words) => {
    const it = await begin(options);
    const { code, summary, stderr } = await it.load([...args, await it.file('a.lp', lines(5))]);
    expect(code).toBe(4);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/\bwrong\b(?!-)/);
    expect(summary?.points.read).toBe(0);
    expect(it.cluster.writes).toEqual([]);
  },
);

test('STRICT_WRITE and a field that the target lacks end with exit code 4, since it would drop the field', async () => {
  const it = await begin({ databases: { db: { strict_write: true } } });
  const { code, stderr } = await it.load([await it.file('a.lp', lines(5))]);
  expect(code).toBe(4);
  expect(stderr).toContain('STRICT_WRITE');
  expect(it.cluster.writes).toEqual([]);
});

test('all points arrive through one endpoint when the other is killed', async () => {
  const it = await begin({ nodes: 2, script: { latencyMs: () => 5 } });
  const path = await it.file('a.lp', lines(20_000));
  const running = it.begin(['--batch-points', '200', path]);
  await until(() => it.cluster.writes.length >= 20);
  await it.cluster.stopNode(1);
  const { code, summary } = await it.result(running);
  expect(code).toBe(0);
  expect(summary?.points.loaded).toBe(20_000);
  expect(it.cluster.points()).toBe(20_000);
  expect(summary?.endpoints[1]?.failures).toBeGreaterThan(0);
});

test('Memory Exhausted reduces the requests in flight, and no point is lost', async () => {
  let refusals = 4;
  const it = await begin({
    script: {
      onWrite: () => {
        if (refusals === 0) return undefined;
        refusals -= 1;
        const body = JSON.stringify({ error_code: '050033', error_message: 'Memory Exhausted Retry Later' });
        return { answer: { status: 422, body } };
      },
    },
  });
  const { code, summary } = await it.load(['--batch-points', '500', await it.file('a.lp', lines(5000))]);
  expect(code).toBe(0);
  expect(it.cluster.points()).toBe(5000);
  expect(summary?.requests).toMatchObject({ overloaded: 4, retried: 4 });
});

test('a body over the limit of the target is split, and the size that works is remembered', async () => {
  const it = await begin({ script: { maxBodyBytes: 20_000 } });
  const { code, summary } = await it.load([await it.file('a.lp', lines(10_000))]);
  expect(code).toBe(0);
  expect(it.cluster.points()).toBe(10_000);
  expect(summary?.batches.cut.split).toBeGreaterThan(0);
  expect(summary?.pressure.bodyBytesFinal).toBeLessThan(25_000);
  // 360 KB in bodies of at most 20 KB: a load that forgot this size would have every batch refused first.
  expect(summary?.requests.rejected).toBeLessThan(12);
});

test('timestamps in the wrong unit stop the load before anything is sent, naming the unit that fits', async () => {
  const it = await begin();
  const path = await it.file('a.lp', 'm f=1 1640995200\nm f=2 1640995201\n');
  const { code, stderr } = await it.load([path]);
  expect(code).toBe(2);
  expect(stderr).toContain('--precision s');
  expect(it.cluster.writes).toEqual([]);
  expect((await it.load(['--precision', 's', path])).code).toBe(0);
  expect(it.cluster.points()).toBe(2);
});

test('missing timestamps are stamped so that no two points collide', async () => {
  const it = await begin();
  const path = await it.file('a.lp', 'm f=1\n'.repeat(500));
  expect((await it.load([path])).code).toBe(8);
  const { code } = await it.load(['--missing-timestamp', 'now', path]);
  expect(code).toBe(0);
  expect(it.cluster.points()).toBe(500);
});

test('a truncated gzip file is named and ends with exit code 7; its points and the other inputs are loaded', async () => {
  const it = await begin();
  const whole = gzipSync(lines(20_000, 'a'));
  const cut = await it.file('a.lp.gz', whole.subarray(0, whole.length - 2000));
  const good = await it.file('b.lp', lines(100, 'b'));
  const { code, summary } = await it.load([cut, good]);
  expect(code).toBe(7);
  expect(summary?.inputs[0]?.error).toContain('a.lp.gz');
  expect(summary?.inputs[0]?.loaded).toBeGreaterThan(0);
  expect(summary?.inputs[1]).toMatchObject({ loaded: 100, error: null });
  expect(it.cluster.points()).toBe(summary?.points.loaded);
});

test('an input without points ends with exit code 7, unless --min-points is 0', async () => {
  const it = await begin();
  const path = await it.file('empty.lp', '# nothing\n\n');
  expect((await it.load([path])).code).toBe(7);
  expect((await it.load(['--min-points', '0', path])).code).toBe(0);
});

test('--limit stops after that number of points', async () => {
  const it = await begin();
  const { code, summary } = await it.load([
    '--limit',
    '123',
    '--batch-points',
    '50',
    await it.file('a.lp', lines(1000)),
  ]);
  expect(code).toBe(0);
  expect(summary?.points).toMatchObject({ read: 123, loaded: 123 });
});

test('--in-order begins an input once the previous one is wholly acknowledged', async () => {
  const it = await begin();
  await it.load([
    await it.file(
      'columns.lp',
      lines(1, 'm', () => 'a=1,b=1,c=1'),
    ),
  ]);
  const early: string[] = [];
  const unanswered = new Map<string, number>();
  it.cluster.setScript({
    latencyMs: () => 3,
    onWrite: ({ points }) => {
      const name = points[0]!.fields[0]![0];
      for (const [other, before] of unanswered)
        if (other !== name && before < 10) early.push(`${name} before ${other}`);
      unanswered.set(name, (unanswered.get(name) ?? 0) + 1);
      return undefined;
    },
  });
  const file = (name: string): Promise<string> =>
    it.file(
      `${name}.lp`,
      lines(500, 'm', (i) => `${name}=${i}`),
    );
  const paths = await Promise.all(['a', 'b', 'c'].map(file));
  expect((await it.load(['--in-order', '--batch-points', '50', ...paths])).code).toBe(0);
  expect(early).toEqual([]);
  expect([...unanswered]).toEqual([
    ['a', 10],
    ['b', 10],
    ['c', 10],
  ]);
  // No write of one input was in flight when the first write of the next arrived.
  const records = it.cluster.writes.slice(1);
  for (const first of [10, 20]) {
    expect(records.slice(0, first).every(({ end }) => end !== null && end <= records[first]!.start)).toBe(true);
  }
});

test('--max-duration stops cleanly, as a signal would', async () => {
  const it = await begin({ script: { latencyMs: () => 50 } });
  const path = await it.file('a.lp', lines(100_000));
  const { code, summary } = await it.load(['--max-duration', '1s', '--batch-points', '100', path]);
  expect(code).toBe(143);
  expect(summary?.outcome).toBe('interrupted');
  expect(balances(summary!)).toBe(true);
});

test('--quiet prints nothing for a complete load, and the whole summary for any other', async () => {
  const it = await begin();
  expect(await it.start(['--quiet', await it.file('a.lp', lines(5))]).ended).toMatchObject({
    code: 0,
    stderr: '',
    stdout: '',
  });
  const bad = await it.load(['--quiet', await it.file('b.lp', `${lines(5)}bad\n`)]);
  expect(bad.code).toBe(8);
  expect(bad.stderr).toContain('rejected');
});

test('an older summary does not survive a new run that fails', async () => {
  const it = await begin();
  await it.load([await it.file('a.lp', lines(5))]);
  await it.cluster.stopNode(0);
  const { summary } = await it.load(['--wait-for-target', '1ms', await it.file('b.lp', lines(7))]);
  expect(summary?.outcome).toBe('unavailable');
  expect((await it.load(['no-such-file.lp'])).summary).toBeNull();
});

test('all bad options are reported at once, each with its origin, and nothing is sent', async () => {
  const { code, stderr } = await run(['--db', 'x', '--workers', '0', '--batch-bytes', '5x', 'no-such-file'], {
    env: { BULK_LOAD_MAX_POINT_BYTES: 'huge' },
  });
  expect(code).toBe(2);
  for (const name of ['--workers', '--batch-bytes', 'BULK_LOAD_MAX_POINT_BYTES']) expect(stderr).toContain(name);
  expect(stderr).toContain('BULK_LOAD_MAX_POINT_BYTES');
});

test('a state directory that cannot be written ends with exit code 73 before anything is sent', async () => {
  const it = await begin();
  const blocker = await it.file('blocker', '');
  const { code, stderr } = await it.load(['--state-dir', join(blocker, 'state'), await it.file('a.lp', lines(5))]);
  expect(code).toBe(73);
  expect(stderr).toContain('--state-dir');
  expect(it.cluster.writes).toEqual([]);
});

test('a point longer than --max-point-bytes goes to the dead letters whole, however long it is', async () => {
  const it = await begin();
  const long = `m f="${'x'.repeat(3_000_000)}" 1640995200000000000`;
  const path = await it.file('a.lp', `${lines(5)}${long}\n${lines(5, 'n')}`);
  const { code, summary } = await it.load(['--max-point-bytes', '64KiB', path]);
  expect(code).toBe(8);
  expect(summary?.points).toMatchObject({ read: 11, loaded: 10, rejected: 1 });
  expect(await readFile(summary!.rejects.deadLetters![0]!, 'utf8')).toBe(`${long}\n`);
  expect((await readdir(it.stateDir)).filter((name) => name.endsWith('.part'))).toEqual([]);
});
