// Fixed addresses in the memory of the fast path for line protocol. The hash table of shapes follows. A shape is a
// database table with a set of columns. TypeScript imports this file as well.

/**
 * Address of three 32-bit words that a call sets: the number of lines that this call accepted, the number of the next
 * line, and the number of lines in all calls that matched the expected pattern.
 */
export const STATE: usize = 1024;
/**
 * Address of an unused byte. The value of this byte is always 0. The list of structural bytes ends with this address.
 * Every walk along the list stops there, because 0 cannot follow a name or value.
 */
export const GUARD: usize = 2048;
/** Address of the list of structural bytes: the addresses of the bytes in one block that may end a name or value. */
export const LIST: usize = 65536;
/** Largest size of a block, bytes. The structural bytes of one block are listed at once. */
export const BLOCK: usize = 16384;
export const PATTERNS: usize = 135168;
/** Lowest address at which the hash table of shapes may begin. */
export const KERNEL_END: usize = 196608;

// Kinds of values. The hash of a shape includes the kind of each column.
export const TAG: u32 = 1;
export const FLOAT: u32 = 2;
export const INTEGER: u32 = 3;
export const UNSIGNED: u32 = 4;
export const BOOLEAN: u32 = 5;
export const STRING: u32 = 6;
