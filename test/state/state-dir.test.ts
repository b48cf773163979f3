import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStateDir } from '../../src/state/state-dir.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the state directory is created with its parents, for the owner alone', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([makeStateDir(path), makeStateDir(path)]);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await makeStateDir(path);
});

test('a link to a directory is accepted; a file and a dangling link are refused', async () => {
  await symlink(folder, join(folder, 'link'));
  await makeStateDir(join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
  await expect(makeStateDir(join(folder, 'file'))).rejects.toThrow(/EEXIST/);
  await expect(makeStateDir(join(folder, 'file', 'below'))).rejects.toThrow(/ENOTDIR|EEXIST/);
  await expect(makeStateDir(join(folder, 'dangling'))).rejects.toThrow(/EEXIST/);
});

test.runIf(existsSync('/proc/self'))(
  'a file system that refuses directories gives an error and no endless loop',
  async () => {
    await expect(makeStateDir('/proc/bulk-load/state')).rejects.toThrow(/ENOENT/);
  },
);
