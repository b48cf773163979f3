import { expect, test } from 'vitest';
import type { PointRange } from '../../src/core/types/index.js';
import { halves, isolate, namedPoint, pointAt, searchOf, startOf, wasMisled } from '../../src/delivery/bisection.js';
import { batchOf } from './support.js';

const range = (from: number, to: number): PointRange => ({ from, to });
/** Points begin at offsets 0, 3, 7, 12 and end at 18. */
const batch = batchOf(['aa', 'bbb', 'cccc', 'ddddd']);

test('a search begins with all points of a batch, and with none for an empty batch', () => {
  expect(searchOf(3)).toEqual({ open: [range(0, 3)], suspect: -1, misled: false });
  expect(searchOf(0).open).toEqual([]);
});

test('the first half is sent first and is the larger one', () => {
  expect(halves(range(0, 4))).toEqual([range(2, 4), range(0, 2)]);
  expect(halves(range(3, 6))).toEqual([range(5, 6), range(3, 5)]);
});

test.each<[string, number, PointRange[]]>([
  ['in the middle', 2, [range(3, 5), range(2, 3), range(0, 2)]],
  ['at the start', 0, [range(1, 5), range(0, 1)]],
  ['at the end', 4, [range(4, 5), range(0, 4)]],
])('a suspect %s is sent alone, between its neighbours', (_, point, expected) => {
  expect(isolate(range(0, 5), point)).toEqual(expected);
});

test.each<[string, PointRange, boolean, boolean]>([
  ['the suspect alone is good', range(4, 5), true, true],
  ['the suspect alone is bad', range(4, 5), false, false],
  ['the points before the suspect are bad', range(0, 4), false, true],
  ['the points before the suspect are good', range(0, 4), true, false],
  ['a range that begins with the suspect is good', range(4, 7), true, false],
  ['the points after the suspect are bad', range(5, 8), false, false],
])('the target misled the search when a range shows it: %s', (_, sent, loaded, expected) => {
  expect(wasMisled(sent, 4, loaded)).toBe(expected);
});

test('an offset belongs to the point whose bytes contain it, its LF included', () => {
  const all = range(0, 4);
  expect([0, 2, 3, 6, 7, 11, 12, 17].map((offset) => pointAt(batch, all, offset))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect([0, 1, 2, 3].map((point) => startOf(batch, range(point, 4)))).toEqual([0, 3, 7, 12]);
});

test.each<[string, Parameters<typeof namedPoint>[2], number | null]>([
  ['the first point by number', { point: 0, offset: null }, 1],
  ['the last point by number', { point: 2, offset: null }, 3],
  ['a point by number before an offset', { point: 2, offset: 0 }, 3],
  ['an offset at the start', { offset: 0 }, 1],
  ['an offset at the last byte', { offset: 14 }, 3],
  ['a number beyond the range, with an offset', { point: 3, offset: 4 }, 2],
  ['a number beyond the range', { point: 3, offset: null }, null],
  ['an offset beyond the range', { offset: 15 }, null],
  ['a negative offset', { offset: -1 }, null],
  ['nothing', { point: null, offset: null }, null],
])('the target names %s of a range that begins at point 1', (_, named, expected) => {
  expect(namedPoint(batch, range(1, 4), named)).toBe(expected);
});
