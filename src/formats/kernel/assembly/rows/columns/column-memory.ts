// Layout of the column descriptors. A descriptor belongs to one column of a Parquet file, and states where the values
// of the column are stored for a block of rows. TypeScript imports this file as well.

// Offsets of the 32-bit words in a column descriptor. TypeScript sets these words.
/** Offset of the word with the index of the cell that receives the column's value. */
export const CELL: usize = 0;
/**
 * Offset of the word with the kind of the cell (see row-memory.ts). Entries have their own kind. If this kind is TRUE,
 * the value false gets the kind FALSE.
 */
export const CELL_KIND: usize = 4;
/** Offset of the word with the address of the text `"name":`, the column's name as a JSON key. */
export const KEY_AT: usize = 8;
/** Offset of the word with the length of the text `"name":`, bytes. */
export const KEY_LENGTH: usize = 12;
/**
 * Offset of the word that states how the values are stored: ENTRIES, TEXTS, FLAGS, or another of the constants below.
 */
export const STORAGE: usize = 16;
/**
 * Offset of the word with the address of the definition levels, one byte for each row of the block. In Parquet, a level
 * below the maximum (the word at MAX_LEVEL) marks a null. The word is 0 if each row has a value.
 */
export const LEVELS: usize = 20;
export const MAX_LEVEL: usize = 24;
/** Offset of the word with the index of the next value to read. Rows that are null have no value. */
export const NEXT_VALUE: usize = 28;
/**
 * Offset of the word with the address of the values: numbers of fixed width, entries (see ENTRIES), or the bytes of all
 * texts.
 */
export const VALUES: usize = 32;
/**
 * Offset of the word with the address of a list. For each value, the list contains the index of its entry. The word is
 * 0 if value i has entry i.
 */
export const INDEXES: usize = 36;
/** Offset of the word with the address of a list: the start of each text, relative to the address in VALUES. */
export const STARTS: usize = 40;
/** Offset of the word with the address of a list: the end of each text, relative to the address in VALUES. */
export const ENDS: usize = 44;
/** Offset of the word with the number of zeros to append to a time: 3 zeros convert seconds to milliseconds. */
export const ZEROS: usize = 48;
export const DESCRIPTOR_BYTES: usize = 64;

// Constants for the word at STORAGE, which states how the values of a column are stored.
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

// The smallest and the largest exponent of the powers of ten that put-double.ts needs.
export const MIN_POWER = -292;
export const MAX_POWER = 324;
