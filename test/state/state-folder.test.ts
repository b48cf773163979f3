import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStateDir } from '../../src/state/state-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('it is made with all above it, for its owner alone; one that is there stays as it is', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([makeStateDir(path), makeStateDir(path)]);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await makeStateDir(path);
});

test('a link to a folder is one; a file and a link to nowhere are none', async () => {
  await symlink(folder, join(folder, 'link'));
  await makeStateDir(join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
  await expect(makeStateDir(join(folder, 'file'))).rejects.toThrow(/EEXIST/);
  await expect(makeStateDir(join(folder, 'file', 'below'))).rejects.toThrow(/ENOTDIR|EEXIST/);
  await expect(makeStateDir(join(folder, 'dangling'))).rejects.toThrow(/EEXIST/);
});

test.runIf(existsSync('/proc/self'))('where nothing can be made it says so, and does not try for ever', async () => {
  await expect(makeStateDir('/proc/bulk-load/state')).rejects.toThrow(/ENOENT/);
});
