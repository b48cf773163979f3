import { expect, test } from 'vitest';
import { isWorthThread } from '../../../src/load/memory/plan-memory.js';

const MiB = 1_048_576;

test('large inputs and pipes are parsed on a worker thread', () => {
  expect(isWorthThread([{ size: 100 * MiB }], 8)).toBe(true);
  expect(isWorthThread([{ size: null }], 8)).toBe(true);
  expect(isWorthThread([{ size: 15 * MiB }], 8)).toBe(false);
  const many = Array.from({ length: 1000 }, () => ({ size: MiB / 2 }));
  expect(isWorthThread(many, 8)).toBe(false);
});

test('one processor has nothing to share', () => {
  expect(isWorthThread([{ size: 100 * MiB }], 1)).toBe(false);
  expect(isWorthThread([{ size: 100 * MiB }], 2)).toBe(true);
});
