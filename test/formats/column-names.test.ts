import { expect, test } from 'vitest';
import { columnOf } from '../../src/formats/column-names.js';
import { parseShape } from '../../src/formats/line-protocol/parse-shape.js';

test('columns of the same name and type are one object in all shapes, those of another type are not', () => {
  const [one, other, third] = ['a,t=1 f=1 1', 'b,t=2 f=2 2', 'c f=3i 3'].map((point) => parseShape(Buffer.from(point)));
  expect(other!.columns[0]).toBe(one!.columns[0]);
  expect(other!.columns[1]).toBe(one!.columns[1]);
  expect(third!.columns).toEqual([{ name: 'f', type: 'integer' }]);
});

test('names without an end of them are not all kept', () => {
  const long = 'x'.repeat(1000);
  expect(columnOf(long, 'tag')).toEqual({ name: long, type: 'tag' });
  expect(columnOf(long, 'tag')).not.toBe(columnOf(long, 'tag'));
});
