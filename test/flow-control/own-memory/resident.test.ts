import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { MIB } from '../../../src/core/units.js';
import { pageBytes, peakResident, residentMemory } from '../../../src/flow-control/own-memory/resident.js';

test('resident memory agrees with Node and grows with touched memory', () => {
  // In a process of its own: garbage of other tests could be freed between two readings.
  const module = new URL('../../../dist/flow-control/own-memory/resident.js', import.meta.url).href;
  const script = `
    import { residentMemory } from '${module}';
    const resident = residentMemory();
    const [before, node] = [resident.bytes(), process.memoryUsage.rss()];
    const block = Buffer.alloc(${64 * MIB}, 1);
    console.log(JSON.stringify([before / node, (resident.bytes() - before) / block.length]));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const [share, growth] = JSON.parse(out) as [number, number];
  expect([share, growth]).toEqual([expect.closeTo(1, 1), expect.closeTo(1, 1)]);
});

test('the peak is at least the resident memory seen so far', () => {
  const resident = residentMemory();
  const block = Buffer.alloc(32 * MIB, 1);
  const high = resident.bytes();
  expect(block.length).toBeLessThan(high);
  // The kernel updates its counters in batches of pages.
  expect(peakResident()).toBeGreaterThan(high - MIB);
  resident.close();
  expect(resident.bytes()).toBeGreaterThan(0);
});

test('the peak of a reader is unknown while an earlier peak of the process is the highest', () => {
  const before = peakResident();
  const resident = residentMemory();
  const peak = resident.peak();
  resident.close();
  expect(peak === 0 || peak > before).toBe(true);
});

test('the page size is the one of getconf', () => {
  expect(pageBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});
