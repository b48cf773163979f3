import { expect, test } from 'vitest';
import { NewBuckets } from '../../../src/batching/points/new-buckets.js';
import { POINT_WORDS, TIME_LOW } from '../../../src/core/types/index.js';
import { bench, heldRuns, never, runs } from '../support.js';

/** Returns the timestamps in the body of each batch. */
async function timesOf(text: string, units: number, source = runs(text), points = 1000) {
  const { batcher } = bench({ bucketUnits: units, points });
  const times: number[][] = [];
  const cuts: string[] = [];
  for await (const batch of batcher.batches(0, source, never)) {
    const lines = Buffer.from(batch.body).toString().trimEnd().split('\n');
    times.push(lines.map((line) => Number(line.split(' ')[2])));
    cuts.push(batch.cut);
    batch.release();
  }
  return { times, cuts };
}

const lines = (times: readonly number[], end = ''): string => times.map((time) => `m f=1 ${time}${end}\n`).join('');

test('a batch ends before the first point of each new time bucket', async () => {
  const sorted = [1, 2, 9, 10, 11, 35, 36, -1];
  const expected = [[1, 2, 9], [10, 11], [35, 36], [-1]];
  const { times, cuts } = await timesOf(lines(sorted), 10);
  expect(times).toEqual(expected);
  expect(cuts).toEqual(['bucket', 'bucket', 'bucket', 'inputEnd']);
  // Blanks after the timestamp leave the fast path.
  expect((await timesOf(lines(sorted, ' '), 10)).times).toEqual(expected);
  expect((await timesOf(lines(sorted), Number.POSITIVE_INFINITY)).times).toEqual([sorted]);
});

test('a batch of known time buckets may mix them, so unsorted inputs have one more batch for each bucket', async () => {
  const { times } = await timesOf(lines([1, 11, 2, 12, 3, 13, 21, 4]), 10);
  expect(times).toEqual([[1], [11, 2, 12, 3, 13], [21, 4]]);
});

test('batches that stay in the memory of the format end there as well', async () => {
  const text = lines(Array.from({ length: 3000 }, (_, i) => 1_000_000 + i));
  const holds = { count: 0 };
  const { times } = await timesOf(text, 700, heldRuns(runs(text), holds), 200);
  for (const batch of times) expect(new Set(batch.map((time) => Math.floor(time / 700))).size).toBe(1);
  expect(times.flat()).toHaveLength(3000);
  expect(times.length).toBeLessThan(24);
  expect(holds.count).toBe(0);
});

test('an input after another one does not end a batch at its known time buckets', async () => {
  const { batcher } = bench({ bucketUnits: 10 });
  for (const input of [0, 1]) {
    for await (const batch of batcher.batches(input, runs(lines([1, 2])), never)) {
      expect([batch.points, batch.cut]).toEqual([2, 'inputEnd']);
      batch.release();
    }
  }
});

test('each point of a run is checked once, however many small batches it fills', () => {
  const words = new Uint32Array(1000 * POINT_WORDS);
  for (let i = 0; i < 1000; i += 1) words[i * POINT_WORDS + TIME_LOW] = i % 500;
  let reads = 0;
  const index = new Proxy(words, {
    get: (of, key) => {
      reads += typeof key === 'string' && Number(key) % POINT_WORDS === TIME_LOW ? 1 : 0;
      return Reflect.get(of, key);
    },
  });
  const buckets = new NewBuckets(100);
  const cursor = { point: 0, reject: 0, seenTo: 0 };
  const ends: number[] = [];
  for (; cursor.point < 1000; cursor.point += 10) {
    if (cursor.point < 500 && cursor.point % 100 === 0) buckets.enter(cursor.point);
    ends.push(buckets.endOf({ index }, cursor, 1000));
  }
  expect(ends.filter((end, i) => end !== ends[i - 1])).toEqual([100, 200, 300, 400, 1000]);
  // Each call may check the first point of the next bucket again.
  expect(reads).toBeLessThanOrEqual(1000 + ends.length);
});

test('a run of points with a summary, and a limit before the next new bucket, end where they should', () => {
  const words = new Uint32Array(4 * POINT_WORDS);
  for (const [i, time] of [5, 6, 15, 16].entries()) words[i * POINT_WORDS + TIME_LOW] = time;
  const buckets = new NewBuckets(10);
  buckets.enter(5);
  const cursor = { point: 0, reject: 0, seenTo: 0 };
  expect(buckets.endOf({ index: words, summary: null }, cursor, 1)).toBe(1);
  expect(buckets.endOf({ index: words, summary: null }, cursor, 4)).toBe(2);
  expect(buckets.endOf({ index: words, summary: null }, cursor, 1)).toBe(1);
  cursor.point = 2;
  buckets.enter(15);
  expect(buckets.endOf({ index: words, summary: null }, cursor, 4)).toBe(4);
});
