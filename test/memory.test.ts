import { expect, test } from 'vitest';
import { isWorthThread } from '../src/memory.js';

const MiB = 1_048_576;

test('a thread of its own is for points of large inputs, and of pipes, of which nobody knows', () => {
  const machine = { processors: 8, node: 24 };
  expect(isWorthThread([{ size: 100 * MiB }], machine)).toBe(true);
  expect(isWorthThread([{ size: null }], machine)).toBe(true);
  expect(isWorthThread([{ size: 15 * MiB }], machine)).toBe(false);
  const many = Array.from({ length: 1000 }, () => ({ size: MiB / 2 }));
  expect(isWorthThread(many, machine)).toBe(false);
});

test.each([
  { processors: 1, node: 24, worth: false },
  { processors: 2, node: 20, worth: false },
  { processors: 8, node: 20, worth: false },
  { processors: 2, node: 22, worth: true },
  { processors: 4, node: 24, worth: true },
])('with $processors processors and Node $node it is worth it: $worth', ({ processors, node, worth }) => {
  expect(isWorthThread([{ size: 100 * MiB }], { processors, node })).toBe(worth);
});
