import { expect, test } from 'vitest';
import {
  columnOf,
  escapeName,
  parseShape,
  pointValues,
  shortestField,
  stringTotals,
  tableOf,
  timestampAt,
  timestampDigits,
} from '../../../src/core/points/line-protocol.js';
import { expectLinear } from '../../support/linear.js';

test.each([
  ['m,t=a f=1 1', 'm'],
  ['m f=1', 'm'],
  ['a\\ b\\,c\\=d,t=a f=1', 'a b,c=d'],
  ['c:\\path,t=a f=1', 'c:\\path'],
  ['тест f=1', 'тест'],
  [',t=a f=1', null],
  ['', null],
  ['nothing-after-it', null],
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
])('the timestamp of %j is %s', (line, time) => {
  expect(timestampAt(Buffer.from(line), line.length)).toBe(time);
});

test.each([
  ['m f=1 1640995200 \n', 10],
  ['m f=1 -52\n', 2],
  ['m f=1', 0],
])('the timestamp of %j has %d digits', (line, digits) => {
  expect(timestampDigits(Buffer.from(line))).toBe(digits);
});

test('a point is read with its escapes resolved and its values typed', () => {
  const point = Buffer.from('a\\ b,t\\,1=x\\=y,u=v\\\\w  f="q\\"\\\\",g=1i,h=2u,i=t,j=1e3 5\n');
  expect(pointValues(point, 'ms')).toEqual({
    table: 'a b',
    tags: new Map([
      ['t,1', 'x=y'],
      ['u', 'v\\\\w'],
    ]),
    fields: new Map<string, unknown>([
      ['f', 'q"\\'],
      ['g', 1n],
      ['h', 2n],
      ['i', true],
      ['j', 1000],
    ]),
    time: 5_000_000n,
  });
  expect(parseShape(point)).toEqual({
    table: 'a b',
    columns: [
      { name: 't,1', type: 'tag' },
      { name: 'u', type: 'tag' },
      { name: 'f', type: 'string' },
      { name: 'g', type: 'integer' },
      { name: 'h', type: 'unsigned' },
      { name: 'i', type: 'boolean' },
      { name: 'j', type: 'float' },
    ],
  });
});

test('shapes share the object of a column with the same name and type', () => {
  const [one, other, third] = ['a,t=1 f=1 1', 'b,t=2 f=2 2', 'c f=3i 3'].map((point) => parseShape(Buffer.from(point)));
  expect(other!.columns[0]).toBe(one!.columns[0]);
  expect(other!.columns[1]).toBe(one!.columns[1]);
  expect(third!.columns).toEqual([{ name: 'f', type: 'integer' }]);
});

test('a very long column name is not shared', () => {
  const long = 'x'.repeat(1000);
  expect(columnOf(long, 'tag')).toEqual({ name: long, type: 'tag' });
  expect(columnOf(long, 'tag')).not.toBe(columnOf(long, 'tag'));
});

test.each([
  ['m,t=1 f=1,g=22 5\n', 'm,t=1 f=1 5\n'],
  ['m f=123,g=2i,h=t 5\n', 'm h=t 5\n'],
  ['m f="a b, c=1",g\\ x=22 5', 'm g\\ x=22 5'],
  ['m\\ n,t\\,u=a\\ b long="x\\" y",s="" ', 'm\\ n,t\\,u=a\\ b s="" '],
  ['m  f=1,g=2 5\n', 'm f=1 5\n'],
])('the shortest field of %j stays, with tags and time', (point, expected) => {
  expect(Buffer.from(shortestField(Buffer.from(point))).toString()).toBe(expected);
});

test('names are escaped in time in proportion to their length', () => {
  expect(escapeName('a\\,b\\\\ c\\')).toBe('a\\\\\\,b\\\\\\ c\\\\');
  expectLinear((bytes) => `${'\\'.repeat(bytes)}x`, escapeName);
});

test.each([
  ['m,t=1 f=1,g=22 5\n', 0, 0],
  ['m,t="a" f=1,g="two, three",h="" 5\n', 2, 10],
  ['m f="a\\"b=\\"c",g=1 5', 1, 8],
  ['m f="a\\\\",g="b" 5', 2, 4],
])('the strings of %j are counted with their text', (point, count, bytes) => {
  expect(stringTotals(Buffer.from(point))).toEqual({ count, bytes });
});
