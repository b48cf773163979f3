import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StateError } from '../../src/core/errors.js';
import { readCheckpoint, writeCheckpoint } from '../../src/state/checkpoint.js';
import { DeadLetters } from '../../src/state/dead-letters/dead-letters.js';
import { FinishedInputs } from '../../src/state/finished-inputs.js';
import { addToHistory } from '../../src/state/history.js';
import { prepareStateDir, readFailure, writeFailure, writeProblem } from '../../src/state/state-dir.js';
import { letter } from '../load/ledger/support.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the state directory is created with its parents, for the owner alone', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([prepareStateDir(path), prepareStateDir(path)]);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await prepareStateDir(path);
  await chmod(path, 0o755);
  await prepareStateDir(path);
});

test('a link to a directory is accepted; a file and a dangling link are refused', async () => {
  await symlink(folder, join(folder, 'link'));
  await prepareStateDir(join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
  await expect(prepareStateDir(join(folder, 'file'))).rejects.toThrow(/a path that exists and is not a directory/);
  await expect(prepareStateDir(join(folder, 'file', 'below'))).rejects.toThrow(/not a directory \((ENOTDIR|EEXIST)\)/);
  await expect(prepareStateDir(join(folder, 'dangling'))).rejects.toThrow(/EEXIST/);
});

test.runIf(existsSync('/proc/self'))(
  'a file system that refuses directories gives an error and no endless loop',
  async () => {
    await expect(prepareStateDir('/proc/bulk-load/state')).rejects.toThrow(/no such directory \(ENOENT\)/);
  },
);

test.each([0o777, 0o770, 0o1777])(
  'a directory of mode %o, which others can write, is refused with what to do',
  async (mode) => {
    const path = join(folder, 'shared');
    await mkdir(path);
    await chmod(path, mode);
    const failed = prepareStateDir(path);
    await expect(failed).rejects.toThrow(StateError);
    await expect(failed).rejects.toThrow(
      `preparing the state directory: expected ${path} to belong to this user, and to be writable only by this user, found a directory that others can write ` +
        `(mode ${mode.toString(8)}). Run \`chmod go-w\` on this directory, or name a subdirectory: --state-dir ${path}/bulk-load.`,
    );
    await prepareStateDir(join(path, 'bulk-load'));
  },
);

test.runIf(process.getuid?.() === 0)('a directory of another user is refused', async () => {
  await chown(folder, 12_345, 12_345);
  await expect(prepareStateDir(folder)).rejects.toThrow(/found a directory of user 12345\. Name a subdirectory/);
});

test.runIf(process.getuid?.() === 0)('no directory is named in one that this user cannot write', async () => {
  await chmod(folder, 0o755);
  const module = new URL('../../dist/state/state-dir.js', import.meta.url).href;
  const code = `const { prepareStateDir } = await import('${module}');
    process.setuid(12345);
    await prepareStateDir(process.argv[1]).catch((error) => console.log(error.message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code, folder], { encoding: 'utf8' });
  expect(stdout).toContain('found a directory of user 0. Name a directory of your own, or leave --state-dir out.');
});

test.each([
  ['ENOSPC', /no space left .* Free some space there, or name another directory with --state-dir\.$/],
  ['EACCES', /no permission .* Give this user write permission, or name another directory/],
  ['EROFS', /a read-only file system .* Name another directory/],
  ['ENOTDIR', /a part that is not a directory .* Name another directory/],
])('the error names the cause %s and what helps against it', (code, words) => {
  const error = Object.assign(new Error('it failed'), { code });
  expect(writeFailure('writing the checkpoint', '/x', error).message).toMatch(words);
});

test('the error of an unknown cause repeats its text, and names another directory for errors of the system', () => {
  const broken = Object.assign(new Error('it failed'), { code: 'EIO' });
  expect(writeProblem(broken)).toEqual({ found: 'it failed', fix: 'name another directory with --state-dir' });
  expect(writeProblem(new Error('it failed'))).toEqual({ found: 'it failed', fix: '' });
  expect(writeProblem('a text')).toEqual({ found: 'a text', fix: '' });
  expect(readFailure('/x', 'a text').message).toContain(', found a text. ');
});

test('no state file is written or read through a symbolic link', async () => {
  const secret = join(folder, 'secret');
  await writeFile(secret, 'keep this');
  const link = async (name: string): Promise<string> => {
    await symlink(secret, join(folder, name));
    return join(folder, name);
  };
  const checkpoint = { startedMs: 1, deadLetters: null, finishedBytes: 0, completing: null, inputs: [] };
  await expect(readCheckpoint(await link('a.checkpoint.json'))).rejects.toThrow(StateError);
  await writeCheckpoint(join(folder, 'a.checkpoint.json'), checkpoint);
  await link(`.b.checkpoint.json.${process.pid}.tmp`);
  await writeCheckpoint(join(folder, 'b.checkpoint.json'), checkpoint);
  await expect(new FinishedInputs(await link('a.inputs.ndjson')).open(0)).rejects.toThrow(/a symbolic link \(ELOOP\)/);
  await expect(addToHistory(await link('a.finished.ndjson'), [])).rejects.toThrow(/a symbolic link \(ELOOP\)/);
  await link('0123456789ab.rejected.lp');
  const letters = new DeadLetters(folder, '0123456789ab');
  await letters.prepare('now', { lengths: { '.ndjson': 0 }, completing: null });
  await symlink(secret, join(folder, '0123456789ab.rejected.lp'));
  await expect(letters.write('a.lp', [letter('x')])).rejects.toThrow(/a symbolic link \(ELOOP\)/);
  await letters.close(null);
  expect(await readFile(secret, 'utf8')).toBe('keep this');
});

test('a pipe in place of a state file is refused and does not block the process', async () => {
  const pipe = (name: string): string => {
    execFileSync('mkfifo', [join(folder, name)]);
    return join(folder, name);
  };
  await expect(readCheckpoint(pipe('a.checkpoint.json'))).rejects.toThrow(StateError);
  const refused = /something other than a regular file \(ENXIO\)\. Remove it, or name another directory/;
  await expect(new FinishedInputs(pipe('a.inputs.ndjson')).open(0)).rejects.toThrow(refused);
  await expect(addToHistory(pipe('a.finished.ndjson'), [])).rejects.toThrow(refused);
});
