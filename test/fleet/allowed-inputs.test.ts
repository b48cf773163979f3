// Which files and URLs a job may name.

import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowInputs } from '../../src/fleet/allowed-inputs.js';

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'bulk-load-allow-')));
  await mkdir(join(folder, 'data', '2024'), { recursive: true });
  for (const name of ['data/a.lp', 'data/2024/b.lp', 'data/c.csv', 'secret'])
    await writeFile(join(folder, name), 'm f=1 1\n');
  await symlink(join(folder, 'secret'), join(folder, 'data', 'link.lp'));
  await symlink(join(folder, 'data', 'a.lp'), join(folder, 'data', 'other.lp'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['a.lp', 'data/a.lp'],
  ['2024/b.lp', 'data/2024/b.lp'],
  ['other.lp', 'data/a.lp'],
  ['c.csv', null],
  ['none.lp', null],
  ['link.lp', null],
  ['../secret', null],
  ['2024/../a.lp', null],
  ['/etc/passwd', null],
  ['', null],
])('the name %o stands for %o', async (name, path) => {
  const allowed = await allowInputs([join(folder, 'data/**.lp'), join(folder, 'data/**/*.lp')], '/');
  const found = [...new Set(await allowed.pathsOf(name))];
  expect(found).toEqual(path === null ? [] : [join(folder, path)]);
});

test('a folder without special characters allows all below it, and names are relative to it', async () => {
  const allowed = await allowInputs(['data'], folder);
  expect(allowed.nameOf(join(folder, 'data/2024/b.lp'))).toBe('2024/b.lp');
  expect(allowed.nameOf(join(folder, 'secret'))).toBeNull();
});

test.each([
  ['s3://readings/2024/a.parquet', true],
  ['s3://other/2024/a.parquet', false],
  ['s3://readings/../other/a', false],
  ['s3://readings-2/a', false],
  ['https://files.example.com/x/a.lp', true],
  ['https://files.example.com/y/a.lp', false],
  ['https://files.example.com/x/a.lp?token=1', false],
  ['https://files.example.com.evil.com/x/a.lp', false],
])('the URL %s is allowed: %o', async (url, isAllowed) => {
  const allowed = await allowInputs(['s3://readings/**', 'https://files.example.com/x/**'], '/');
  expect([allowed.nameOf(url), await allowed.pathsOf(url)]).toEqual(isAllowed ? [url, [url]] : [null, []]);
});
