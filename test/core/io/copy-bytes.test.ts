import { expect, test } from 'vitest';
import { copyBytes } from '../../../src/core/io/byte-source.js';

const alone = (length: number): Uint8Array => new Uint8Array(length);
const shared = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length));

test.each([
  ['alone', alone, alone],
  ['from shared memory', shared, alone],
  ['into shared memory', alone, shared],
])('bytes are copied %s to where they belong, and nothing else changes', (_, from, to) => {
  const source = from(10);
  source.set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const target = to(6);
  copyBytes(source, 3, 6, target, 2);
  expect([...target]).toEqual([0, 0, 3, 4, 5, 0]);
  copyBytes(source, 9, 9, target, 6);
  expect([...target]).toEqual([0, 0, 3, 4, 5, 0]);
});

test('what has no room is an error, not less', () => {
  expect(() => copyBytes(alone(10), 0, 10, alone(12), 3)).toThrow(
    'cannot copy 10 bytes to offset 3 of a memory of 12 bytes',
  );
});
