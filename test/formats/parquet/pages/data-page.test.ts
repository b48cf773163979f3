// Hand-made pages of rare kinds.

import { expect, test } from 'vitest';
import type { Leaf } from '../../../../src/formats/parquet/metadata/parquet-schema.js';
import { pageOf, reuseIndexes } from '../../../../src/formats/parquet/pages/data-page.js';
import { noValues } from '../../../../src/formats/parquet/pages/page-values.js';

const leaf: Leaf = {
  index: 0,
  path: ['l', 'list', 'element'],
  physical: 'INT32',
  width: 4,
  kind: 1,
  scale: 0,
  utc: false,
  typeName: 'INT32',
};
/** A run of three levels 1. */
const threeOnes = [6, 1];

test.each([1, 2])('a list that continues through a whole Parquet page of version %i keeps its levels', (version) => {
  const values = [...new Uint8Array(new Int32Array([7, 8, 9]).buffer)];
  const lengths = version === 1 ? [2, 0, 0, 0] : [];
  const body = Uint8Array.from([...lengths, ...threeOnes, ...lengths, ...threeOnes, ...values]);
  const levels = { definition_level_encoding: 'RLE', repetition_level_encoding: 'RLE' } as const;
  const counts = { num_nulls: 0, num_rows: 0, repetition_levels_byte_length: 2, definition_levels_byte_length: 2 };
  const header = { type: 'DATA_PAGE', uncompressed_page_size: body.length, compressed_page_size: body.length } as const;
  const data = { num_values: 3, encoding: 'PLAIN' } as const;
  const levelsOf = { definition: 1, repetition: 1 };
  const page = pageOf(
    { leaf, levels: levelsOf, codec: (input) => input, allocateIndexes: reuseIndexes() },
    version === 1
      ? { ...header, data_page_header: { ...data, ...levels } }
      : { ...header, data_page_header_v2: { ...data, ...counts, is_compressed: false } },
    body,
    noValues,
  );
  expect(page.repetitions).toEqual(Uint8Array.from([1, 1, 1]));
  // All entries hold a value.
  expect(page.definitions).toBeNull();
  expect(page.values.count).toBe(3);
});
