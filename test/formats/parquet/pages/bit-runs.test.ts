import { expect, test } from 'vitest';
import { readRuns } from '../../../../src/formats/parquet/pages/bit-runs.js';

/** Packs numbers of `width` bits as Parquet does: the lowest bit of the first number is the lowest bit of byte 0. */
function packed(values: readonly number[], width: number): Uint8Array {
  const bits = values.reduceRight((sum, value) => (sum << BigInt(width)) | BigInt(value), 0n);
  const length = Math.ceil((values.length * width) / 8);
  return Uint8Array.from({ length }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
}

test.each(Array.from({ length: 32 }, (_, i) => i + 1))(
  'packed numbers of %i bits are read, up to the last byte',
  (width) => {
    for (const count of [1, 7, 8, 9, 64, 101]) {
      const values = Array.from({ length: count }, (_, i) =>
        Math.floor((((i * 2654435761) % 2 ** 32) / 2 ** 32) * 2 ** width),
      );
      values[0] = 2 ** width - 1;
      const body = packed(values, width);
      // The bytes before and after the numbers must not be read as numbers.
      const bytes = Uint8Array.from([0xff, 2 * Math.ceil(count / 8) + 1, ...body]);
      const found = new Int32Array(count);
      readRuns(bytes, 1, bytes.length, width, found);
      expect([...found].map((each) => each >>> 0)).toEqual(values);
      const longer = Uint8Array.from([...bytes, 0xff, 0xff, 0xff, 0xff]);
      readRuns(longer.subarray(1), 0, bytes.length - 1, width, found);
      expect([...found].map((each) => each >>> 0)).toEqual(values);
    }
  },
);

test('packed numbers of 0 bits are zeros', () => {
  const found = new Int32Array(20).fill(7);
  readRuns(Uint8Array.of(7), 0, 1, 0, found);
  expect([...found]).toEqual(new Array(20).fill(0));
});
