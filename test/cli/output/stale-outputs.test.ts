// No result of an earlier run survives a new run, however it ends.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeStaleOutputs } from '../../../src/cli/output/stale-outputs.js';
import { run } from '../../support/programs/here.js';

let folder: string;
const contents = {
  'a.json': '{\n  "formatVersion": 1',
  'a.html': '<!doctype html>\n<!-- a report of bulk-load -->',
  'a.prom': '# HELP bulk_load_inputs Inputs of this run.\n',
};
const path = (name: keyof typeof contents): string => join(folder, name);
const left = (): string[] => Object.keys(contents).filter((name) => existsSync(join(folder, name)));
const named = (): string[] => [
  '--summary',
  path('a.json'),
  `--report=${path('a.html')}`,
  '--metrics-file',
  path('a.prom'),
];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content);
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  ['a missing input', ['--db', 'db', '/no/such/file']],
  ['a bad value', ['--db', 'db', '--workers', 'many', 'a.lp']],
  ['an unknown option', ['--db', 'db', '--work', '3', 'a.lp']],
  ['a switch with a wrong value', ['--db', 'db', '--quiet=perhaps', 'a.lp']],
  ['no database', ['a.lp']],
])('a run that ends because of %s removes the results of an earlier run', async (_, args) => {
  const { code } = await run([...named(), '--state-dir', join(folder, 'state'), ...args]);
  expect([code, left()]).toEqual([2, []]);
});

test('results named in the environment are removed unless a flag overrides them', async () => {
  const env = { BULK_LOAD_METRICS_FILE: path('a.prom'), BULK_LOAD_SUMMARY: path('a.json'), BULK_LOAD_REPORT: '' };
  const { code } = await run(['--summary', '-', '--work', '3', 'a.lp'], { env });
  expect([code, left()]).toEqual([2, ['a.json', 'a.html']]);
});

test('other commands remove nothing, and no file other than a result is removed', async () => {
  const argv = (...words: string[]): string[] => ['node', 'bulk-load', ...words];
  await removeStaleOutputs({ argv: argv('--db', 'x', 'check', ...named()), env: {} });
  await removeStaleOutputs({ argv: argv('--nothing', '--', ...named()), env: {} });
  await removeStaleOutputs({ argv: argv('--metrics-file', path('a.json'), '--report', folder), env: {} });
  expect(left()).toEqual(Object.keys(contents));
});
