// Addresses in the memory below the table of shapes. A shape is a table with a set of columns. TypeScript imports this
// file as well.

/**
 * Address of three 32-bit words with the results of a call: number of accepted lines, number of the next physical line,
 * and number of lines that matched the expected pattern.
 */
export const STATE: usize = 1024;
/**
 * Address of an unused byte. The list of structural bytes ends with this address, so every walk along the list stops
 * there.
 */
export const GUARD: usize = 2048;
/** Address of a list: the addresses of the structural bytes in a block. Structural bytes separate names and values. */
export const LIST: usize = 65536;
/** Largest number of bytes in a block. */
export const BLOCK: usize = 16384;
export const PATTERNS: usize = 135168;
/** Lowest address at which the table of shapes may begin. */
export const KERNEL_END: usize = 196608;

// Kinds of values. The hash of a shape includes the kind of each column.
export const TAG: u32 = 1;
export const FLOAT: u32 = 2;
export const INTEGER: u32 = 3;
export const UNSIGNED: u32 = 4;
export const BOOLEAN: u32 = 5;
export const STRING: u32 = 6;
