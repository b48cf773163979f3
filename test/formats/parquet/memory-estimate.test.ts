// The memory budget of a row group counts a page of each column, not the whole group.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import { readFileWith } from './support.js';

const MIB = 1_048_576;
/** One row group of 200,000 rows in pages of 20,000 rows. */
const path = fileURLToPath(new URL('../../../fixtures/parquet/many-pages.parquet', import.meta.url));

const budget = (bytes: number) => ({ bytes, limitFor: () => '1GiB' });

test('a Parquet row group larger than the memory budget is read when a page of each column fits', async () => {
  const { points } = await readFileWith(path, { budget: budget(16 * MIB) });
  expect(points.length).toBe(200_000);
  expect(points[199_999]?.text).toBe('m v=1.5 1640995200000199999');
});

test('a Parquet row group whose pages exceed the memory budget is refused before its first row', async () => {
  const reading = readFileWith(path, { budget: budget(14.25 * MIB) });
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(
    /at most 14\.\d MiB of memory.*row group 1 of 1 with 200,000 rows, which takes about 1[45]\.\d MiB.*Set --memory-limit 1GiB/,
  );
});
