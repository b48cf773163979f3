// The fast path for line protocol, compiled to WebAssembly. After each line, the fast path expects a certain table and
// certain columns in the next line (the expected pattern). Most lines match. Their names are compared in place, and
// only their values are parsed. Other lines take two passes over a block: SIMD comparisons list the bytes that separate
// names and values, then a walk along this list checks one line and writes its index entry. The fast path stops at the
// start of a line with escapes, bytes beyond ASCII, exponents, several spaces, or an unknown combination of columns.
//
// The fast path never validates names. It accepts a line only if the exact check (PointReader) has accepted a point
// with the same table and columns before.

export { configure } from './line-settings';
export { forget } from './structural';
export { take } from './take-lines';
