import { expect, test } from 'vitest';
import { tableOf, timeOf } from '../../../src/load/ledger/line-fields.js';

test.each([
  ['m,t=a f=1 1', 'm'],
  ['m f=1', 'm'],
  ['a\\ b\\,c\\=d,t=a f=1', 'a b,c=d'],
  ['c:\\path,t=a f=1', 'c:\\path'],
  ['тест f=1', 'тест'],
  [',t=a f=1', null],
  ['', null],
  ['nothing-behind-it', null],
  [`${'x'.repeat(600)} f=1`, null],
])('the table of %j is %j', (line, table) => {
  expect(tableOf(Buffer.from(line), 0)).toBe(table);
});

test.each([
  ['m f=1 1640995200000000000', 1_640_995_200_000_000_000n],
  ['m f=1 -5', -5n],
  ['m f=1', null],
  ['m f="a 12"', null],
  ['m f=1i', null],
  ['', null],
])('the timestamp of a line: %#', (line, time) => {
  expect(timeOf(Buffer.from(line), line.length)).toBe(time);
});
