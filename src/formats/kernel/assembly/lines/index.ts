// The fast path for line protocol. Most lines have the shape that followed the previous line's shape the last time. Of such
// a line, the kernel compares the names in place and parses only the values. Other lines take two passes over a block: SIMD
// comparisons list the structural bytes, then a walk along this list checks one line and writes its index entry. The kernel
// stops at the start of a line with escapes, bytes beyond ASCII, exponents, several spaces or an unknown shape.
//
// The kernel never examines names: it takes a line only when the exact check has accepted a point of the same shape before.

export { configure } from './line-settings';
export { forget } from './structural';
export { take } from './take-lines';
