import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InterruptedError, StateError, UsageError } from '../../../src/core/errors.js';
import { fileSink as file, standardOutputSink as standardOutput } from '../../../src/targets/dry-run/output-sink.js';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'outlet-')));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = Buffer.from('m f=1 1\n');

test('a file is there once it is whole, and only then', async () => {
  const path = join(folder, 'out.lp');
  const outlet = file(path, []);
  await outlet.open();
  await outlet.write(bytes);
  expect(await readdir(folder)).not.toContain('out.lp');
  await outlet.write(bytes);
  await outlet.close(true);
  expect(await readFile(path, 'utf8')).toBe('m f=1 1\nm f=1 1\n');
  expect(await readdir(folder)).toEqual(['out.lp']);
});

test('what was there before stays when the run did not come to its end, and nothing else does', async () => {
  const path = join(folder, 'out.lp');
  await writeFile(path, 'before');
  const outlet = file(path, []);
  await outlet.open();
  await outlet.write(bytes);
  await outlet.close(false);
  expect(await readFile(path, 'utf8')).toBe('before');
  expect(await readdir(folder)).toEqual(['out.lp']);
});

test('a file that is read from is not written over, by whatever name, and is not touched', async () => {
  const path = join(folder, 'in.csv');
  await writeFile(path, 'data');
  await symlink(path, join(folder, 'link'));
  for (const name of [path, join(folder, 'link'), join(folder, '.', 'in.csv')]) {
    const outlet = file(name, [null, path]);
    await expect(outlet.open()).rejects.toThrow(/read from/);
    await outlet.close(false);
  }
  expect(await readFile(path, 'utf8')).toBe('data');
});

test.each(['.', 'missing/out.lp'])('%s is refused before anything is read', async (name) => {
  await expect(file(join(folder, name), []).open()).rejects.toThrow(UsageError);
});

test('a link stays a link, and what it leads to is replaced', async () => {
  await writeFile(join(folder, 'real.lp'), 'before');
  await symlink('real.lp', join(folder, 'link.lp'));
  const outlet = file(join(folder, 'link.lp'), []);
  await outlet.open();
  await outlet.write(bytes);
  await outlet.close(true);
  expect(await readFile(join(folder, 'real.lp'), 'utf8')).toBe('m f=1 1\n');
  expect((await readdir(folder, { withFileTypes: true })).map((each) => each.isSymbolicLink())).toEqual([true, false]);
});

test.skipIf(process.platform !== 'linux')('a device is written to as it is, and a full one is said', async () => {
  const outlet = file('/dev/full', []);
  await outlet.open();
  await expect(outlet.write(bytes)).rejects.toThrow(StateError);
  await outlet.close(false);
});

test('standard output takes bytes, and says of a reader that has gone away', async () => {
  const seen: string[] = [];
  let error: NodeJS.ErrnoException | null = null;
  const outlet = standardOutput({
    write(part, done) {
      seen.push(Buffer.from(part).toString());
      done(error);
    },
  });
  await outlet.open();
  await outlet.write(bytes);
  expect(seen).toEqual(['m f=1 1\n']);
  error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  await expect(outlet.write(bytes)).rejects.toThrow(InterruptedError);
  error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  await expect(outlet.write(bytes)).rejects.toThrow(StateError);
});

test('a pipe that nobody reads from is said; one that is read from gets everything', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  await expect(file(path, [], [0, 20, 30]).open()).rejects.toThrow(/a pipe that nobody reads from/);
  const read = readFile(path, 'utf8');
  const outlet = file(path, []);
  await outlet.open();
  await outlet.write(bytes);
  await outlet.close(true);
  expect(await read).toBe('m f=1 1\n');
});
