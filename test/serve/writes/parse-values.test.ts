// Values of `serve`, as CnosDB reads them.

import { expect, test } from 'vitest';
import { readFloat } from '../../../src/serve/writes/parse-values.js';
import { expectLinear } from '../../support/linear.js';

const read = (text: string): number => readFloat(Buffer.from(text), 0, text.length);

test('floats of every spelling are read, and others are refused', () => {
  expect(['1', '-1.5', '1.', '.5', '1e3', '+0.000000000000000000001', 'inf'].map(read)).toEqual([
    ...[1, -1.5, 1, 0.5, 1000, 1e-21, Number.POSITIVE_INFINITY],
  ]);
  for (const text of ['.', '1x', '1.e', '1.2.3']) expect(() => read(text)).toThrow(/invalid field value/);
});

test('a number that never ends is refused in time in proportion to its length', () => {
  expectLinear(
    (bytes) => `${'0'.repeat(bytes)}x`,
    (text) => expect(() => read(text)).toThrow(),
  );
});
