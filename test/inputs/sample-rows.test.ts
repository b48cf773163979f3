import { expect, test } from 'vitest';
import type { ByteSource } from '../../src/core/types/index.js';
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

test('adjacent points with the same series and time count as one row', () => {
  const rowsPerPoint = (lines: readonly string[]): number => {
    const sampler = new RowSampler();
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    sampler.take(text);
    sampler.takeAdjacent(text);
    return sampler.result!.rowsPerPoint;
  };
  expect(rowsPerPoint(['t,a=b x=1 7', 't,a=b y="2 3" 7', 't,a=b z=3 8', 't,a=c z=3 8'])).toBe(3 / 4);
  expect(rowsPerPoint([String.raw`t,a=b\ c x=1 7`, String.raw`t,a=b\ d x=1 7`, 't x=1 7', 't y=1 7\r'])).toBe(3 / 4);
  expect(rowsPerPoint(['t,a=b x=1', 't,a=b y=2'])).toBe(1);
});

test('values are counted beside the fields of the table', () => {
  const sampler = new RowSampler();
  sampler.take(Buffer.from('t,a=b x=1 7\n'), 1);
  sampler.take(Buffer.from('t,a=b y=2,z="3" 8\n'), 1);
  expect(sampler.result).toMatchObject({ points: 2, values: 3 });
});

test('in a sampled file, adjacent points of one time count as one row, and points of several times count as several rows', async () => {
  const sampled = async (timeOf: (i: number) => number): Promise<number> => {
    const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => `t,host=a f${i % 50}=1 ${timeOf(i)}\n`).join(''));
    const sampler = new RowSampler();
    sampler.take(text);
    await sampler.takeFile({
      file: { size: text.length, bytes: (from: number, to: number) => Promise.resolve(text.subarray(from, to)) },
    } as unknown as ByteSource);
    return sampler.result!.rowsPerPoint;
  };
  expect(await sampled((i) => i)).toBe(1);
  expect(await sampled((i) => Math.floor(i / 50))).toBeLessThan(0.05);
});
