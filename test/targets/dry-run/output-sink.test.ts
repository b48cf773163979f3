import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InterruptedError, StateError, UsageError } from '../../../src/core/errors.js';
import { fileSink, standardOutputSink } from '../../../src/targets/dry-run/output-sink.js';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'output-sink-')));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = Buffer.from('m f=1 1\n');

test('a file appears once it is complete', async () => {
  const path = join(folder, 'out.lp');
  const sink = fileSink(path, []);
  await sink.open();
  await sink.write(bytes);
  expect(await readdir(folder)).not.toContain('out.lp');
  await sink.write(bytes);
  await sink.close(true);
  expect(await readFile(path, 'utf8')).toBe('m f=1 1\nm f=1 1\n');
  expect(await readdir(folder)).toEqual(['out.lp']);
});

test('an incomplete run leaves the old file and no temporary file', async () => {
  const path = join(folder, 'out.lp');
  await writeFile(path, 'before');
  const sink = fileSink(path, []);
  await sink.open();
  await sink.write(bytes);
  await sink.close(false);
  expect(await readFile(path, 'utf8')).toBe('before');
  expect(await readdir(folder)).toEqual(['out.lp']);
});

test('an input is never overwritten, under any name', async () => {
  const path = join(folder, 'in.csv');
  await writeFile(path, 'data');
  await symlink(path, join(folder, 'link'));
  for (const name of [path, join(folder, 'link'), join(folder, '.', 'in.csv')]) {
    const sink = fileSink(name, [null, path]);
    await expect(sink.open()).rejects.toThrow(/an input of this load/);
    await sink.close(false);
  }
  expect(await readFile(path, 'utf8')).toBe('data');
});

test.each(['.', 'missing/out.lp'])('the output %s is refused before any input is read', async (name) => {
  await expect(fileSink(join(folder, name), []).open()).rejects.toThrow(UsageError);
});

test('a symbolic link stays, and its target is replaced', async () => {
  await writeFile(join(folder, 'real.lp'), 'before');
  await symlink('real.lp', join(folder, 'link.lp'));
  const sink = fileSink(join(folder, 'link.lp'), []);
  await sink.open();
  await sink.write(bytes);
  await sink.close(true);
  expect(await readFile(join(folder, 'real.lp'), 'utf8')).toBe('m f=1 1\n');
  expect((await readdir(folder, { withFileTypes: true })).map((each) => each.isSymbolicLink())).toEqual([true, false]);
});

test.skipIf(process.platform !== 'linux')('a device is written directly, and a full device is an error', async () => {
  const sink = fileSink('/dev/full', []);
  await sink.open();
  await expect(sink.write(bytes)).rejects.toThrow(StateError);
  await sink.close(false);
});

test('standard output reports a closed pipe and a full disk', async () => {
  const seen: string[] = [];
  let error: NodeJS.ErrnoException | null = null;
  const sink = standardOutputSink({
    write(part, done) {
      seen.push(Buffer.from(part).toString());
      done(error);
    },
  });
  await sink.open();
  await sink.write(bytes);
  expect(seen).toEqual(['m f=1 1\n']);
  error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  await expect(sink.write(bytes)).rejects.toThrow(InterruptedError);
  error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  await expect(sink.write(bytes)).rejects.toThrow(StateError);
});

test('a pipe without a reader is refused, and a pipe with a reader gets every byte', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  await expect(fileSink(path, [], [0, 20, 30]).open()).rejects.toThrow(/a pipe without a reader/);
  const read = readFile(path, 'utf8');
  const sink = fileSink(path, []);
  await sink.open();
  await sink.write(bytes);
  await sink.close(true);
  expect(await read).toBe('m f=1 1\n');
});
