import { expect, test } from 'vitest';
import { sampledPoints } from '../../../../src/flow-control/target-memory/flush/sampled-points.js';
import {
  groupsOf,
  SeriesEstimate,
  sampledSeries,
} from '../../../../src/flow-control/target-memory/flush/series-estimate.js';

const KiB = 1024;

/** The body of points of these series. */
let ordinal = 0;
function batchOf(series: readonly number[], bucket = 0) {
  const lines = series.map((each) => `cpu,host=h\\ ${each},dc=a usage=1 1640995200000000000\n`);
  let end = 0;
  const ends = lines.map((line) => (end += line.length));
  ordinal += 1;
  const batch = { ordinal, points: lines.length, body: Buffer.from(lines.join('')), bodyEnd: (i: number) => ends[i]! };
  return {
    points: lines.length,
    slots: lines.length,
    sample: sampledSeries(sampledPoints(batch, { isLimited: true }), () => bucket),
    part: 1,
  };
}

const cycle = (from: number, count: number, of: number) => Array.from({ length: count }, (_, i) => (from + i) % of);

/** Bytes of series after so many points of a cycle through `of` series. */
function bytesOf(of: number, points: number): number {
  const estimate = new SeriesEstimate();
  let bytes = 0;
  for (let at = 0; at < points; at += 500) bytes += estimate.add(batchOf(cycle(at, 500, of)));
  return bytes;
}

test('each new series takes 1.4 KiB beside its rows until it is flushed', () => {
  const estimate = new SeriesEstimate();
  expect(estimate.count).toBe(0);
  const bytes = estimate.add(batchOf(cycle(0, 500, 500)));
  expect(bytes).toBe(500 * 1.4 * KiB);
  for (let i = 0; i < 4; i += 1) estimate.add(batchOf(cycle(0, 500, 500)));
  expect(estimate.add(batchOf(cycle(0, 500, 500)))).toBe(0);
  estimate.reset();
  expect([estimate.count, estimate.least, estimate.fields]).toEqual([0, 0, 0]);
  expect(estimate.add(batchOf(cycle(0, 500, 500)))).toBeCloseTo(bytes);
});

test('series are estimated from samples, so the same points of more series take more', () => {
  const few = bytesOf(300, 15_000);
  const many = bytesOf(3000, 15_000);
  expect(few).toBeGreaterThan(250 * 1.4 * KiB);
  expect(few).toBeLessThan(0.7 * many);
  expect(many).toBeGreaterThan(3000 * KiB);
  expect(many).toBeLessThan(3000 * 1.4 * KiB * 4);
});

test('a single point has the fields of its table', () => {
  const estimate = new SeriesEstimate();
  estimate.add({ points: 1, slots: 4, sample: [1], part: 1 });
  expect(estimate.fields).toBe(4);
});

test('points of one series, sorted by it, take next to nothing beside their rows', () => {
  expect(new SeriesEstimate().add(batchOf(new Array<number>(500).fill(7)))).toBeLessThan(8 * KiB);
});

test('the same series in another time bucket counts again, because each vnode has its own index', () => {
  const estimate = new SeriesEstimate();
  for (let i = 0; i < 20; i += 1) for (const bucket of [0, 1]) estimate.add(batchOf(cycle(0, 500, 100), bucket));
  expect(estimate.count).toBeGreaterThan(190);
  expect(estimate.count).toBeLessThan(210);
  expect(estimate.least).toBe(estimate.count / 2);
  expect(estimate.fields).toBe(1);
});

test('the series that are there for certain are never more than there are, whenever the first of them repeat', () => {
  const estimate = new SeriesEstimate();
  for (let at = 0; at < 150_000; at += 5000) {
    estimate.add(batchOf(cycle(at, 5000, 50_000)));
    expect(estimate.least).toBeLessThanOrEqual(1.1 * Math.min(50_000, at + 5000));
  }
  expect(estimate.least).toBeGreaterThan(20_000);
});

test('an estimate that a worker hands on counts the same series no more', () => {
  const [first, second] = [new SeriesEstimate(), new SeriesEstimate()];
  first.add(batchOf(cycle(0, 500, 500)));
  second.restore(JSON.parse(JSON.stringify(first.save())) as ReturnType<SeriesEstimate['save']>);
  const more = batchOf(cycle(0, 500, 500));
  expect(second.add(more)).toBe(first.add(more));
});

test('of more series than it keeps, an estimate knows their number within a tenth', () => {
  const estimate = new SeriesEstimate();
  const hashes = Array.from({ length: 40_000 }, (_, i) => Math.imul(i, 0x9e_37_79_b1) >>> 0);
  for (let round = 0; round < 3; round += 1) estimate.add({ points: 40_000, slots: 80_000, sample: hashes, part: 1 });
  expect(Math.abs(estimate.count / 40_000 - 1)).toBeLessThan(0.1);
  expect(estimate.least).toBe(estimate.count / 2);
  expect(estimate.save().seen.length).toBeLessThanOrEqual(8192);
  expect(estimate.fields).toBe(2);
  const other = new SeriesEstimate();
  other.restore(estimate.save());
  expect([other.count, other.least, other.fields]).toEqual([estimate.count, estimate.least, estimate.fields]);
});

test('a part of a body brings its share of the series', () => {
  const batch = batchOf(cycle(0, 100, 100));
  const whole = new SeriesEstimate().add(batch);
  expect(new SeriesEstimate().add({ ...batch, part: 1 / 4 })).toBe(whole / 4);
});

test('series of a sample are those seen, and more if most were seen once', () => {
  expect(groupsOf([])).toBe(0);
  expect(groupsOf([1, 1, 2, 2, 2])).toBe(2);
  // Chao: 3 + 3 * 2 / (2 * 1).
  expect(groupsOf([1, 2, 3])).toBe(6);
  expect(groupsOf([1, 2, 3, 3])).toBe(3 + 2 / 4);
});
