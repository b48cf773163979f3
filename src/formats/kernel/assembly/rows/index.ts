// The fast path over rows. It encodes common rows and stops at the start of any other row, which goes through
// src/formats/rows. Tests compare the two.

export { csv, dialect } from './csv-rows';
export { keys, ndjson } from './json-objects';
export { learn, plans } from './put-point';
export { configure, map } from './row-settings';
