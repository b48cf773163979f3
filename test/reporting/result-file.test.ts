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

test('the start of a run removes an older result', async () => {
  const path = join(folder, 's.json');
  await writeResult(path, summaryJson({ formatVersion: 1 } as Summary));
  await prepareResult(path);
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that is not an earlier result is never removed', async () => {
  const path = join(folder, 'data.lp');
  writeFileSync(path, 'm f=1 1640995200000000000\n');
  await expect(prepareResult(path)).rejects.toThrow(/an existing file that bulk-load did not write/);
  expect(readFileSync(path, 'utf8')).toContain('m f=1');
});

test('a place that cannot be written is described in words', async () => {
  await expect(prepareResult(join(folder, 'none', 's.json'))).rejects.toThrow(/found no such directory \(ENOENT\)/);
  await expect(prepareResult(folder)).rejects.toThrow(/found a directory of that name \(EISDIR\)/);
});

test('a result is written completely and leaves no other file', async () => {
  const path = join(folder, 's.json');
  await prepareResult(path);
  await writeResult(path, 'first, longer');
  await writeResult(path, 'second');
  expect(readFileSync(path, 'utf8')).toBe('second');
  expect(readdirSync(folder)).toEqual(['s.json']);
});

test('a yielding result is written only if no other run has written one', async () => {
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
])('%s as a result file is a usage error that names the file', async (_, path) => {
  const problem = await prepareResult(path()).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(UsageError);
  expect((problem as UsageError).message).toContain(path());
});

test('a result that cannot be written at the end is a state error and leaves no file', async () => {
  const path = join(folder, 's.json');
  mkdirSync(path);
  writeFileSync(join(path, 'in the way'), '');
  await expect(writeResult(path, 'x')).rejects.toBeInstanceOf(StateError);
  expect(readdirSync(folder)).toEqual(['s.json']);
});

test('a device is written to and never removed or replaced', async () => {
  const path = join(folder, 'null');
  symlinkSync('/dev/null', path);
  await prepareResult(path);
  await writeResult(path, 'x');
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(readdirSync(folder)).toEqual(['null']);
});

test('a link stays, and its file is replaced', async () => {
  const file = join(folder, 'real.json');
  const link = join(folder, 'link.json');
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await writeResult(link, 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(folder).sort()).toEqual(['link.json', 'real.json']);
});

test('a result in parts is written completely', async () => {
  const path = join(folder, 's.json');
  await writeResult(path, ['one, ', 'two, ', 'three']);
  expect(readFileSync(path, 'utf8')).toBe('one, two, three');
});
