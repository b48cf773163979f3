import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collisions } from '../../../src/config/layers/file-collisions.js';
import { lineOf } from '../support.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'places-'));
  writeFileSync(join(folder, 'there'), '');
  symlinkSync(join(folder, 'there'), join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function found(given: Record<string, unknown>): string[] {
  return collisions((key) => given[key]).map(lineOf);
}

test('two results in one file are a problem, however the file is spelled', () => {
  const words = 'summary: expected a file that no other option names, found the file of --dry-run. Name another file.';
  expect(found({ dryRun: join(folder, 'new'), summary: `${folder}/../${folder.split('/').at(-1)}/new` })).toEqual([
    words,
  ]);
  expect(found({ dryRun: join(folder, 'there'), summary: join(folder, 'link') })).toEqual([words]);
  expect(found({ report: join(folder, 'new'), metricsFile: join(folder, 'new') })).toHaveLength(1);
});

test('a result in the config file is a problem', () => {
  expect(found({ config: join(folder, 'there'), dryRun: join(folder, 'link') })).toEqual([
    'dryRun: expected a file that no other option names, found the file of --config. Name another file.',
  ]);
});

test('one file may be read for two options, and a device may be written for two options', () => {
  expect(found({ cert: join(folder, 'there'), key: join(folder, 'there') })).toEqual([]);
  expect(found({ report: '/dev/null', summary: '/dev/null' })).toEqual([]);
  expect(found({ dryRun: '-', summary: '-' })).toEqual([]);
  expect(found({ dryRun: true, summary: join(folder, 'a'), report: join(folder, 'b') })).toEqual([]);
});

test('a name that is too long for the file system is no collision and no error', () => {
  expect(found({ summary: 'x'.repeat(300), report: 'y'.repeat(5000) })).toEqual([]);
});
