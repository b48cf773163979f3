import { expect, test } from 'vitest';
import { residentMemory } from '../../src/pressure/resident.js';

test('agrees with Node and sees memory that is touched', () => {
  const resident = residentMemory();
  const before = resident.bytes();
  expect(before / process.memoryUsage.rss()).toBeGreaterThan(0.9);
  expect(before / process.memoryUsage.rss()).toBeLessThan(1.1);
  const block = Buffer.alloc(64 * 1024 * 1024, 1);
  const after = resident.bytes();
  expect(after - before).toBeGreaterThan(block.length / 2);
  resident.close();
});
