// What a load does before it sends a point, with a target of the test's own.

import { expect, test } from 'vitest';
import { defaultDatabaseSettings as database, type FleetHooks } from '../../src/core/types/index.js';
import { accepted, loadText } from './custom-load.js';

test('the head of an input is parsed once, before a database is created or after it is found', async () => {
  const found = await loadText({});
  const created = await loadText({
    own: {
      describe: async (_, beforeChange) => {
        await beforeChange?.();
        return { kind: 'own', version: null, endpoints: [], database, isCreated: true };
      },
    },
  });
  expect([found.summary.points.loaded, created.summary.points.loaded]).toEqual([1, 1]);
  expect(created.opened).toHaveLength(found.opened.length);
  // Without worker threads, no thread decompresses gzip.
  expect(found.opened.at(-1)).toMatchObject({ hasThread: false });
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
  const { summary } = await loadText({ flags, fleet });
  expect([summary.points.loaded, follows]).toEqual([1, followed]);
});

test('an input that contradicts the options ends the load before a point is sent', async () => {
  let writes = 0;
  const write: typeof accepted = (...sent) => {
    writes += 1;
    return accepted(...sent);
  };
  const { summary } = await loadText({ own: { write }, text: 'm f=1 1640995200\n' });
  expect([summary.outcome, summary.points.read, writes]).toEqual(['usage', 0, 0]);
  expect(summary.reason).toContain('--precision s');
});

test('a memory limit that allows fewer writers than --workers is reported', async () => {
  const kinds = async (workers: number) =>
    (await loadText({ flags: { workers, memoryLimit: '1GiB' } })).notices.map(({ kind }) => kind);
  expect(await kinds(1)).not.toContain('memory-plan');
  expect(await kinds(256)).toContain('memory-plan');
});

test('a node with too little --target-memory ends the load before a point is sent', async () => {
  const { summary } = await loadText({ flags: { targetMemory: '64MiB' } });
  expect([summary.outcome, summary.points.read]).toEqual(['refused', 0]);
  expect(summary.reason).toMatch(/^planning the memory of a node .* expected at most --target-memory 64 MiB/);
});
