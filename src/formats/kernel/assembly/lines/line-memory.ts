// Offsets in the memory below the shape table. TypeScript imports this file as well.

/**
 * Three 32-bit words with the results of a call: number of accepted lines, next physical line, and number of lines that
 * matched the expected pattern.
 */
export const STATE: usize = 1024;
/** Offset of a byte that ends each walk along the list of structural bytes. */
export const GUARD: usize = 2048;
/** The list of the structural bytes (bytes that separate names and values) of a block, as offsets. */
export const LIST: usize = 65536;
/** Largest number of bytes in a block. */
export const BLOCK: usize = 16384;
export const PATTERNS: usize = 135168;
/** Lowest offset at which the shape table may begin. */
export const KERNEL_END: usize = 196608;

// Kinds of values in the hash of a shape.
export const TAG: u32 = 1;
export const FLOAT: u32 = 2;
export const INTEGER: u32 = 3;
export const UNSIGNED: u32 = 4;
export const BOOLEAN: u32 = 5;
export const STRING: u32 = 6;
