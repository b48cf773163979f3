import { expect, test } from 'vitest';
import { sampledPoints, sampledStrings } from '../../../../src/flow-control/target-memory/flush/sampled-points.js';

const length = 16;

/** Returns a batch of points of 16 bytes; every second one has a string of three bytes. */
function batchOf(points: number, ordinal = 1) {
  const text = (i: number): string => (i % 2 === 0 ? `m f=${i}` : `m s="abc",f=${i}`.slice(0, 15)).padEnd(15, '0');
  const body = Buffer.from(Array.from({ length: points }, (_, i) => `${text(i)}\n`).join(''));
  return { ordinal, points, body, bodyEnd: (i: number) => (i < 0 ? body.length : (i + 1) * length) };
}

/** Numbers of the sampled points. */
function numbersOf(batch: ReturnType<typeof batchOf>): number[] {
  return sampledPoints(batch, { isLimited: true }).map(
    ({ byteOffset }) => (byteOffset - batch.body.byteOffset) / length,
  );
}

test('up to 32 points are all sampled, and of more one in each of 32 to 128 equal parts', () => {
  expect(numbersOf(batchOf(0))).toEqual([]);
  expect(numbersOf(batchOf(5))).toEqual([0, 1, 2, 3, 4]);
  expect(numbersOf(batchOf(32))).toHaveLength(32);
  for (const [points, samples] of [
    [320, 32],
    [1024, 32],
    [1920, 60],
    [12_800, 128],
  ] as const) {
    const parts = numbersOf(batchOf(points)).map((i) => Math.floor((i * samples) / points));
    expect(parts).toEqual(Array.from({ length: samples }, (_, k) => k));
  }
});

test('a point is drawn from the whole of its part, and another one in the next batch', () => {
  const [one, two] = [1, 2].map((ordinal) => numbersOf(batchOf(4096, ordinal)).map((i) => i % 2 === 1));
  expect(one!.filter(Boolean).length).toBeGreaterThan(40);
  expect(one!.filter(Boolean).length).toBeLessThan(88);
  expect(one).not.toEqual(two);
});

const stringsOf = (batch: ReturnType<typeof batchOf>) =>
  sampledStrings(sampledPoints(batch, { isLimited: true }), batch);

test('strings of a batch are estimated from its sample', () => {
  expect(stringsOf(batchOf(30))).toEqual({ count: 15, bytes: 45 });
  const { count, bytes } = stringsOf(batchOf(2000));
  expect(Math.abs(count / 1000 - 1)).toBeLessThan(0.3);
  expect(bytes).toBe(3 * count);
  expect(stringsOf(batchOf(0))).toEqual({ count: 0, bytes: 0 });
  const one = Buffer.from('m s="abc",f=0 0\n');
  expect(stringsOf({ ordinal: 1, points: 1, body: one, bodyEnd: () => one.length })).toEqual({ count: 1, bytes: 3 });
});

test('16 points of a batch are sampled if the memory is not limited', () => {
  const batch = batchOf(1000);
  expect(sampledPoints(batch, { isLimited: true })).toHaveLength(32);
  expect(sampledPoints(batch, { isLimited: false })).toHaveLength(16);
});
