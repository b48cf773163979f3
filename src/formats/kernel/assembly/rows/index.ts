// The fast path for rows, compiled to WebAssembly. The fast path encodes common rows and stops at the start of any
// other row, which the encoder in src/formats/rows then reads. Tests compare the results of the fast path and the
// encoder.

export { block, columns, parquet } from './columns/column-rows';
export { csv, dialect } from './csv-rows';
export { keys, ndjson } from './json-objects';
export { learn, plans } from './put-point';
export { configure, map } from './row-settings';
