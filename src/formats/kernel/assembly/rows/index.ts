// The fast path over rows: ordinary ones become points here, whatever is out of the ordinary stops it at the start of its row
// and is left to the exact way through src/format/rows, which is also what this is held against.

export { csv, dialect } from './csv';
export { keys, ndjson } from './object';
export { learn, plans } from './point';
export { configure, map } from './settings';
