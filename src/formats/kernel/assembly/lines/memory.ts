// Where things lie below the shape table; ../../kernel.ts and ../../../memory.ts know it too.

/** Words: lines taken, physical line, lines that were as expected. */
export const STATE: usize = 1024;
/** A place that ends a walk. */
export const GUARD: usize = 2048;
/** Offsets of the structural bytes of a block. */
export const LIST: usize = 65536;
/** Bytes of a block at most. */
export const BLOCK: usize = 16384;
export const PATTERNS: usize = 135168;

// Kinds of values, as a shape has them.
export const TAG: u64 = 1;
export const FLOAT: u32 = 2;
export const INTEGER: u32 = 3;
export const UNSIGNED: u32 = 4;
export const BOOLEAN: u32 = 5;
export const STRING: u32 = 6;
