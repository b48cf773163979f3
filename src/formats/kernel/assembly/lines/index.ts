// The fast path over line protocol. Most lines repeat the shape that followed the line before last time: their names are
// compared in place, and only the values are parsed. Other lines take two passes over a block: SIMD compares list the
// structural bytes, then a walk along that list checks one line and writes its index entry. The kernel stops at the start of
// a line with escapes, bytes beyond ASCII, exponents, several spaces or an unknown shape.
//
// The kernel never examines names: it takes a line only when the exact check has accepted a point of the same shape before.

export { configure } from './line-settings';
export { forget } from './structural';
export { take } from './take-lines';
