import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/types/index.js';
import { SizeLimit } from '../../src/delivery/size-limit.js';

const KiB = 1024;

function limits(bytes: number, allowed = () => bytes) {
  const notices: Notice[] = [];
  return { sizes: new SizeLimit(bytes, allowed, (notice) => notices.push(notice)), notices };
}

test('a body that does not work halves the limit once, with one notice', () => {
  const { sizes, notices } = limits(1024 * KiB);
  expect(sizes.current).toBe(1024 * KiB);
  sizes.shrink(1000 * KiB, 'the target answered 413');
  sizes.shrink(1000 * KiB, 'the target answered 413'); // sent before the first answer came
  sizes.shrink(1024 * KiB, 'the target answered 413');
  expect([sizes.current, sizes.min]).toEqual([500 * KiB, 500 * KiB]);
  expect(notices).toEqual([
    {
      level: 'warn',
      kind: 'smaller-batches',
      message: 'the target answered 413 to a body of 1000 KiB; batches are at most 500 KiB from now on',
    },
  ]);
});

test('half of an odd size is rounded down', () => {
  const { sizes } = limits(1024 * KiB);
  sizes.shrink(100_001, 'the target answered 413');
  expect(sizes.current).toBe(50_000);
});

test('the limit never falls below 16 KiB', () => {
  const { sizes } = limits(64 * KiB);
  for (const bytes of [64, 32, 16, 8, 1]) sizes.shrink(bytes * KiB, 'slow');
  expect(sizes.current).toBe(16 * KiB);
});

test('the memory of the target lowers the limit for a time, and the smallest limit is reported', () => {
  let allowed = 200 * KiB;
  const { sizes } = limits(1024 * KiB, () => allowed);
  expect(sizes.current).toBe(200 * KiB);
  allowed = 100 * KiB;
  expect(sizes.min).toBe(100 * KiB);
  allowed = 2048 * KiB;
  expect([sizes.current, sizes.min]).toEqual([1024 * KiB, 100 * KiB]);
});
