// Digits are those that the language itself writes, whichever way they come about.

import { expect, test } from 'vitest';
import { putFloat64 } from '../../../../src/formats/parquet/rows/number-text.js';

const bytes = new Uint8Array(64);

function written(value: number): string {
  return Buffer.from(bytes.subarray(0, putFloat64(bytes, 0, value))).toString();
}

/** Numbers from 0 to 1, the same each time. */
function* numbers(): Generator<number> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

test('decimal numbers of any size print as JavaScript prints them', () => {
  const random = numbers();
  const next = (): number => random.next().value as number;
  for (let i = 0; i < 20_000; i++) {
    const size = 10 ** (16 * next() - 1);
    const decimal = Number((next() * size).toFixed(Math.floor(9 * next())));
    const cut = next() < 0.5 ? decimal : -decimal;
    expect(written(cut)).toBe(Object.is(cut, -0) ? '-0' : String(cut));
  }
});

test('doubles of random bits print as JavaScript prints them', () => {
  const random = numbers();
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 20_000; i++) {
    for (const at of [0, 4]) view.setUint32(at, (random.next().value as number) * 2 ** 32);
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) expect(written(value)).toBe(String(value));
  }
});

test.each([
  0.1,
  0.000001,
  0.0000001,
  0.1234565,
  999_999.999_999,
  1e9 + 0.5,
  1e9 + 0.000_001,
  999_999_999_999_999,
  1e15,
  0.999_999_5,
])('the double %d prints as JavaScript prints it', (value) => {
  expect(written(value)).toBe(String(value));
});
