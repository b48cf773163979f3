// Plain settings for formats of rows, and words for columns.

import type { CsvDialectOptions } from '../../../src/formats/csv/csv-dialect.js';
import type { RowOptions } from '../../../src/formats/rows/rows.js';

export type Options = RowOptions & CsvDialectOptions;

export const plain: Options = {
  precision: 'ns',
  missingTimestamp: 'reject',
  maxPointBytes: 4096,
  chunkBytes: 8192,
  nullWords: null,
  measurement: 'm',
  tags: null,
  fields: null,
  timeColumn: null,
  timeFormat: 'auto',
  timezone: 'UTC',
  ambiguousTime: 'reject',
  delimiter: null,
  quote: '"',
  escape: null,
  noHeader: false,
  skipLines: 0,
  decimal: '.',
  timeRounding: 'reject',
  skipAfterHeader: 0,
  thousands: null,
};

export function tag(name: string, as = name) {
  return { name, as };
}

export function field(
  name: string,
  type: 'float' | 'integer' | 'unsigned' | 'boolean' | 'string' | null = null,
  as = name,
) {
  return { name, type, as };
}
