import { expect, test } from 'vitest';
import type { Batch, Receipt } from '../../../src/core/types/index.js';
import { DetailCollector } from '../../../src/load/ledger/detail-collector.js';
import { batch, reject } from './support.js';

const all = (points: number): Receipt => ({ loaded: [{ from: 0, to: points }], rejected: [], undelivered: [] });

/** Points in turn of each table, a second apart. */
function of(tables: readonly string[], points: number, more: Partial<Batch> = {}): Batch {
  const lines = Array.from({ length: points }, (_, i) => Buffer.from(`${tables[i % tables.length]} f=1 ${i}\n`));
  let end = 0;
  const ends = lines.map(({ length }) => {
    end += length;
    return end;
  });
  return batch(points, {
    body: Buffer.concat(lines),
    bodyEnd: (i) => ends[i]!,
    source: (i) => ({ bytes: lines[i]!.subarray(0, -1), line: i + 1, byteOffset: ends[i - 1] ?? 0 }),
    ...more,
  });
}

function particularly(random = Math.random, table: string | null = null): DetailCollector {
  return new DetailCollector({ table, unitNs: 1_000_000_000n, random });
}

test('small batches are counted to the point, with the times of their tables', () => {
  const seen = particularly();
  for (let i = 0; i < 5; i += 1) seen.book(of(['a', 'b'], 10), all(10), true);
  expect(seen.tables()).toEqual({
    shown: [
      { table: 'a', points: 25, time: { first: 0n, last: 8_000_000_000n } },
      { table: 'b', points: 25, time: { first: 1_000_000_000n, last: 9_000_000_000n } },
    ],
    more: 0,
  });
  expect(seen.sampled).toBe(false);
});

test('a large batch is sampled: alternating tables are distinguished, and the sum is exact', () => {
  let state = 7;
  const random = (): number => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const seen = particularly(random);
  const large = of(['a', 'a', 'a', 'b'], 1600);
  for (let i = 0; i < 200; i += 1) seen.book(large, all(1600), true);
  const [a, b] = seen.tables().shown;
  expect(a!.points + b!.points).toBe(320_000);
  expect(b!.points / 80_000).toBeCloseTo(1, 1);
  expect(a!.time!.first).toBe(0n);
  expect(seen.sampled).toBe(true);
});

test('the times of a large batch include its first and its last point', () => {
  const seen = particularly(() => 0.5);
  seen.book(of(['a'], 1600), all(1600), true);
  expect(seen.tables().shown).toEqual([{ table: 'a', points: 1600, time: { first: 0n, last: 1_599_000_000_000n } }]);
});

test('only what was loaded counts', () => {
  const seen = particularly();
  seen.book(of(['a'], 10), { loaded: [{ from: 2, to: 5 }], rejected: [], undelivered: [{ from: 5, to: 10 }] }, true);
  expect(seen.tables().shown).toEqual([
    { table: 'a', points: 3, time: { first: 2_000_000_000n, last: 4_000_000_000n } },
  ]);
});

test('rejects are grouped by reason, table and input, with the first line in any order of arrival', () => {
  const seen = particularly();
  const bad = (line: number, text: string): Batch => of(['a'], 1, { rejects: [reject(text, { line })] });
  seen.book(bad(90, 'm,t=a f=x'), all(1), true);
  seen.book(bad(12, 'm f=y'), all(1), true);
  seen.book(bad(1, 'other f=y'), all(1), true);
  seen.book(bad(1, 'half a point'), all(1), false);
  const byTarget = { point: 3, reason: 'target-type', message: '', endpoint: 'http://a' };
  seen.book(of(['a', 'b'], 4), { loaded: [], rejected: [byTarget], undelivered: [] }, true);
  expect(seen.rejects()).toEqual({
    shown: [
      { reason: 'bad-number', table: 'm', input: 0, points: 2, firstLine: 12 },
      { reason: 'bad-number', table: 'other', input: 0, points: 1, firstLine: 1 },
      { reason: 'target-type', table: 'b', input: 0, points: 1, firstLine: 4 },
    ],
    more: 0,
  });
});

test('a row of another format is of the table that was named, and a point in parts counts once', () => {
  const seen = particularly(Math.random, 'readings');
  const deadLetterFormat = { suffix: '.csv', head: new Uint8Array(0) };
  const parts = (['first', 'middle', 'last'] as const).map((part) => reject('1;2', { part }));
  seen.book(of(['a'], 1, { deadLetterFormat, rejects: parts }), all(1), true);
  expect(seen.rejects().shown).toEqual([
    { reason: 'bad-number', table: 'readings', input: 0, points: 1, firstLine: 1 },
  ]);
});

/** One point of a table, with so many rejects of one reason. */
function bookOne(seen: DetailCollector, name: string, rejects: number, points = 1): void {
  const bad = Array.from({ length: rejects }, () => reject('m f=x', { reason: name }));
  seen.book(of([name], points, { rejects: bad }), all(points), true);
}

test('a thousand tables and groups have rows, and the points of all others are in the sum', () => {
  const seen = particularly();
  for (let i = 0; i < 999; i += 1) bookOne(seen, `t${i}`, 1);
  bookOne(seen, 'last', 3, 3);
  for (let i = 0; i < 2; i += 1) bookOne(seen, 'late', 5, 5);
  const tables = seen.tables();
  expect(tables.shown).toHaveLength(100);
  expect(tables.shown[0]).toMatchObject({ table: 'last', points: 3 });
  expect(tables.more).toBe(999 + 3 + 10 - 102);
  const groups = seen.rejects();
  expect(groups.shown).toHaveLength(100);
  expect(groups.shown[0]).toMatchObject({ reason: 'last', points: 3 });
  expect(groups.more).toBe(999 + 3 + 10 - 102);
});

test('the largest tables and groups come first, and equal groups in the order of their lines', () => {
  const seen = particularly();
  for (const [name, points] of [
    ['few', 1],
    ['most', 3],
    ['some', 2],
  ] as const) {
    bookOne(seen, name, points, points);
  }
  expect(seen.tables().shown.map(({ table }) => table)).toEqual(['most', 'some', 'few']);
  expect(seen.rejects().shown.map(({ reason }) => reason)).toEqual(['most', 'some', 'few']);
  const lines = particularly();
  for (const line of [5, 2, 9])
    lines.book(of(['a'], 1, { rejects: [reject('m f=x', { line, reason: `r${line}` })] }), all(1), true);
  expect(lines.rejects().shown.map(({ firstLine }) => firstLine)).toEqual([2, 5, 9]);
});

test('a batch of 16 points is counted to the point, and a larger one is sampled in all its parts', () => {
  const seen = particularly();
  seen.book(of(['a'], 16), all(16), true);
  expect(seen.sampled).toBe(false);
  seen.book(of(['a'], 17), all(17), true);
  expect(seen.sampled).toBe(true);
  const halves = particularly();
  const tables = Array.from({ length: 320 }, (_, i) => (i < 160 ? 'first' : 'second'));
  halves.book(of(tables, 320), all(320), true);
  expect(halves.tables().shown.map(({ table, points }) => [table, points])).toEqual([
    ['first', 160],
    ['second', 160],
  ]);
});

test('earlier times in a later batch leave the last time of a table', () => {
  const seen = particularly();
  for (const points of [9, 3]) seen.book(of(['a'], points), all(points), true);
  expect(seen.tables().shown[0]!.time).toEqual({ first: 0n, last: 8_000_000_000n });
});

test('a table whose points have no timestamps has no times', () => {
  const seen = particularly();
  const body = Buffer.from('m f=1\n');
  seen.book(batch(1, { body, bodyEnd: () => body.length }), all(1), true);
  expect(seen.tables().shown).toEqual([{ table: 'm', points: 1, time: null }]);
});
