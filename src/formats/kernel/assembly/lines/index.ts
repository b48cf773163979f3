// The fast path for line protocol, compiled to WebAssembly. Most lines have the same table and columns as the line that
// followed last time (the expected pattern). For such a line, the names are compared in place and only the values are
// parsed. Other lines take two passes over a block: SIMD comparisons list the bytes that separate names and values,
// then a walk along this list checks one line and writes its index entry. The fast path stops at the start of a line
// with escapes, bytes beyond ASCII, exponents, several spaces, or an unknown combination of columns.
//
// The fast path never validates names. It accepts a line only if the exact check (PointReader) has accepted a point
// with the same table and columns before.

export { configure } from './line-settings';
export { forget } from './structural';
export { take } from './take-lines';
