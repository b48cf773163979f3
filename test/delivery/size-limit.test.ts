import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/types/index.js';
import { SizeLimit } from '../../src/delivery/size-limit.js';

const KiB = 1024;

test('half of what did not work is remembered, and said once', () => {
  const notices: Notice[] = [];
  const sizes = new SizeLimit(
    1024 * KiB,
    () => 1024 * KiB,
    (notice) => notices.push(notice),
  );
  expect(sizes.current).toBe(1024 * KiB);
  sizes.shrink(1000 * KiB, 'the target answered 413');
  sizes.shrink(1024 * KiB, 'the target answered 413'); // sent before the first answer came
  expect([sizes.current, sizes.least]).toEqual([500 * KiB, 500 * KiB]);
  expect(notices).toEqual([
    {
      level: 'warn',
      kind: 'smaller-batches',
      message: 'the target answered 413 at 1024000 bytes: batches are 512000 bytes from now on',
    },
  ]);
});

test('batches never get smaller than 16 KiB', () => {
  const sizes = new SizeLimit(
    64 * KiB,
    () => 64 * KiB,
    () => {},
  );
  for (const bytes of [64, 32, 16, 8, 1]) sizes.shrink(bytes * KiB, 'slow');
  expect(sizes.current).toBe(16 * KiB);
});
