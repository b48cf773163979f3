// A run says what it ignores.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/programs/here.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'passed-over-'));
  mkdirSync(join(folder, 'd'));
  for (const name of ['a.lp', '.b.lp']) writeFileSync(join(folder, 'd', name), 'm f=1 1640995200000000000\n');
  writeFileSync(join(folder, 'a.csv'), 'time,f\n1640995200000000000,1\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a load and check count the hidden files below a directory', async () => {
  const message = `${join(folder, 'd')}: left out: 1 hidden`;
  for (const command of [[], ['check']]) {
    const { stderr } = await run([...command, '--dry-run', join(folder, 'd')]);
    expect(stderr.split(message)).toHaveLength(2);
  }
});

test('a load and check warn about mapping options when all inputs are line protocol', async () => {
  for (const command of [[], ['check']]) {
    const words = [...command, '--dry-run', '--measurement', 'cpu'];
    const lines = await run([...words, join(folder, 'd')]);
    expect(lines.stderr.split('--measurement has no effect')).toHaveLength(2);
    const rows = await run([...words, join(folder, 'd'), join(folder, 'a.csv')]);
    expect([rows.code, rows.stderr]).toEqual([0, expect.not.stringContaining('no effect')]);
  }
});
