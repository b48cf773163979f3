import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { BusyError, StateError } from '../../../src/core/errors.js';
import type { Notice } from '../../../src/core/types/index.js';
import { FirstWriteLock, type FirstWriteLockOptions } from '../../../src/state/locks/first-write-lock.js';
import { currentHolder, holderText } from '../../../src/state/locks/lock-holder.js';
import { defaultTurnDirectory, isContainer } from '../../../src/state/locks/turn-directory.js';
import { realClock } from '../../support/clock.js';

let folder: string;
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-turn-'));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
});

function turns(endpoints: readonly string[], options: Partial<FirstWriteLockOptions> = {}): FirstWriteLock {
  return new FirstWriteLock({
    endpoints,
    database: ['cnosdb', 'db'],
    directory: join(folder, 'bulk-load-locks'),
    resolve: () => Promise.resolve([]),
    maxWaitMs: 60_000,
    clock: realClock,
    notify: () => {},
    ...options,
  });
}

/** Name of the lock of an endpoint. */
async function lockName(endpoint: string): Promise<string> {
  const directory = join(folder, 'names');
  const held = await turns([endpoint], { directory }).take(never);
  const [name] = await readdir(directory);
  held.release();
  return name!;
}

test('loads that share an endpoint take turns for one database, and a waiting load names the other', async () => {
  const notices: Notice[] = [];
  const first = await turns(['http://a', 'http://b']).take(never);
  let taken = false;
  const second = turns(['http://c', 'http://b'], { notify: (notice) => notices.push(notice) }).take(never);
  void second.then(() => {
    taken = true;
  });
  (await turns(['http://d']).take(never)).release();
  (await turns(['http://b'], { database: ['cnosdb', 'other'] }).take(never)).release();
  expect(taken).toBe(false);
  first.release();
  (await second).release();
  expect(notices[0]?.message).toContain(`pid ${process.pid}`);
  expect(await readdir(join(folder, 'bulk-load-locks'))).toEqual([]);
});

test('all users of a host may create locks in the directory, and read them', async () => {
  const directory = join(folder, 'locks');
  const held = await turns(['http://a'], { directory }).take(never);
  const [name] = await readdir(directory);
  expect((await stat(directory)).mode & 0o7777).toBe(0o1777);
  expect((await stat(join(directory, name!))).mode & 0o777).toBe(0o644);
  held.release();
});

test('waiting for a turn ends with the signal and releases all locks', async () => {
  const stop = new AbortController();
  const first = await turns(['http://b']).take(never);
  const second = turns(['http://a', 'http://b']).take(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  first.release();
  expect(await readdir(join(folder, 'bulk-load-locks'))).toEqual([]);
});

test('loads with the same --turn-dir take turns, whatever their temporary directory', async () => {
  const directory = join(folder, 'shared');
  const first = await turns(['http://a'], { directory }).take(never);
  vi.stubEnv('TMPDIR', join(folder, 'other'));
  await expect(turns(['http://a'], { directory, maxWaitMs: 0 }).take(never)).rejects.toThrow(BusyError);
  first.release();
  (await turns(['http://a'], { directory, maxWaitMs: 0 }).take(never)).release();
});

test('a load stops when locks cannot be written, and names --turn-dir and --no-turn', async () => {
  await writeFile(join(folder, 'bulk-load-locks'), '');
  const failed = turns(['http://a']).take(never);
  await expect(failed).rejects.toThrow(StateError);
  await expect(failed).rejects.toThrow(/--turn-dir.*--no-turn/);
});

test.runIf(existsSync('/proc/self')).each(['/proc/bulk-load/turns', '/proc/self'])(
  'locks in %s, where no file can be created, are an error and no endless loop',
  async (directory) => {
    const failed = turns(['http://a'], { directory }).take(never);
    await expect(failed).rejects.toThrow(/ENOENT/);
    await expect(failed).rejects.toThrow(StateError);
  },
);

test('without endpoints no directory is needed', async () => {
  await writeFile(join(folder, 'bulk-load-locks'), '');
  (await turns([]).take(never)).release();
});

test('a named pipe in place of a lock stops the load instead of blocking it', async () => {
  const directory = join(folder, 'locks');
  await turns(['http://a'], { directory })
    .take(never)
    .then((held) => held.release());
  execFileSync('mkfifo', [join(directory, await lockName('http://a'))]);
  await expect(turns(['http://a'], { directory }).take(never)).rejects.toThrow(BusyError);
});

test('a lock that names pid 1 is waited for as long as --retry-for says, also after garbage', async () => {
  const directory = join(folder, 'locks');
  await turns(['http://a'], { directory })
    .take(never)
    .then((held) => held.release());
  const path = join(directory, await lockName('http://a'));
  const init = holderText({ ...currentHolder(Date.now()), pid: 1, started: null });
  await writeFile(path, init);
  await expect(turns(['http://a'], { directory, maxWaitMs: 250 }).take(never)).rejects.toThrow(/held by pid 1 on/);
  await writeFile(path, 'garbage');
  await writeFile(`${path}.unreadable`, init);
  await expect(turns(['http://a'], { directory, maxWaitMs: 250 }).take(never)).rejects.toThrow(/held by pid 1 on/);
});

test('two names of one address take turns, also with the directory of the host', async () => {
  const resolve = (host: string) => Promise.resolve([{ address: host === 'localhost' ? '127.0.0.1' : host }]);
  // A database of its own: other tests of the host use the same directory.
  const options = { directory: null, resolve, database: [folder], maxWaitMs: 0 };
  const first = await turns(['http://localhost:8902'], options).take(never);
  vi.stubEnv('TMPDIR', join(folder, 'other'));
  await expect(turns(['http://127.0.0.1:8902'], options).take(never)).rejects.toThrow(BusyError);
  (await turns(['http://127.0.0.1:8903'], options).take(never)).release();
  first.release();
});

test('a load in a container warns once that others cannot see its turns, unless a directory is named', async () => {
  const warnings = async (endpoint: string, options: Partial<FirstWriteLockOptions>): Promise<number> => {
    const notices: Notice[] = [];
    const notify = (notice: Notice): unknown => notices.push(notice);
    const lock = turns(endpoint.split(' '), { isContainer: () => true, database: [folder], notify, ...options });
    for (let i = 0; i < 2; i += 1) (await lock.take(never)).release();
    return notices.filter(({ kind }) => kind === 'turn-dir').length;
  };
  const unnamed = { directory: null };
  expect(await warnings('http://db1:8902', unnamed)).toBe(1);
  expect(await warnings('http://127.0.0.1:8902', unnamed)).toBe(0);
  expect(await warnings('http://127.0.0.1:8902 http://db1:8902', unnamed)).toBe(1);
  expect(await warnings('http://db1:8902', {})).toBe(0);
  expect(await warnings('http://db1:8902', { ...unnamed, isContainer: () => false })).toBe(0);
});

test('the directory of the host is that of shared memory, else the temporary one', () => {
  expect(defaultTurnDirectory(folder)).toBe(join(folder, 'bulk-load-locks'));
  expect(defaultTurnDirectory(join(folder, 'missing'))).toBe(join(tmpdir(), 'bulk-load-locks'));
});

test('a container is known by its files and variables', () => {
  const none = (): boolean => false;
  expect(isContainer({}, none)).toBe(false);
  expect(isContainer({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, none)).toBe(true);
  expect(isContainer({ container: 'podman' }, none)).toBe(true);
  expect(isContainer({}, (path) => path === '/.dockerenv')).toBe(true);
});
