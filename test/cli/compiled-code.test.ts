// The code that V8 compiled is kept for the next run, where nobody else can put code.

import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { start } from '../support/programs/process.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compiled-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const kept = (): string => join(folder, 'bulk-load');

/** Name and identity of each kept file. */
const identities = (): Record<string, number> =>
  Object.fromEntries(readdirSync(kept()).map((name) => [name, statSync(join(kept(), name)).ino]));

async function run(args: readonly string[] = ['--version']): Promise<void> {
  const { code, stderr } = await start(args, { env: { XDG_CACHE_HOME: folder, HOME: folder } }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

test('the first run keeps no compiled code, the second one does, the third one uses it', async () => {
  await run();
  expect(readdirSync(kept())).toEqual([]);
  await run();
  const second = identities();
  expect(Object.keys(second).map((name) => name.split('-')[0])).toEqual(expect.arrayContaining(['core', 'start']));
  await run();
  expect(identities()).toEqual(second);
});

/** A load of one line, as a dry run. */
function loadOf(line: string): string[] {
  const input = join(folder, 'one.lp');
  writeFileSync(input, `${line}\n`);
  return [`--dry-run=${join(folder, 'out.lp')}`, '--db', 'db', '--state-dir', join(folder, 's'), '--quiet', input];
}

test('a load keeps compiled code, which the next load uses with other settings of V8', async () => {
  await run();
  const load = loadOf('m f=1 1640995200000000000');
  await run(load);
  const first = identities();
  expect(Object.keys(first).filter((name) => name.startsWith('load-'))).toHaveLength(1);
  await run(load);
  expect(identities()).toEqual(first);
});

test('a load that succeeds completes the compiled code that a failed load kept, and no failed load replaces it', async () => {
  const fail = async () =>
    expect((await start(loadOf('m x'), { env: { XDG_CACHE_HOME: folder, HOME: folder } }).ended).code).toBe(7);
  await run();
  await fail();
  const partial = identities();
  expect(Object.keys(partial).filter((name) => name.startsWith('load-'))).toHaveLength(1);
  await run(loadOf('m f=1 1640995200000000000'));
  const complete = identities();
  expect(Object.entries(partial).filter(([name, inode]) => complete[name] === inode)).toEqual([]);
  await fail();
  expect(identities()).toEqual(complete);
});

test('damaged compiled code is replaced, not used', async () => {
  await run();
  await run();
  const before = identities();
  for (const name of Object.keys(before)) {
    const bytes = readFileSync(join(kept(), name));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(kept(), name), bytes);
  }
  await run();
  const after = identities();
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(Object.entries(after).filter(([name, inode]) => before[name] === inode)).toEqual([]);
});

test('a run that keeps compiled code removes what other versions kept more than a day ago', async () => {
  await run();
  const [old, recent] = ['core-aaaaaaaa.cjs-v24.0.0-x64-0', 'core-bbbbbbbb.cjs-v24.0.0-x64-0'];
  for (const name of [old, recent]) writeFileSync(join(kept(), name), '');
  utimesSync(join(kept(), old), 0, 0);
  await run();
  const names = readdirSync(kept());
  expect(names).not.toContain(old);
  expect(names).toContain(recent);
  expect(names.length).toBeGreaterThan(2);
});

test('no compiled code is kept where others can write', async () => {
  await run();
  chmodSync(kept(), 0o777);
  await run();
  expect(readdirSync(kept())).toEqual([]);
});
