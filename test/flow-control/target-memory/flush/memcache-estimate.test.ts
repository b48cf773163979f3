import { expect, test } from 'vitest';
import {
  correctByGauges,
  differenceOf,
  type MemcacheEstimate,
  recordEstimate,
  retainedOf,
  weighRows,
} from '../../../../src/flow-control/target-memory/flush/memcache-estimate.js';

const MiB = 1024 * 1024;

/** An estimate with these MiB, constant over the last seconds. */
function steady(pending: number, fresh: number, factor = 1): MemcacheEstimate {
  const bytes = (pending + fresh) * MiB;
  return { pending: pending * MiB, fresh: fresh * MiB, factor, history: [{ at: 0, bytes }] };
}

test.each([
  // Measured on CnosDB 2.4.3.4: resident bytes and bytes of the gauge of each row of 20 series.
  ['one field in 46 bytes of text', 1, 0, 46, 155, 51],
  ['two fields in 97 bytes of text', 2, 0, 97, 186, 70],
  ['ten fields in 208 bytes of text', 10, 0, 208, 313, 206],
  ['ten strings of 22 bytes', 10, 10, 410, 823, 440],
])('a row of %s weighs what it was measured to take', (_, slots, strings, bytes, resident, gauged) => {
  const weight = weighRows({
    points: 1,
    slots,
    values: slots,
    rowsPerPoint: 1,
    strings: { count: strings, bytes: 22 * strings },
    bytes,
  });
  expect(Math.abs((weight.resident * bytes) / resident - 1)).toBeLessThan(0.12);
  expect(Math.abs((weight.gauged * bytes) / gauged - 1)).toBeLessThan(0.1);
});

test('the slots of a row take the next larger size of the allocator', () => {
  const weight = weighRows({
    points: 1,
    slots: 11,
    values: 11,
    rowsPerPoint: 1,
    strings: { count: 0, bytes: 0 },
    bytes: 1,
  });
  expect(weight).toEqual({ resident: 192 + 144, gauged: 176 + 32, retained: 1, retainedGrowth: 8.125 * 11 });
});

test('a vnode retains a value and a bit for each unset field of a body, so points of one time in one row retain less', () => {
  const retained = (values: number, rowsPerPoint: number): number =>
    weighRows({ points: 10, slots: 500, values, rowsPerPoint, strings: { count: 0, bytes: 0 }, bytes: 720 }).retained;
  expect(retained(10, 1)).toBeCloseTo(1 + (490 * 8.125) / 720, 9);
  expect(retained(10, 0.1)).toBeCloseTo(1 + (40 * 8.125) / 720, 9);
  expect([retained(500, 1), retained(10, 0.02)]).toEqual([1, 1]);
});

test('a small body retains less per byte, because it has at most as many columns as values', () => {
  const weight = weighRows({
    ...{ points: 1000, slots: 1_000_000, values: 1000, rowsPerPoint: 1 },
    ...{ strings: { count: 0, bytes: 0 }, bytes: 30_000 },
  });
  expect(weight.retained).toBeCloseTo(1 + (999_000 * 8.125) / 30_000, 6);
  // 100 lines of 30 bytes with 100 different fields.
  expect(retainedOf(weight, 3000)).toBeCloseTo(1 + (100 * 100 * 8.125) / 3000, 6);
  expect(retainedOf(weight, 3_000_000)).toBe(weight.retained);
});

test('a batch without points weighs nothing', () => {
  expect(
    weighRows({ points: 0, slots: 0, values: 0, rowsPerPoint: 1, strings: { count: 0, bytes: 0 }, bytes: 0 }).resident,
  ).toBe(0);
});

test('the history keeps one estimate per half second for twelve seconds', () => {
  let state = steady(0, 1);
  for (let at = 0; at <= 20_000; at += 250) state = recordEstimate(state, at);
  expect(state.history.map(({ at }) => at)).toEqual(Array.from({ length: 25 }, (_, i) => 8000 + 500 * i));
  expect(state.history[0]!.bytes).toBe(MiB);
});

test.each([
  // [pending, fresh, gauge, expected pending, expected fresh, expected factor]
  ['a gauge within the tolerance changes nothing', 0, 100, 118, 0, 100, 1],
  ['a gauge above the tolerance raises fresh rows and the factor', 0, 100, 150, 0, 150, 1.5],
  ['one gauge at most doubles the factor', 0, 100, 400, 0, 400, 2],
  ['an estimate below the slack does not change the factor', 0, 3, 40, 0, 40, 1],
  ['a gauge below the tolerance lowers pending rows first', 60, 40, 70, 30, 40, 1],
  ['a gauge far below lowers fresh rows as well', 60, 40, 20, 0, 20, 1],
  ['a gauge slightly below changes nothing', 60, 40, 82, 60, 40, 1],
] as const)('%s', (_, pending, fresh, gauge, expectedPending, expectedFresh, factor) => {
  const after = correctByGauges(steady(pending, fresh), [gauge * MiB], 1);
  expect([after.pending / MiB, after.fresh / MiB, after.factor]).toEqual([expectedPending, expectedFresh, factor]);
});

test('the factor stays between 1 and 4: gauges above raise it, gauges below let it decay', () => {
  expect(correctByGauges(steady(0, 100, 3), [200 * MiB], 1).factor).toBe(4);
  expect(correctByGauges(steady(0, 100, 2), [50 * MiB], 1).factor).toBe(1.8);
  expect(correctByGauges(steady(0, 100, 1.05), [50 * MiB], 1).factor).toBe(1);
});

test('the fullest node counts, and the same gauge read again changes nothing', () => {
  const once = correctByGauges(steady(0, 100), [10 * MiB, 150 * MiB, null], 3);
  expect(once.fresh / MiB).toBe(150);
  expect(once.history[0]!.bytes / MiB).toBe(150);
  expect(correctByGauges(once, [10 * MiB, 150 * MiB, null], 3)).toBe(once);
  const lower = correctByGauges(steady(0, 100), [20 * MiB], 1);
  expect(lower.history[0]!.bytes / MiB).toBe(20);
});

test('estimates of exactly twelve seconds ago still count, older ones do not', () => {
  const state = { ...steady(0, 1), history: [{ at: 0, bytes: 1 }] };
  expect(recordEstimate(state, 12_000).history).toHaveLength(2);
  expect(recordEstimate(state, 12_001).history).toHaveLength(1);
});

test.each([
  ['below the upper tolerance', 118.99, 100],
  ['above the upper tolerance', 119.01, 119.01],
  ['at the lower tolerance', 81, 100],
  ['a byte below it', 81 - 1 / MiB, 81 - 1 / MiB],
])('a gauge %s corrects the estimate or not', (_, gauge, expected) => {
  expect(correctByGauges(steady(0, 100), [gauge * MiB], 1).fresh).toBeCloseTo(expected * MiB, 0);
});

test.each([
  ['above all estimates', [36, 3], 6],
  ['between them', [25, 30], 0],
  ['below them', [null, 15], -5],
  ['unknown', [null], 0],
])('a gauge %s differs from estimates of 20 to 30 MiB by the distance to the nearest', (_, gauges, expected) => {
  const history = [20, 30].map((mib, at) => ({ at, bytes: mib * MiB }));
  const bytes = gauges.map((each) => each && each * MiB);
  expect(differenceOf({ ...steady(0, 30), history }, bytes)).toBe(expected * MiB);
  expect(differenceOf({ ...steady(0, 30), history: [] }, bytes)).toBe(0);
});
