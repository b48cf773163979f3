// Layout of the column descriptors. They tell the fast path where a block of Parquet rows stores the values of each
// column. TypeScript imports this file as well.

// Offsets of the 32-bit words in a column descriptor. Each comment describes the content of the word. TypeScript sets
// these words.
/** Index of the cell that receives the column's value. */
export const CELL: usize = 0;
/** Usual kind of this cell. */
export const CELL_KIND: usize = 4;
/** Offset in memory of the text `"name":`, the column's name as a JSON key. */
export const KEY_AT: usize = 8;
/** Length of the text `"name":`, bytes. */
export const KEY_LENGTH: usize = 12;
/** How the values are stored: one of the constants below, from ENTRIES on. */
export const STORAGE: usize = 16;
/**
 * Offset in memory of the definition levels (Parquet's marks of nulls), one byte for each row of the block; 0 if each
 * row has a value.
 */
export const LEVELS: usize = 20;
export const MAX_LEVEL: usize = 24;
/** Index of the next value in the block. */
export const NEXT_VALUE: usize = 28;
/** Offset in memory of the values: numbers of fixed width, entries (see ENTRIES), or the bytes of all texts. */
export const VALUES: usize = 32;
/** Offset in memory of a list with the index of each value's entry; 0 if value i has entry i. */
export const INDEXES: usize = 36;
/** Offset in memory of a list with the start of each text, relative to the offset in VALUES. */
export const STARTS: usize = 40;
/** Offset in memory of a list with the end of each text, relative to the offset in VALUES. */
export const ENDS: usize = 44;
/** Number of zeros to append to a time, so that its unit is the precision of the load. */
export const ZEROS: usize = 48;
export const DESCRIPTOR_BYTES: usize = 64;

// Storages: the values of `STORAGE`.
/**
 * Values that TypeScript has converted to text. Each entry has five 32-bit words: offset and length of the text
 * `"name":value,`, then start, end and kind of the cell.
 */
export const ENTRIES: u32 = 0;
export const TEXTS: u32 = 1;
export const FLAGS: u32 = 2;
export const FLOAT64: u32 = 3;
export const FLOAT32: u32 = 4;
export const INT64: u32 = 5;
export const UINT64: u32 = 6;
export const INT32: u32 = 7;
export const UINT32: u32 = 8;
export const ENTRY_WORDS: u32 = 5;
/** Kind of an entry that TypeScript rejected. The fast path leaves the whole row to the encoder in TypeScript. */
export const REJECTED: u32 = 255;

// Exponents of the smallest and the largest power of ten that put-double.ts needs.
export const MIN_POWER = -292;
export const MAX_POWER = 324;
