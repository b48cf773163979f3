import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { collectAll } from '../../../src/core/gc.js';
import { pageBytes, peakResident, residentMemory } from '../../../src/flow-control/own-memory/resident.js';

test('resident memory agrees with Node and grows with touched memory', () => {
  // Garbage of earlier tests must not be collected between the two readings.
  collectAll();
  const resident = residentMemory();
  const before = resident.bytes();
  expect(before / process.memoryUsage.rss()).toBeGreaterThan(0.9);
  expect(before / process.memoryUsage.rss()).toBeLessThan(1.1);
  const block = Buffer.alloc(64 * 1024 * 1024, 1);
  const after = resident.bytes();
  expect(after - before).toBeGreaterThan(block.length / 2);
  resident.close();
});

test('the peak is at least the resident memory seen so far', () => {
  const resident = residentMemory();
  const block = Buffer.alloc(32 * 1024 * 1024, 1);
  const high = resident.bytes();
  expect(block.length).toBeLessThan(high);
  // The kernel updates its counters in batches of pages.
  expect(peakResident()).toBeGreaterThan(high - 1024 * 1024);
  resident.close();
});

test('the page size is the one of getconf', () => {
  expect(pageBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});
