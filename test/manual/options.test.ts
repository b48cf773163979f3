import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fences, readPage } from '../support/manual.js';
import { run } from '../support/programs/here.js';
import { expectExamples } from './example-pages.js';

const path = 'src/manual/options.md';

test('every command of the page on options prints what the page shows', async () => {
  await expectExamples(path, {});
});

test('check understands every key of the whole configuration file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-manual-'));
  const file = fences(await readPage(path)).find((fence) => fence.file === 'nightly.yaml')!;
  const config = file.body.replaceAll(/\/(?:etc|var)\/[\w/-]+\//g, `${folder}/`).replace('/var/lib/bulk-load', folder);
  await writeFile(join(folder, 'nightly.yaml'), config.replace(/http:\/\/db(\d):8902/g, 'http://127.0.0.$1:9'));
  await writeFile(join(folder, 'password'), 'secret\n');
  await writeFile(join(folder, 'a.csv'), 'time,name,fleet,fuel,status\n2022-01-01T00:00:00Z,a,East,1,ok\n');
  const args = ['check', '--config', join(folder, 'nightly.yaml'), '--wait-for-target', '0s', join(folder, 'a.csv')];
  const { code, stderr } = await run(args);
  await rm(folder, { recursive: true });
  expect([code, stderr]).toEqual([5, expect.stringContaining('127.0.0.1:9')]);
  const keys = config.match(/^ *\w+(?=:)/gm)!.filter((key) => key !== 'mapping');
  expect(keys.length).toBeGreaterThan(20);
  for (const key of keys)
    expect(stderr).toContain(key.trim().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
});
