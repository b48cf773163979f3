// What a load does before it sends a point, with a target of the test's own.

import { expect, test } from 'vitest';
import {
  defaultDatabaseSettings as database,
  type FleetHooks,
  INPUT_START,
  type Input,
} from '../../src/core/types/index.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';
import { accepted, loadText, points } from './custom-load.js';

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

const goodAndBad = (flags: object, text: string, bad: string) => {
  const bytes = Buffer.from(bad);
  const open = (): ReturnType<Input['open']> => Promise.resolve(bytesSource(bytes));
  return loadText({ flags, text, others: [{ name: 'b.lp', path: null, size: bytes.length, open }] });
};

test('an input without a valid point is reported, and the others are loaded unless --on-input-error is stop', async () => {
  const { summary, notices } = await goodAndBad({}, points(2), 'no line protocol\n');
  expect([summary.outcome, summary.points.loaded]).toEqual(['input', 2]);
  const errors = notices.filter(({ level }) => level === 'error').map(({ message }) => message);
  expect(errors).toEqual([expect.stringMatching(/b\.lp is not line protocol/)]);
  const stopped = await goodAndBad({ onInputError: 'stop' }, points(2), 'no line protocol\n');
  expect([stopped.summary.outcome, stopped.summary.points.read]).toEqual(['input', 0]);
});

test('a load in which each input lacks a valid point ends with the error of the first one', async () => {
  const { summary, notices } = await goodAndBad({}, 'nor this\n', 'no line protocol\n');
  expect(summary.reason).toBe('the only line of a.lp is not line protocol; is --format right?');
  expect([summary.outcome, notices.filter(({ level }) => level === 'error')]).toEqual(['input', []]);
});

test('an input that contains only comments is no problem beside another one', async () => {
  const { summary } = await goodAndBad({}, points(2), '# only a comment\n');
  expect(summary).toMatchObject({ outcome: 'complete', points: { loaded: 2 } });
});

test('a target whose memory is not planned is not refused for a small --target-memory', async () => {
  const { traits } = createCustomTarget({ write: accepted });
  const own = { traits: { ...traits, plansMemory: false } };
  const { summary, notices } = await loadText({ own, flags: { targetMemory: '64MiB' } });
  expect([summary.outcome, notices.filter(({ level }) => level === 'warn')]).toEqual(['complete', []]);
});

const daily = {
  describe: () =>
    Promise.resolve({
      ...{ kind: 'own', version: null, endpoints: [] },
      database: { ...database, vnodeDurationMs: 86_400_000 },
    }),
};
const forecastOf = async (load: Parameters<typeof loadText>[0]): Promise<string> =>
  (await loadText({ own: daily, ...load })).notices.find(({ kind }) => kind === 'target-plan')!.message;

test('the forecast counts the time buckets of rows, and those between both ends of line protocol', async () => {
  const csv = 'time,f\n1640995200000000000,1\n1641081600000000000,2\n1641168000000000000,3\n';
  const flags = { format: 'csv', measurement: 'm', timeColumn: 'time' };
  expect(await forecastOf({ text: csv, flags })).toContain('3 time buckets');
  const text = `${`m s="${'x'.repeat(1000)}" 1640995200000000000\n`.repeat(1200)}m s="" 1641168000000000000\n`;
  expect(await forecastOf({ text, path: '/a.lp', flags: { limit: 1 } })).toContain('2 time buckets');
});

test('folders that do not become tags are reported once before the points are sent', async () => {
  const folders = { folderColumns: [{ name: 'host', value: 'a' }] } as unknown as Partial<Input>;
  const bytes = Buffer.from(points(1));
  const other = (name: string, more: Partial<Input>): Input => ({
    ...{ name, path: null, size: bytes.length, open: () => Promise.resolve(bytesSource(bytes)) },
    ...more,
  });
  const found = async (more: Partial<Input>): Promise<string[]> => {
    const { notices } = await loadText({ others: [other('host=a/b.lp', more), other('host=a/c.lp', more)] });
    return notices.filter(({ kind }) => kind === 'folders').map(({ message }) => message);
  };
  expect(await found(folders)).toEqual([expect.stringMatching(/^the folders of host=a\/b\.lp .* do not become tags/)]);
  expect(await found({})).toEqual([]);
});

test('a piece without a valid point has rejects, and a pipe without one has an error of its format', async () => {
  const text = 'no line protocol\n';
  const piece = { from: INPUT_START, to: null };
  expect((await loadText({ text, piece, flags: { minPoints: 0 } })).summary).toMatchObject({
    ...{ outcome: 'complete-with-rejects', points: { rejected: 1 } },
  });
  const open: Input['open'] = () => Promise.resolve(bytesSource(Buffer.from(text)));
  const { summary } = await loadText({ others: [{ name: '-', path: null, size: null, open }] });
  expect(summary).toMatchObject({ outcome: 'input', reason: expect.stringContaining('the only line of -') as unknown });
});
