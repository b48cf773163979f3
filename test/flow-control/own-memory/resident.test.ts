import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { pageBytes, peakResident, residentMemory } from '../../../src/flow-control/own-memory/resident.js';

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

test('the peak is remembered after memory was given back', () => {
  const resident = residentMemory();
  const block = Buffer.alloc(32 * 1024 * 1024, 1);
  const high = resident.bytes();
  expect(block.length).toBeLessThan(high);
  // The kernel counts in batches of pages.
  expect(peakResident()).toBeGreaterThan(high - 1024 * 1024);
  resident.close();
});

test('the size of a page is the one that the system tells', () => {
  expect(pageBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});
