import { expect, test } from 'vitest';
import { isWorthThread } from '../src/memory.js';

const MiB = 1_048_576;
const large = [{ size: 100 * MiB }];
const compressed = true;
const asIs = false;

test('a thread of its own is for points of large inputs, and of pipes, of which nobody knows', () => {
  const machine = { processors: 8, node: 24 };
  expect(isWorthThread(large, compressed, machine)).toBe(true);
  expect(isWorthThread([{ size: null }], compressed, machine)).toBe(true);
  expect(isWorthThread([{ size: 15 * MiB }], compressed, machine)).toBe(false);
  const many = Array.from({ length: 1000 }, () => ({ size: MiB / 2 }));
  expect(isWorthThread(many, compressed, machine)).toBe(false);
});

test.each([
  { processors: 1, node: 24, whenCompressed: false, whenNot: false },
  { processors: 2, node: 20, whenCompressed: false, whenNot: false },
  { processors: 2, node: 24, whenCompressed: false, whenNot: true },
  { processors: 3, node: 24, whenCompressed: false, whenNot: true },
  { processors: 4, node: 20, whenCompressed: true, whenNot: true },
  { processors: 4, node: 24, whenCompressed: true, whenNot: true },
])('with $processors processors and Node $node: compressed bodies $whenCompressed, others $whenNot', (machine) => {
  expect(isWorthThread(large, compressed, machine)).toBe(machine.whenCompressed);
  expect(isWorthThread(large, asIs, machine)).toBe(machine.whenNot);
});
