import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Bounds,
  isWithin,
  refusal,
  safeHighWords,
  timestampOf,
  unbounded,
} from '../../../src/batching/points/point-bounds.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import { bytesSource } from '../../formats/support.js';
import { runs } from '../support.js';

/** Reasons for the points of a text, null for those that are kept. */
async function reasons(text: string, bounds: Bounds): Promise<(string | null)[]> {
  const format = new LineProtocol({
    maxPointBytes: 4096,
    chunkBytes: 8192,
    precision: 'ns',
    missingTimestamp: 'now',
  });
  const found: (string | null)[] = [];
  for await (const run of format.points(bytesSource(Buffer.from(text)), new AbortController().signal)) {
    for (let i = 0; i < run.count; i += 1) found.push(refusal(run, i, bounds)?.reason ?? null);
  }
  return found;
}

test('every point is within the bounds between the safe high words', () => {
  const infinite = Number.POSITIVE_INFINITY;
  expect(safeHighWords(unbounded)).toEqual({ above: -infinite, below: infinite });
  const word = 2 ** 32;
  expect(safeHighWords({ ...unbounded, oldest: 3 * word, newest: 7 * word })).toEqual({ above: 3, below: 7 });
  const expected = { from: 4 * word, to: 6 * word, message: String };
  expect(safeHighWords({ ...unbounded, oldest: 3 * word, expected })).toEqual({ above: 4, below: 5 });
});

test('no high word is safe if the bounds concern more than the time', () => {
  for (const one of [{ grain: 2 }, { longBytes: 1 }])
    expect(safeHighWords({ ...unbounded, ...one })).toEqual({ above: 0, below: 0 });
});

test('times outside --expect-time are refused before all others', async () => {
  const bounds = { ...unbounded, oldest: -5, newest: 7, expected: { from: -10, to: 9, message: String } };
  const text = [-11, -10, -6, -5, 7, 8, 9].map((time) => `m f=1 ${time}\n`).join('');
  const unexpected = 'unexpected-time';
  expect(await reasons(text, bounds)).toEqual([unexpected, 'expired', 'expired', null, null, 'ahead', unexpected]);
});

test('points from the oldest to the newest time are kept, both included', async () => {
  const bounds = { ...unbounded, oldest: -5, newest: 7 };
  const text = [-6, -5, 0, 7, 8].map((time) => `m f=1 ${time}\n`).join('');
  expect(await reasons(text, bounds)).toEqual(['expired', null, null, null, 'ahead']);
});

test('a timestamp finer than the unit of the target is refused, before 1970 and far from it as well', async () => {
  const bounds = { ...unbounded, grain: 1_000_000 };
  const text = ['1000000', '1000001', '-1000000', '-999999', '9000000000000000000', '9000000000000000001']
    .map((time) => `m f=1 ${time}\n`)
    .join('');
  const finer = 'finer-than-target';
  expect(await reasons(text, bounds)).toEqual([null, finer, null, finer, null, finer]);
});

test('a point without a timestamp is never refused for its time', async () => {
  expect(await reasons('m f=1\n', { ...unbounded, oldest: 5, newest: 6, grain: 7 })).toEqual([null]);
});

test('only points longer than the bound are examined', async () => {
  const seen: string[] = [];
  const long = (point: Uint8Array): null => {
    seen.push(Buffer.from(point).toString());
    return null;
  };
  await reasons('m f=1 1\nm f=12 1\nm f=123 1\n', { ...unbounded, longBytes: 8, long });
  expect(seen).toEqual(['m f=123 1']);
});

test('the fast check agrees with exact arithmetic for every time', () => {
  const times = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(times, fc.constantFrom(1, 1000, 1_000_000), fc.boolean(), (any, grain, even) => {
      const time = even ? any - (any % BigInt(grain)) : any;
      const [high, low] = [Number(time >> 32n), Number(BigInt.asUintN(32, time))];
      expect(isWithin(high, low, 10, { ...unbounded, grain })).toBe(time % BigInt(grain) === 0n);
      expect(isWithin(high, low, 10, { ...unbounded, longBytes: 9 })).toBe(false);
    }),
  );
});

test('the fast check keeps times and lengths equal to a bound, and no others beyond it', () => {
  const bounds = { ...unbounded, oldest: -5, newest: 7, longBytes: 10 };
  const isKept = (time: number, bytes: number): boolean => isWithin(time < 0 ? -1 : 0, time >>> 0, bytes, bounds);
  expect([-6, -5, 7, 8].map((time) => isKept(time, 10))).toEqual([false, true, true, false]);
  expect([9, 10, 11].map((bytes) => isKept(0, bytes))).toEqual([true, true, false]);
});

test('a timestamp is returned with all its digits, before 1970 as well', async () => {
  const times = [5n, -1n, 1_600_000_000_000_000_001n, -1_600_000_000_000_000_001n];
  const { value: run } = await runs(times.map((time) => `m f=1 ${time}\n`).join('')).next();
  expect(times.map((_, i) => timestampOf(run!, i))).toEqual(times);
});
