// A disk that fills up during a load: no point is lost, and after the disk has room again the load is exact.

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { balances, lines, scene } from '../../support/scene.js';

/** Mounts a file system of one MiB that can be enlarged; null where mounting is not allowed. */
async function smallDisk(folder: string): Promise<{ path: string; enlarge: () => void } | null> {
  const path = join(folder, 'disk');
  await mkdir(path);
  try {
    execFileSync('sh', ['-c', 'mount -t tmpfs -o size=1m,mode=700 tmpfs "$0"', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('sh', ['-c', 'umount "$0"', path]));
  return { path, enlarge: () => void execFileSync('sh', ['-c', 'mount -o remount,size=16m "$0"', path]) };
}

test('a full disk for dead letters and checkpoints ends with exit code 73, and the load resumes exactly once there is room', {
  timeout: 120_000,
}, async ({ skip }) => {
  const it = await scene();
  onTestFinished(() => it.end());
  const disk = await smallDisk(it.folder);
  if (disk === null) return skip('mounting a small file system is not allowed here');
  const bad = Array.from({ length: 900 }, (_, i) => `bad ${i} ${'x'.repeat(2000)}`);
  const good = lines(900).trimEnd().split('\n');
  const path = await it.file('a.lp', `${good.map((line, i) => `${line}\n${bad[i]}\n`).join('')}`);
  const args = ['--state-dir', disk.path, '--batch-points', '50', path];
  const full = await it.load(args);
  expect(full.code).toBe(73);
  expect(full.stderr).toContain('ENOSPC');
  expect(balances(full.summary!)).toBe(true);
  expect(full.summary!.points.rejected).toBeGreaterThan(100);
  expect((await it.load(args)).code).toBe(73);
  disk.enlarge();
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 1800, loaded: 900, rejected: 900, undelivered: 0 });
  expect(it.cluster.points()).toBe(900);
  const letters = (await readFile(summary!.rejects.deadLetters![0]!, 'utf8')).trimEnd().split('\n');
  expect(letters.sort()).toEqual(bad.sort());
});

test('an input without an end of line, such as /dev/zero, ends with exit code 3 before it fills the disk', {
  timeout: 60_000,
}, async () => {
  const it = await scene();
  onTestFinished(() => it.end());
  const { code, stderr } = await it.load(['--max-reject-bytes', '4MiB', '/dev/zero']);
  expect(code).toBe(3);
  expect(stderr).toContain('at most 4 MiB of dead letters on disk (--max-reject-bytes)');
});

test('a load that stopped at --max-reject-bytes resumes exactly with more', async () => {
  const it = await scene();
  onTestFinished(() => it.end());
  const bad = Array.from({ length: 1000 }, (_, i) => `bad ${i} ${'x'.repeat(200)}\n`).join('');
  const args = ['--batch-points', '50', '--max-rejected', '100%', await it.file('a.lp', `${lines(300)}${bad}`)];
  const stopped = await it.load(['--max-reject-bytes', '64KiB', ...args]);
  expect(stopped.code).toBe(3);
  expect(balances(stopped.summary!)).toBe(true);
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 1300, loaded: 300, rejected: 1000, undelivered: 0 });
  expect(await readFile(summary!.rejects.deadLetters![0]!, 'utf8')).toBe(bad);
});

test.each([
  ['that others can write', async (path: string) => await chmod(path, 0o777), 'a directory that others can write'],
  ['of another user', async (path: string) => await chown(path, 12_345, 12_345), 'a directory of user 12345'],
])('a state directory %s ends with exit code 73 before anything is sent', async (_, change, found) => {
  const it = await scene();
  onTestFinished(() => it.end());
  const path = join(it.folder, 'shared');
  await mkdir(path);
  try {
    await change(path);
  } catch {
    // Only the superuser can give a directory away.
    await chmod(path, 0o777);
  }
  const { code, stderr } = await it.load(['--state-dir', path, await it.file('a.lp', lines(10))]);
  expect(code).toBe(73);
  expect(stderr).toMatch(new RegExp(process.getuid?.() === 0 ? found : 'a directory'));
  expect(stderr).toContain('--state-dir');
  expect(stderr).not.toMatch(/defect|^\s+at /m);
  expect(it.cluster.points()).toBe(0);
});
