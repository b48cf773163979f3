// The fast path over rows. It encodes common rows and stops at the start of any other row, which goes through
// src/formats/rows. Tests compare the two.

export { block, columns, parquet } from './columns/column-rows';
export { csv, dialect } from './csv-rows';
export { keys, ndjson } from './json-objects';
export { learn, plans } from './put-point';
export { configure, map } from './row-settings';
