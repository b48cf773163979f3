// What a load does before it sends a point, with a target of the test's own.

import { expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { defaultDatabaseSettings, type FleetHooks, type Input, type Target } from '../../src/core/types/index.js';
import { options } from '../../src/load/option-table.js';
import { load } from '../../src/load/pipeline.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';
import { VirtualClock } from '../support/clock.js';
import { folder } from './ledger/support.js';

const never = new AbortController().signal;
const database = defaultDatabaseSettings;

/** Loads a line. Returns the summary, how often the input was opened, and the kinds of the notices. */
async function loaded(own: Partial<Target>, flags: object = {}, fleet?: FleetHooks, time = '1640995200000000000') {
  const quiet = { db: 'd', url: 'http://127.0.0.1:1', turn: false, memoryWatchdog: 'off', memoryLimit: '4GiB' };
  const given = { ...quiet, targetMemory: 'off', stateDir: await folder(), ...flags };
  const { settings } = await resolve(options, { flags: given, env: {} });
  let opened = 0;
  const bytes = Buffer.from(`m f=1 ${time}\n`);
  const notices: string[] = [];
  const open: Input['open'] = () => {
    opened += 1;
    return Promise.resolve(bytesSource(bytes));
  };
  const write: Target['write'] = () =>
    Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: 1 });
  const { summary } = await load(settings, {
    ...{ version: '0', inputs: [{ name: 'a.lp', path: null, size: bytes.length, open }], command: null },
    ...{ target: createCustomTarget({ write, ...own }), clock: new VirtualClock(), stop: never, abort: never },
    ...{
      notify: ({ kind }) => notices.push(kind),
      watch: () => {},
      workerThread: false,
      ...(fleet === undefined ? {} : { fleet }),
    },
  });
  return { summary, opened, notices };
}

test('the head of an input is parsed once, before a database is created or after it is found', async () => {
  const found = await loaded({});
  const created = await loaded({
    describe: async (_, beforeChange) => {
      await beforeChange?.();
      return { kind: 'own', version: null, endpoints: [], database, isCreated: true };
    },
  });
  expect([found.summary.points.loaded, created.summary.points.loaded]).toEqual([1, 1]);
  expect(created.opened).toBe(found.opened);
});

test.each([
  ['off', { targetMemory: 'off' }, 0],
  ['limited', { targetMemory: '4GiB' }, 1],
  ['flushed in stages', { targetMemory: 'off', stage: '1MiB' }, 1],
])('a worker of a fleet follows the memory of the nodes unless it is off: %s', async (_, flags, followed) => {
  let follows = 0;
  const memory = {
    isActive: true,
    isFlushing: false,
    follow: async () => {
      await Promise.resolve();
      follows += 1;
    },
    unfollow: () => {},
    append: () => {},
    beginFlush: () => Promise.resolve(true),
    end: () => {},
  };
  const fleet = {
    ...{ memory, elsewhere: { read: 0, rejected: 0 }, observe: () => {}, report: () => Promise.resolve() },
    admit: () => Promise.resolve({ delayMs: 0, end: () => {} }),
    takeTurn: () => Promise.resolve({ isFresh: () => true, release: () => {} }),
  } as unknown as FleetHooks;
  const { summary } = await loaded({}, flags, fleet);
  expect([summary.points.loaded, follows]).toEqual([1, followed]);
});

test('an input that contradicts the options ends the load before a point is sent', async () => {
  let writes = 0;
  const write: Target['write'] = () => {
    writes += 1;
    return Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: 1 });
  };
  const { summary } = await loaded({ write }, {}, undefined, '1640995200');
  expect([summary.outcome, summary.points.read, writes]).toEqual(['usage', 0, 0]);
  expect(summary.reason).toContain('--precision s');
});

test('a memory limit that allows fewer writers than --workers is reported', async () => {
  const kinds = async (workers: number) => (await loaded({}, { workers, memoryLimit: '1GiB' })).notices;
  expect(await kinds(1)).not.toContain('memory-plan');
  expect(await kinds(256)).toContain('memory-plan');
});
