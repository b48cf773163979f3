// Offsets in the memory of blocks of columns (Parquet). TypeScript imports this file as well.

// Words of a column descriptor, set by TypeScript.
/** Index of the cell that receives the column's value, and the usual kind of this cell. */
export const CELL: usize = 0;
export const CELL_KIND: usize = 4;
/** Offset and length of the text `"name":`, the column's name as a JSON key. */
export const KEY_AT: usize = 8;
export const KEY_LENGTH: usize = 12;
/** How the values are stored: one of the constants below, from ENTRIES on. */
export const STORAGE: usize = 16;
/**
 * Offset of the definition levels (Parquet's marks of nulls), one byte for each row of the block; 0 if each row has a
 * value.
 */
export const LEVELS: usize = 20;
export const MAX_LEVEL: usize = 24;
/** Index of the next value in the block. */
export const NEXT_VALUE: usize = 28;
/** Offset of the values (of fixed width), of the entries, or of the bytes of the texts. */
export const VALUES: usize = 32;
/** Offset of the list that gives for each value the index of its entry; 0 if value i has entry i. */
export const INDEXES: usize = 36;
/** Offsets of two lists: where each text starts and where it ends, relative to `VALUES`. */
export const STARTS: usize = 40;
export const ENDS: usize = 44;
/** Number of zeros to append to a time, so that its unit is the precision of the load. */
export const ZEROS: usize = 48;
export const DESCRIPTOR_BYTES: usize = 64;

// Storages: the values of `STORAGE`.
/**
 * Values that TypeScript has converted to text. Words of an entry: offset and length of `"name":value,`, then start,
 * end and kind of its cell.
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
