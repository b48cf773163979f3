import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collisions } from '../../src/config/file-collisions.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'places-'));
  writeFileSync(join(folder, 'there'), '');
  symlinkSync(join(folder, 'there'), join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function found(given: Record<string, unknown>): string[] {
  return collisions((key) => given[key]);
}

test('two results in one file are said, however it is spelled', () => {
  const words = 'summary: expected a file of its own, got that of --dry-run: name another one';
  expect(found({ dryRun: join(folder, 'new'), summary: `${folder}/../${folder.split('/').at(-1)}/new` })).toEqual([
    words,
  ]);
  expect(found({ dryRun: join(folder, 'there'), summary: join(folder, 'link') })).toEqual([words]);
  expect(found({ report: join(folder, 'new'), metricsFile: join(folder, 'new') })).toHaveLength(1);
});

test('a result in a file that the settings come from is said', () => {
  expect(found({ config: join(folder, 'there'), dryRun: join(folder, 'link') })).toEqual([
    'dryRun: expected a file of its own, got that of --config: name another one',
  ]);
});

test('one file may be read for two things, and what is no file may be written to twice', () => {
  expect(found({ cert: join(folder, 'there'), key: join(folder, 'there') })).toEqual([]);
  expect(found({ report: '/dev/null', summary: '/dev/null' })).toEqual([]);
  expect(found({ dryRun: '-', summary: '-' })).toEqual([]);
  expect(found({ dryRun: true, summary: join(folder, 'a'), report: join(folder, 'b') })).toEqual([]);
});
