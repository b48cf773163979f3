// Several databases that one command loads into, one after another.

import { expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import type { Input, Notice } from '../../src/core/types/index.js';
import { loadDatabases, settingsByDatabase } from '../../src/load/load-databases.js';
import { options } from '../../src/load/option-table.js';
import type { LoadResult } from '../../src/load/types.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';
import { VirtualClock } from '../support/clock.js';
import { accepted } from './custom-load.js';
import { folder } from './ledger/support.js';

const head = '# CONTEXT-DATABASE:';
const text = ['a', 'b'].map((db) => `${head}${db}\n# CONTEXT-RETENTION-POLICY:p\nm f=1 1640995200000000000\n`).join('');

/** Loads two databases. Each request takes so many seconds, or until it is cancelled. */
async function loaded(flags: object, seconds: readonly number[], own: Partial<Input> = {}, content = text) {
  const clock = new VirtualClock();
  const quiet = { url: 'http://127.0.0.1:1', turn: false, memoryWatchdog: 'off', memoryLimit: '4GiB', format: 'lp' };
  const given = { ...quiet, contextMap: 'a=one,b=two', targetMemory: 'off', stateDir: await folder(), ...flags };
  const { settings } = await resolve(options, { flags: given, env: {} });
  const never = new AbortController().signal;
  const notices: Notice[] = [];
  const written: LoadResult[] = [];
  let requests = 0;
  const target = createCustomTarget({
    write: async (...sent) => {
      const attempt = await accepted(...sent);
      const lost = { kind: 'dropped', reason: 'cancelled', mayBeApplied: true } as const;
      return await clock.sleep(seconds[requests++]! * 1000, sent[3]).then(
        () => attempt,
        () => ({ ...attempt, verdict: lost }),
      );
    },
  });
  const bytes = Buffer.from(content);
  const inputs = [
    ...[{ name: 'a.lp', path: '/a.lp', size: bytes.length, open: () => Promise.resolve(bytesSource(bytes)), ...own }],
  ];
  const running = loadDatabases(
    settings,
    () => Promise.resolve(target),
    () => ({
      ...{ version: '0', inputs, target, clock, stop: never, abort: never, command: null, workerThread: false },
      ...{ notify: (notice) => notices.push(notice), watch: () => {} },
      writeResults: (latest) => Promise.resolve(void written.push(latest())),
    }),
  );
  running.catch(() => {});
  await clock.advance(20_000);
  return { result: await running, notices, written };
}

test('the databases are loaded one after another, and their results are written once', async () => {
  const { result, notices, written } = await loaded({}, [6, 6]);
  expect(result.summary).toMatchObject({ outcome: 'complete', points: { loaded: 2 }, seconds: 12 });
  expect(written.map(({ summary }) => summary.points.loaded)).toEqual([2]);
  const [said] = notices.filter(({ kind }) => kind.startsWith('database'));
  expect(said).toMatchObject({ kind: 'database one', message: 'a → one: 1 point read, 1 loaded, 0 rejected' });
});

test('--max-duration limits all databases together', async () => {
  // The second request is cancelled 10 s after the stop.
  const { result } = await loaded({ maxDuration: '8s' }, [6, 60]);
  expect(result.summary).toMatchObject({ outcome: 'interrupted', points: { loaded: 1 }, seconds: 18 });
  expect((await loaded({ maxDuration: '12s' }, [5, 5])).result.summary.outcome).toBe('complete');
});

test('a pipe cannot be read for several databases', async () => {
  await expect(loaded({}, [], { size: null })).rejects.toThrow(/reading a\.lp for several databases: .* found a pipe/);
});

test('one database is loaded from any input, and its error does not name it', async () => {
  const one = { db: 'one', contextMap: undefined };
  const { result } = await loaded(one, [1], { size: null }, 'm f=1 1640995200000000000\n');
  expect(result.summary).toMatchObject({ outcome: 'complete', points: { loaded: 1 } });
  const bad = await loaded(one, [], {}, 'no line protocol\n');
  expect(bad.result.summary.reason).toBe('the only line of a.lp is not line protocol; is --format right?');
  const { settings } = await resolve(options, { flags: { db: 'one' }, env: {} });
  expect(settingsByDatabase(settings)).toEqual([settings]);
});
