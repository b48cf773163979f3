import { expect, test } from 'vitest';
import { RowSampler } from '../../src/inputs/sample-rows.js';

const columns = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `c${from + i}=1`).join(',');

/** Returns the fields that a row has on average. */
function fieldsOf(lines: readonly string[]): number {
  const sampler = new RowSampler();
  sampler.take(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  const { slots, points } = sampler.result!;
  return slots / points;
}

test('a table of which one line was sampled has the fields of that line', () => {
  expect(fieldsOf(Array.from({ length: 8 }, (_, i) => `t${i},a=b ${columns(0, 500)} 1`))).toBe(500);
});

test('lines of one field each show that a table has more fields than were seen', () => {
  expect(fieldsOf(Array.from({ length: 8 }, (_, i) => `t,a=b c${i}=1 1`))).toBeGreaterThan(20);
  expect(fieldsOf(Array.from({ length: 8 }, () => `t,a=b ${columns(0, 10)} 1`))).toBe(10);
});
