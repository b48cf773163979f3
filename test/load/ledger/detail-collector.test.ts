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
  for (let i = 0; i < 200; i += 1) seen.book(of(['a', 'a', 'a', 'b'], 1600), all(1600), true);
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
  const deadLetterFormat = { ending: '.csv', head: new Uint8Array(0) };
  const parts = (['first', 'middle', 'last'] as const).map((part) => reject('1;2', { part }));
  seen.book(of(['a'], 1, { deadLetterFormat, rejects: parts }), all(1), true);
  expect(seen.rejects().shown).toEqual([
    { reason: 'bad-number', table: 'readings', input: 0, points: 1, firstLine: 1 },
  ]);
});

test('a million tables and groups take the room of a thousand, and every point is in the account', () => {
  const seen = particularly();
  const tables = Array.from({ length: 3000 }, (_, i) => `t${i}`);
  for (const table of tables) {
    seen.book(of([table], 2, { rejects: [reject(`${table} f=x`, { reason: `r-${table}` })] }), all(2), true);
  }
  const { shown, more } = seen.tables();
  expect(shown.length).toBe(100);
  expect(shown.reduce((sum, { points }) => sum + points, more)).toBe(6000);
  const groups = seen.rejects();
  expect(groups.shown.length).toBe(100);
  expect(groups.shown.reduce((sum, { points }) => sum + points, groups.more)).toBe(3000);
});
