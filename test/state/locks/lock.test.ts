import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../../src/state/locks/lock.js';
import { currentHolder, holderText } from '../../../src/state/locks/lock-holder.js';
import { realClock } from '../../support/clock.js';

async function path(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'a.lock');
}

const us = currentHolder(Date.now());

test('one at a time; the other learns who has it; what is let go of is free', async () => {
  const file = await path();
  const first = await takeLock(file, realClock);
  if (!('held' in first)) throw new Error('not free');
  expect(await takeLock(file, realClock)).toMatchObject({ by: { pid: process.pid, host: us.host } });
  first.held.release();
  first.held.release();
  const again = await takeLock(file, realClock);
  if (!('held' in again)) throw new Error('not free');
  again.held.release();
  expect(await readdir(join(file, '..'))).toEqual([]);
});

test.each([
  ['a process that is gone', () => ({ ...us, pid: spawnSync('true').pid, nonce: 'x' })],
  ['another process with the same pid', () => ({ ...us, started: '1', nonce: 'x' })],
  ['a process before the machine was started again', () => ({ ...us, bootId: 'before', nonce: 'x' })],
  ['a host that has been silent', () => ({ ...us, host: 'other', heartbeat: 1000, nonce: 'x' })],
] as const)('what %s left is taken over, by one of many that try', async (_, holder) => {
  const file = await path();
  await writeFile(file, holderText(holder()));
  const all = await Promise.all(Array.from({ length: 20 }, () => takeLock(file, realClock)));
  const held = all.flatMap((each) => ('held' in each ? [each.held] : []));
  expect(held).toHaveLength(1);
  expect(await readdir(join(file, '..'))).toEqual(['a.lock']);
  held[0]!.release();
});

test('a successor that died in the middle of it does not block the next one', async () => {
  const file = await path();
  await writeFile(file, holderText({ ...us, started: '1', nonce: 'old' }));
  await writeFile(`${file}.old`, holderText({ ...us, started: '1', nonce: 'successor' }));
  await writeFile(`${file}.old.successor`, holderText({ ...us, started: '1', nonce: 'its-successor' }));
  const taken = await takeLock(file, realClock);
  expect('held' in taken).toBe(true);
  if ('held' in taken) taken.held.release();
  expect(await readdir(join(file, '..'))).toEqual([]);
});

test('a host that gave a sign of life a moment ago is left alone', async () => {
  const file = await path();
  const other = { ...us, host: 'other', nonce: 'x', heartbeat: Date.now() - 30_000 };
  await writeFile(file, holderText(other));
  expect(await takeLock(file, realClock)).toEqual({ by: other });
});

test('a file that is no lock counts as left behind', async () => {
  const file = await path();
  await writeFile(file, '');
  const taken = await takeLock(file, realClock);
  expect('held' in taken).toBe(true);
  expect(await readFile(file, 'utf8')).toContain(`"pid":${process.pid}`);
  if ('held' in taken) taken.held.release();
});
