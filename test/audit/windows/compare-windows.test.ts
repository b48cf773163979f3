import { expect, test } from 'vitest';
import { tableSpans } from '../../../src/audit/windows/compare-windows.js';
import { Digest } from '../../../src/audit/windows/digest.js';
import type { Window } from '../../../src/audit/windows/windows.js';

/** Windows of 10,000 points and one second each, 60 of each table. */
const windows: Window[] = ['a', 'b'].flatMap((table) =>
  Array.from({ length: 60 }, (_, i) => {
    const digest = new Digest();
    digest.points = 10_000;
    return { table, fromMs: i * 1_000, toMs: (i + 1) * 1_000, digest };
  }),
);
const all = { from: 0n, to: 10n ** 15n };
const ranges = (isWanted?: (index: number) => boolean, span = all) =>
  tableSpans(windows, span, isWanted).map(({ table, first, end }) => [table, first, end]);

test('a query covers 500,000 points of one table', () => {
  expect(ranges()).toEqual([
    ['a', 0, 50],
    ['a', 50, 60],
    ['b', 60, 110],
    ['b', 110, 120],
  ]);
});

test('windows that are not wanted are read only in short gaps', () => {
  const wanted = new Set([2, 8, 15, 59, 60, 119]);
  expect(ranges((index) => wanted.has(index))).toEqual([
    ['a', 2, 9],
    ['a', 15, 16],
    ['a', 59, 60],
    ['b', 60, 61],
    ['b', 119, 120],
  ]);
});

test('a query ends with the audited range', () => {
  const [first] = tableSpans(windows, { from: 500n, to: 2_000_000_001n });
  expect(first?.span).toEqual({ from: 500n, to: 2_000_000_001n });
  expect(ranges(undefined, { from: 70_000_000_000n, to: 80_000_000_000n })).toEqual([]);
});
