// The fast path over line protocol, in two ways. Most lines are of the shape that followed the last one's before: their
// names are compared where they should be, and only the values are looked at. For the others there are two passes over a
// block: SIMD compares list the structural bytes, then a walk along that list checks one line and writes its index entry.
// Whatever is out of the ordinary — escapes, bytes beyond ASCII, exponents, several spaces, a shape not met before — stops
// it at the start of that line.
//
// Names are never examined here: a line is taken only when its shape is known, that is, when the exact check has
// passed a point with the same names before.

export { configure } from './settings';
export { forget } from './structural';
export { take } from './take';
