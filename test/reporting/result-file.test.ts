import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { StateError, UsageError } from '../../src/core/errors.js';
import type { Summary } from '../../src/core/types/index.js';
import { prepareResult, writeResult } from '../../src/reporting/result-file.js';
import { summaryJson } from '../../src/reporting/summary.js';

const top = mkdtempSync(join(tmpdir(), 'result-'));
afterAll(() => rmSync(top, { recursive: true }));

let folder = top;
let n = 0;
beforeEach(() => {
  folder = join(top, String(n++));
  mkdirSync(folder);
});

test('an older result does not survive the start', async () => {
  const path = join(folder, 's.json');
  await writeResult(path, summaryJson({ formatVersion: 1 } as Summary));
  await prepareResult(path);
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that is no earlier result is never removed: it may be data', async () => {
  const path = join(folder, 'data.lp');
  writeFileSync(path, 'm f=1 1640995200000000000\n');
  await expect(prepareResult(path)).rejects.toThrow(/no earlier result/);
  expect(readFileSync(path, 'utf8')).toContain('m f=1');
});

test('a result is written whole and leaves nothing beside it', async () => {
  const path = join(folder, 's.json');
  await prepareResult(path);
  await writeResult(path, 'first, longer');
  await writeResult(path, 'second');
  expect(readFileSync(path, 'utf8')).toBe('second');
  expect(readdirSync(folder)).toEqual(['s.json']);
});

test('one that yields is written where nothing is, and leaves in place what is there meanwhile', async () => {
  const path = join(folder, 's.json');
  await writeResult(path, 'busy', true);
  expect(readFileSync(path, 'utf8')).toBe('busy');
  await writeResult(path, 'of the run that went on');
  await writeResult(path, 'busy', true);
  expect(readFileSync(path, 'utf8')).toBe('of the run that went on');
  expect(readdirSync(folder)).toEqual(['s.json']);
});

test.each([
  ['a folder that is not there', () => join(folder, 'no', 's.json')],
  ['a folder instead of a file', () => folder],
  ['a file instead of a folder', () => join(import.meta.filename, 's.json')],
])('%s is a usage error that names the file', async (_, path) => {
  const problem = await prepareResult(path()).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(UsageError);
  expect((problem as UsageError).message).toContain(path());
});

test('a result that cannot be written at the end is a state error, with nothing left behind', async () => {
  const path = join(folder, 's.json');
  mkdirSync(path);
  writeFileSync(join(path, 'in the way'), '');
  await expect(writeResult(path, 'x')).rejects.toBeInstanceOf(StateError);
  expect(readdirSync(folder)).toEqual(['s.json']);
});

test('a device is written to, never removed or replaced', async () => {
  const path = join(folder, 'null');
  symlinkSync('/dev/null', path);
  await prepareResult(path);
  await writeResult(path, 'x');
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(readdirSync(folder)).toEqual(['null']);
});

test('a link stays a link: its file is replaced', async () => {
  const file = join(folder, 'real.json');
  const link = join(folder, 'link.json');
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await writeResult(link, 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(folder).sort()).toEqual(['link.json', 'real.json']);
});
