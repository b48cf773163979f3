import { expect, test } from 'vitest';
import type { Shape, TargetColumn } from '../../src/core/types/index.js';
import { awaitColumns, maxAwaitMs, refresh } from '../../src/schema/await-columns.js';
import { Catalogue } from '../../src/schema/catalogue.js';
import { VirtualClock } from '../support/clock.js';

const shapes: Shape[] = [
  { table: 'm', columns: [{ name: 'f', type: 'float' }] },
  { table: 'm', columns: [{ name: 'g', type: 'float' }] },
  { table: 'n', columns: [{ name: 'f', type: 'integer' }] },
];
const all: TargetColumn[] = shapes.flatMap(({ table, columns }) => columns.map((column) => ({ table, ...column })));
const never = new AbortController().signal;

/** A target that shows columns from a moment on; before, it shows `early`, or fails when that is null. */
function scene(from: number, early: readonly TargetColumn[] | null = []) {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const catalogue = new Catalogue([]);
  const columns = async (_signal: AbortSignal, table?: string): Promise<TargetColumn[]> => {
    asked.push(clock.monotonic());
    const shown = clock.monotonic() >= from ? all : early;
    if (shown === null) throw new Error('not now');
    return shown.filter((column) => column.table === table);
  };
  const wait = (signal = never) => {
    let seen: boolean | null = null;
    const promise = awaitColumns({ columns }, catalogue, shapes, clock, signal).then((result) => {
      seen = result;
    });
    return { promise, seen: () => seen };
  };
  return { clock, asked, catalogue, columns, wait };
}

test('columns that exist already cost one query for each table', async () => {
  const { wait, asked, catalogue } = scene(0);
  const { promise, seen } = wait();
  await promise;
  expect(seen()).toBe(true);
  expect(asked).toEqual([0, 0]);
  expect(shapes.map((shape) => catalogue.match(shape).kind)).toEqual(['known', 'known', 'known']);
});

test.each([
  ['a part of them is not enough', all.slice(0, 2)],
  ['errors count as not seen yet', null],
])('missing columns are awaited until they appear: %s', async (_, early) => {
  const { clock, wait } = scene(7000, early);
  const { seen } = wait();
  await clock.advance(6999);
  expect(seen()).toBe(null);
  await clock.advance(2000);
  expect(seen()).toBe(true);
});

test('the wait for columns that never appear ends after a minute, with few queries', async () => {
  const { clock, wait, asked } = scene(Number.POSITIVE_INFINITY);
  const { seen } = wait();
  await clock.advance(maxAwaitMs - 2001);
  expect(seen()).toBe(null);
  await clock.advance(2001);
  expect(seen()).toBe(false);
  expect(maxAwaitMs).toBe(60_000);
  expect(asked.length / 2).toBeLessThan(40);
  expect(asked.at(-1)).toBeLessThanOrEqual(maxAwaitMs);
});

test('an abort ends the wait for columns with its reason', async () => {
  const stop = new AbortController();
  const { clock, wait } = scene(Number.POSITIVE_INFINITY);
  const { promise } = wait(stop.signal);
  const ended = promise.catch((error: unknown) => error);
  await clock.advance(1000);
  stop.abort(new Error('stopped'));
  expect(await ended).toBe(stop.signal.reason);
  expect(clock.waiting).toBe(0);
});

test('an abort during a query ends the wait, whatever the query returns', async () => {
  const stop = new AbortController();
  const columns = async (): Promise<TargetColumn[]> => {
    stop.abort(new Error('stopped'));
    throw new Error('torn down');
  };
  await expect(refresh({ columns }, new Catalogue([]), shapes, stop.signal)).rejects.toBe(stop.signal.reason);
});

test('a refresh whose query fails returns false and keeps earlier columns', async () => {
  const catalogue = new Catalogue([]);
  const columns = async (_signal: AbortSignal, table?: string): Promise<TargetColumn[]> => {
    if (table === 'n') throw new Error('not now');
    return all.filter((column) => column.table === table);
  };
  expect(await refresh({ columns }, catalogue, shapes, never)).toBe(false);
  expect(shapes.map((shape) => catalogue.match(shape).kind)).toEqual(['known', 'known', 'introduces']);
});

test('many tables are listed at once, and one by one where that list cannot be read', async () => {
  const many = Array.from({ length: 12 }, (_, i): Shape => ({ ...shapes[0]!, table: `m${i}` }));
  const queries: (string | undefined)[] = [];
  let canList = true;
  const columns = async (_signal: AbortSignal, table?: string): Promise<TargetColumn[]> => {
    queries.push(table);
    if (table === undefined && !canList) throw new Error('the answer is too long');
    return many
      .flatMap((shape) => shape.columns.map((column) => ({ table: shape.table, ...column })))
      .filter((column) => table === undefined || column.table === table);
  };
  const shown = () => awaitColumns({ columns }, new Catalogue([]), many, new VirtualClock(), never);
  expect([await shown(), queries.length]).toEqual([true, 1]);
  canList = false;
  expect([await shown(), queries.length]).toEqual([true, 14]);
});
