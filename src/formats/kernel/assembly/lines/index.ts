// The fast path for line protocol, compiled to WebAssembly. After each line, the fast path expects a certain table and
// certain columns in the next line (the expected pattern). In most lines, the expectation is right. Then the names are
// compared in place, and only the values are parsed. For any other line, SIMD comparisons first list the bytes of a
// block that separate names and values. A walk along this list then checks the line and writes its index entry. The
// fast path stops at the start of a line with escapes, bytes beyond ASCII, exponents, several spaces in a row, or an
// unknown combination of columns.
//
// The fast path never validates names. It accepts a line only if the exact check (PointReader) has accepted a point
// with the same table and columns before.

export { configure } from './line-settings';
export { forget } from './structural';
export { take } from './take-lines';
