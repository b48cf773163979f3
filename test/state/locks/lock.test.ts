import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type HeldLock, OddLockError, takeLock } from '../../../src/state/locks/lock.js';
import { beatMs, currentHolder, holderText, silenceMs } from '../../../src/state/locks/lock-holder.js';
import { realClock, VirtualClock } from '../../support/clock.js';

async function path(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'a.lock');
}

const us = currentHolder(Date.now());
const options = { clock: realClock };

function held(file: string): HeldLock {
  const attempt = takeLock(file, options);
  if (!('held' in attempt)) throw new Error('the lock is not free');
  return attempt.held;
}

test('one process at a time holds a lock, others learn who holds it, and a released lock is free', async () => {
  const file = await path();
  const first = held(file);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(takeLock(file, options)).toMatchObject({ by: { pid: process.pid, host: us.host }, freeInMs: null });
  first.release();
  first.release();
  held(file).release();
  expect(await readdir(dirname(file))).toEqual([]);
});

/** Returns the pid of a process that has ended. */
const gone = (): number => spawnSync('true').pid;

test.each([
  ['a process that is gone', () => ({ ...us, pid: gone(), nonce: 'x' })],
  [
    'a process that is gone, on a system without start times',
    () => ({ ...us, pid: gone(), started: null, nonce: 'x' }),
  ],
  ['another process with the same pid', () => ({ ...us, started: '1', nonce: 'x' })],
  ['a host that has been silent', () => ({ ...us, host: 'other', heartbeat: 1000, nonce: 'x' })],
] as const)('the lock of %s is replaced by one of many that try', async (_, holder) => {
  const file = await path();
  await writeFile(file, holderText(holder()));
  const attempts = Array.from({ length: 20 }, () => takeLock(file, options));
  const locks = attempts.flatMap((each) => ('held' in each ? [each.held] : []));
  expect(locks).toHaveLength(1);
  expect(await readdir(dirname(file))).toEqual(['a.lock']);
  locks[0]!.release();
});

test.each<[string, (file: string) => void, unknown, number | null]>([
  ['replaced', (file: string) => writeFileSync(file, holderText({ ...us, nonce: 'winner' })), 'winner', null],
  ['removed', (file: string) => rmSync(file), expect.not.stringMatching('old'), 0],
])('a stale lock that is %s by another process meanwhile is left to it', async (_, act, nonce, freeInMs) => {
  const file = await path();
  await writeFile(file, holderText({ ...us, started: '1', nonce: 'old' }));
  let calls = 0;
  const now = (): number => {
    calls += 1;
    // The second call comes between the look at the stale lock and its replacement.
    if (calls === 2) act(file);
    return Date.now();
  };
  const attempt = takeLock(file, { clock: { ...realClock, now } });
  expect(attempt).toMatchObject({ by: { pid: process.pid, nonce }, freeInMs });
  expect((await readdir(dirname(file))).filter((name) => name !== 'a.lock')).toEqual([]);
});

test('a contender that died while it replaced a lock does not block the next one', async () => {
  const file = await path();
  await writeFile(file, holderText({ ...us, started: '1', nonce: 'old' }));
  await writeFile(`${file}.old`, holderText({ ...us, started: '1', nonce: 'successor' }));
  await writeFile(`${file}.contender.new`, holderText({ ...us, started: '1', nonce: 'contender' }));
  await writeFile(`${file}.old.successor`, holderText({ ...us, started: '1', nonce: 'its-successor' }));
  held(file).release();
  expect(await readdir(dirname(file))).toEqual([]);
});

test('the lock of another host or container is free once its last heartbeat is a minute old', async () => {
  const file = await path();
  for (const where of [{ host: 'other' }, { bootId: 'other' }, { pidNamespace: 'pid:[1]' }]) {
    const other = { ...us, ...where, nonce: 'x', heartbeat: Date.now() - 30_000 };
    await writeFile(file, holderText(other));
    const attempt = takeLock(file, options);
    if ('held' in attempt) throw new Error('the lock was taken from a run that lives');
    expect(attempt.by).toEqual(other);
    expect(attempt.freeInMs).toBeGreaterThan(silenceMs - 40_000);
    expect(attempt.freeInMs).toBeLessThanOrEqual(silenceMs - 30_000);
  }
});

test('a file of this user that is no lock is replaced', async () => {
  const file = await path();
  await writeFile(file, '');
  const lock = held(file);
  expect(await readFile(file, 'utf8')).toContain(`"pid":${process.pid}`);
  lock.release();
});

const odd: [string, (file: string) => unknown, string][] = [
  ['a named pipe', (file) => execFileSync('mkfifo', [file]), 'something other than a regular file'],
  ['a link to /dev/zero', (file) => symlink('/dev/zero', file), 'a symbolic link'],
  ['a directory', (file) => mkdir(file), 'something other than a regular file'],
  [
    'a socket',
    async (file) => {
      const server = createServer().listen(file);
      onTestFinished(() => void server.close());
      await once(server, 'listening');
    },
    'a socket',
  ],
  [
    'a sparse file of 3 GB',
    async (file) => {
      await writeFile(file, '');
      truncateSync(file, 3e9);
    },
    'a file of 3000000000 bytes',
  ],
];

test.each(odd)('%s in place of a lock is an error and is not read', async (_, make, found) => {
  const file = await path();
  await make(file);
  expect(() => takeLock(file, options)).toThrow(OddLockError);
  expect(() => takeLock(file, options)).toThrow(found);
  // Neither does it disturb a lock beside it whose leftovers are removed.
  held(file.replace('a.lock', 'a')).release();
  expect(await readdir(dirname(file))).toEqual(['a.lock']);
});

const nobody = 65_534;

/** Runs as another user; only the superuser can. */
function asNobody<T>(action: () => T): T {
  process.seteuid!(nobody);
  try {
    return action();
  } finally {
    process.seteuid!(0);
  }
}

test.runIf(process.getuid?.() === 0)(
  'in a shared directory, a lock of another user that is stale or odd is an error',
  async () => {
    const file = await path();
    chmodSync(dirname(file), 0o1777);
    await writeFile(file, holderText({ ...us, started: '1', nonce: 'old' }), { mode: 0o644 });
    expect(() => asNobody(() => takeLock(file, options))).toThrow(
      /a lock of user 0 of pid \d+ on .*, which no longer runs/,
    );
    await writeFile(file, 'garbage');
    expect(() => asNobody(() => takeLock(file, options))).toThrow('a file of user 0 that is not a lock');
    chmodSync(file, 0o600);
    expect(() => asNobody(() => takeLock(file, options))).toThrow('a file that this user may not read');
    chownSync(file, nobody, nobody);
    asNobody(() => held(file).release());
    expect(readdirSync(dirname(file))).toEqual([]);
  },
);

test('a holder renews its heartbeat, and learns at the next one that another took its lock', async () => {
  const file = await path();
  const clock = new VirtualClock(Date.now());
  const lost = vi.fn();
  const attempt = takeLock(file, { clock, lost });
  if (!('held' in attempt)) throw new Error('the lock is not free');
  const first = JSON.parse(await readFile(file, 'utf8')) as { heartbeat: number };
  await clock.advance(beatMs);
  const second = JSON.parse(await readFile(file, 'utf8')) as { heartbeat: number };
  expect([second.heartbeat - first.heartbeat, lost.mock.calls.length]).toEqual([beatMs, 0]);
  const other = holderText({ ...us, nonce: 'other' });
  await rm(file);
  await writeFile(file, other);
  await clock.advance(beatMs);
  expect(lost.mock.calls.length).toBe(1);
  attempt.held.release();
  expect(await readFile(file, 'utf8')).toBe(other);
});
