import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BusyError, StateError } from '../../../src/core/errors.js';
import type { Notice } from '../../../src/core/types/index.js';
import { takeLoadLock } from '../../../src/state/locks/load-lock.js';
import { currentHolder, holderText } from '../../../src/state/locks/lock-holder.js';
import { VirtualClock } from '../../support/clock.js';

const never = new AbortController().signal;

async function path(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'a.lock');
}

/** A run in another container with the same host name: its last heartbeat was 12 s ago. */
function otherContainer(clock: VirtualClock, secondsAgo = 12): string {
  const us = currentHolder(clock.now());
  return holderText({ ...us, pidNamespace: 'pid:[1]', pid: 7, heartbeat: clock.now() - secondsAgo * 1000 });
}

function take(file: string, clock: VirtualClock, notices: Notice[] = [], signal = never) {
  const notify = (notice: Notice): unknown => notices.push(notice);
  return takeLoadLock(file, { clock, signal, notify, lost: () => {} });
}

test('the lock of a killed run in another container is taken when its last heartbeat is a minute old', async () => {
  const [file, clock, notices] = [await path(), new VirtualClock(), [] as Notice[]];
  await clock.advance(90_000);
  const other = otherContainer(clock);
  await writeFile(file, other);
  const taken = take(file, clock, notices);
  await clock.advance(47_000);
  expect(await readFile(file, 'utf8')).toBe(other);
  await clock.advance(1000);
  (await taken).release();
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^a run as pid 7 on \S+ renewed the lock of this load 12s ago; if that run is gone, the lock becomes free in 48s$/,
    ),
  ]);
});

test('a run in another container that renews its heartbeat keeps the lock, and the second run is busy', async () => {
  const [file, clock] = [await path(), new VirtualClock()];
  const other = otherContainer(clock, 2);
  await writeFile(file, other);
  const failed = expect(take(file, clock)).rejects.toThrow(/a run as pid 7 on /);
  await clock.advance(3000);
  await writeFile(file, JSON.stringify({ ...(JSON.parse(other) as object), heartbeat: clock.now() }));
  await clock.advance(1000);
  await failed;
});

test('a holder whose clock is ahead is watched for a minute', async () => {
  const [file, clock] = [await path(), new VirtualClock()];
  const other = otherContainer(clock, -600);
  await writeFile(file, other);
  const taken = take(file, clock);
  await clock.advance(59_000);
  expect(await readFile(file, 'utf8')).toBe(other);
  await clock.advance(1000);
  (await taken).release();
});

test('waiting for a lock ends with the signal', async () => {
  const [file, clock, stop] = [await path(), new VirtualClock(), new AbortController()];
  await writeFile(file, otherContainer(clock));
  const failed = expect(take(file, clock, [], stop.signal)).rejects.toThrow('stopped');
  await clock.advance(2000);
  stop.abort(new Error('stopped'));
  await failed;
});

test('a run on this host that lives is busy at once', async () => {
  const [file, clock] = [await path(), new VirtualClock()];
  const first = await take(file, clock);
  await expect(take(file, clock)).rejects.toThrow(BusyError);
  await expect(take(file, clock)).rejects.toThrow(`a run as pid ${process.pid} on `);
  first.release();
});

test('a lock file that cannot be created is a state error, and something else in its place is busy', async () => {
  const [file, clock] = [await path(), new VirtualClock()];
  await expect(take(`${file}/below`, clock)).rejects.toThrow(StateError);
  await expect(take(join(file, '..', 'none', 'a.lock'), clock)).rejects.toThrow('taking the lock of the load');
  await symlink('/dev/zero', file);
  await expect(take(file, clock)).rejects.toThrow(BusyError);
  await expect(take(file, clock)).rejects.toThrow(/found a symbolic link\. Remove the file if no other run uses it/);
});
