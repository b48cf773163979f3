// When a load holds the turn to introduce columns, and when it knows that the target has them.

import { readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import type { FleetHooks, Target, TargetColumn } from '../../../src/core/types/index.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { accepted, loadText, points } from '../custom-load.js';
import { folder } from '../ledger/support.js';

const column: TargetColumn = { table: 'm', name: 'f', type: 'float' };
const flags = { batchPoints: 1, workers: 1 };

/** Loads three points as a worker of a fleet. Returns what it asks the fleet and the target for, in order. */
async function events(columns: (call: number) => TargetColumn[], target: Partial<Target> = {}): Promise<string[]> {
  const log: string[] = [];
  let calls = 0;
  const note = <T>(event: string, result: T): Promise<T> => {
    log.push(event);
    return Promise.resolve(result);
  };
  const fleet = {
    ...{ memory: null, elsewhere: { read: 0, rejected: 0 }, observe: () => {}, report: () => Promise.resolve() },
    admit: () => note('permit', { delayMs: 0, end: () => {} }),
    takeTurn: () => note('turn', { isFresh: () => true, release: () => log.push('release') }),
  } as unknown as FleetHooks;
  const write: typeof accepted = (...sent) => note('write', null).then(() => accepted(...sent));
  const own = { write, columns: () => Promise.resolve(columns(calls++)), ...target };
  const { summary } = await loadText({ own, flags, fleet, text: points(3) });
  expect(summary.points.loaded).toBe(3);
  return log;
}

test('a worker takes the turn of the fleet before the permit of the batch that introduces columns', async () => {
  const log = await events(() => []);
  expect(log.slice(0, 4)).toEqual(['turn', 'permit', 'write', 'release']);
  expect(log.slice(4)).toEqual(['permit', 'write', 'permit', 'write']);
});

test('a worker whose columns another worker has introduced sends without the turn', async () => {
  const log = await events((call) => (call === 0 ? [] : [column]));
  expect(log.slice(0, 4)).toEqual(['turn', 'release', 'permit', 'write']);
});

test('a worker needs no turn for a target in which first writes do not disturb one another', async () => {
  const { traits } = createCustomTarget({ write: accepted });
  expect(await events(() => [], { traits: { ...traits, firstWriteExclusive: false } })).not.toContain('turn');
});

test('outside of a fleet a load holds the lock of its host until the target shows the columns', async () => {
  const turnDir = await folder();
  const locks: number[] = [];
  const see = async (): Promise<void> => void locks.push((await readdir(turnDir)).length);
  let isWritten = false;
  const write: typeof accepted = async (...sent) => {
    await see();
    isWritten = true;
    return await accepted(...sent);
  };
  const columns = async (): Promise<TargetColumn[]> => {
    if (isWritten) await see();
    return isWritten ? [column] : [];
  };
  const endpoints = () => [{ url: 'http://127.0.0.1:1', loaded: 0, failures: 0, openSeconds: 0 }];
  await loadText({ own: { write, columns, endpoints }, flags: { ...flags, turn: true, turnDir }, text: points(2) });
  // First write, columns, second write.
  expect(locks).toEqual([1, 1, 0]);
});

const rejection = { reason: 'target-parse', message: 'no', offset: null, tooLarge: false, unknown: false };

test.each([
  ['as a whole are known', () => false, { loaded: 4 }, 1],
  ['in part are read from the target', (body: string) => body.includes('f=1'), { loaded: 3, rejected: 1 }, 2],
  ['not at all stay unknown', (body: string) => /f=[01]/.test(body), { loaded: 2, rejected: 2 }, 1],
])('the columns of a batch that was loaded %s', async (_, isBad, expected, queries) => {
  const columns = vi.fn(() => Promise.resolve(columns.mock.calls.length > 1 ? [column] : []));
  const write: typeof accepted = async (...sent) => {
    const attempt = await accepted(...sent);
    return isBad(Buffer.from(sent[0].bytes).toString())
      ? { ...attempt, verdict: { kind: 'rejected', ...rejection } }
      : attempt;
  };
  const { summary } = await loadText({ own: { write, columns }, flags: { ...flags, batchPoints: 2 }, text: points(4) });
  expect(summary).toMatchObject({ points: expected, batches: { alone: 1 } });
  expect(columns).toHaveBeenCalledTimes(queries);
});

test.each([
  [true, ['write', 'columns', 'write']],
  [false, ['write', 'write']],
])('a request of unknown outcome is repeated once its columns appear: %s', async (firstWriteExclusive, expected) => {
  const log: string[] = [];
  const write: typeof accepted = async (...sent) => {
    log.push('write');
    const lost = { kind: 'dropped', reason: 'reset', mayBeApplied: true } as const;
    return { ...(await accepted(...sent)), ...(log.length === 1 ? { verdict: lost } : {}) };
  };
  const columns = (): Promise<TargetColumn[]> => {
    if (log.length > 0) log.push('columns');
    return Promise.resolve(log.length > 0 ? [column] : []);
  };
  const { traits } = createCustomTarget({ write: accepted });
  const own = { write, columns, traits: { ...traits, firstWriteExclusive } };
  expect((await loadText({ own, flags, during: (clock) => clock.advance(60_000) })).summary.points.loaded).toBe(1);
  expect(log).toEqual(expected);
});

test('a load that waits for its rate says so, and sends the next request when the rate allows it', async () => {
  const factors: unknown[] = [];
  const { summary } = await loadText({
    ...{ flags: { ...flags, ratePoints: 1 }, text: points(3) },
    during: async (clock, snapshot) => {
      for (let i = 0; i < 6; i += 1) {
        await clock.advance(500);
        factors.push(snapshot().heldBackBy);
      }
    },
  });
  expect(factors).toContain('rateLimit');
  expect([summary.points.loaded, summary.pressure.heldBackBy.rateLimit]).toEqual([3, 2]);
});
