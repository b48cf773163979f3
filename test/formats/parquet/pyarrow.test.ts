// Files written by pyarrow (fixtures/parquet/write.py): encodings and page versions that DuckDB does not write.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tag } from '../rows/support.js';
import { readFileWith } from './support.js';

const rows = Array.from({ length: 60 }, (_, i) => i);

/** The point of row `i` of write.py. @param decimals decimal places of the timestamps in us and ms */
function point(i: number, [us, ms]: readonly [number, number]): string {
  const seconds = (whole: string, fraction: string, places: number): string =>
    `"${whole}.${fraction.padEnd(places, '0')}Z"`;
  const fields = {
    ratio: i % 5 === 0 ? null : i / 7,
    half: i / 4,
    lowest: `${-(2n ** 63n) + BigInt(i)}i`,
    beyond: `${2n ** 53n + 2n * BigInt(i) + 1n}i`,
    highest: `${2n ** 64n - 1n - BigInt(i)}u`,
    small: `${i * 1_000_003 - 60_000_000}i`,
    flag: i % 4 === 0 ? null : i % 3 === 0 ? 't' : 'f',
    note: i % 6 === 0 ? null : `"note ${Math.floor(i / 10)} \\"é\\" \\\\ ${i}"`,
    us: seconds('2022-01-01T00:00:00', String(i + 1).padStart(6, '0'), us),
    ms: seconds('1969-12-31T23:59:59', String(999 - i), ms),
    price: (i / 100).toFixed(2),
  };
  const present = Object.entries(fields).filter(([, value]) => value !== null);
  const time = 1_640_995_200_123_456_789n + BigInt(i) * 1_000_000_007n;
  return `m,host=h${i % 7} ${present.map((each) => each.join('=')).join()} ${time}`;
}

test.each([
  ['v1-snappy', [6, 3]],
  ['v2-zstd', [6, 3]],
  ['delta-gzip', [6, 3]],
  ['int96-lz4', [9, 9]],
  ['plain', [6, 3]],
] as const)('every value of the pyarrow file %s is read exactly', async (name, decimals) => {
  const path = fileURLToPath(new URL(`../../../fixtures/parquet/${name}.parquet`, import.meta.url));
  const { points, rejects } = await readFileWith(path, { options: { tags: [tag('host')] } });
  expect(rejects).toEqual([]);
  expect(points.map(({ text }) => text)).toEqual(rows.map((i) => point(i, decimals)));
});
