// A disk that fills up during a load: no point is lost, and after the disk has room again the load is exact.

import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { balances, lines, scene } from '../support/scene.js';

/** Mounts a file system of one MiB that can be enlarged; null where mounting is not allowed. */
async function smallDisk(folder: string): Promise<{ path: string; enlarge: () => void } | null> {
  const path = join(folder, 'disk');
  await mkdir(path);
  try {
    execFileSync('sh', ['-c', 'mount -t tmpfs -o size=1m tmpfs "$0"', path], { stdio: 'ignore' });
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
