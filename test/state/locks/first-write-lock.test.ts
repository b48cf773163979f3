import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Notice } from '../../../src/core/types/index.js';
import { FirstWriteLock } from '../../../src/state/locks/first-write-lock.js';
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

function turns(endpoints: readonly string[], database = 'db', notices: Notice[] = []): FirstWriteLock {
  return new FirstWriteLock(endpoints, ['cnosdb', database], realClock, (notice) => notices.push(notice));
}

test('loads that share an endpoint take turns for one database, and whoever waits says for whom', async () => {
  const notices: Notice[] = [];
  const first = await turns(['http://a', 'http://b']).take(never);
  let taken = false;
  const second = turns(['http://c', 'http://b'], 'db', notices).take(never);
  void second.then(() => {
    taken = true;
  });
  (await turns(['http://d']).take(never)).release();
  (await turns(['http://b'], 'other').take(never)).release();
  expect(taken).toBe(false);
  first.release();
  (await second).release();
  expect(notices[0]?.message).toContain(`pid ${process.pid}`);
  expect(await readdir(join(folder, 'bulk-load-locks'))).toEqual([]);
});

test('waiting ends with the signal, and nothing is kept', async () => {
  const stop = new AbortController();
  const first = await turns(['http://b']).take(never);
  const second = turns(['http://a', 'http://b']).take(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  first.release();
  expect(await readdir(join(folder, 'bulk-load-locks'))).toEqual([]);
});

test('where no lock can be written the load goes on, and says so', async () => {
  await writeFile(join(folder, 'bulk-load-locks'), '');
  const notices: Notice[] = [];
  (await turns(['http://a'], 'db', notices).take(never)).release();
  expect(notices).toMatchObject([{ level: 'warn', kind: 'turn' }]);
});
