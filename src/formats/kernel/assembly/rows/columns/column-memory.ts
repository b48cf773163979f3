// The layout of blocks of columns. TypeScript imports this file as well.

// Words of a column, set by TypeScript.
/** Number of the column's cell, and its usual kind. */
export const CELL: usize = 0;
export const CELL_KIND: usize = 4;
/** The name as JSON, with its colon. */
export const KEY_AT: usize = 8;
export const KEY_LENGTH: usize = 12;
/** How the values are stored. */
export const STORAGE: usize = 16;
/** One byte for each row of the block, its definition level; 0 when every row has a value. */
export const LEVELS: usize = 20;
export const MAX_LEVEL: usize = 24;
/** Number of the next value in the block. */
export const NEXT_VALUE: usize = 28;
/** Values of fixed width, entries, or the bytes of texts. */
export const VALUES: usize = 32;
/** Entry numbers of the values; 0 when the entries are in order. */
export const INDEXES: usize = 36;
/** Offsets of texts; `VALUES` is the place of offset 0. */
export const STARTS: usize = 40;
export const ENDS: usize = 44;
/** Zeros that a time takes to be in the precision of the load. */
export const ZEROS: usize = 48;
export const DESCRIPTOR_BYTES: usize = 64;

// Storages.
/** Rendered by TypeScript: words of an entry are the place and length of `"name":value,`, its cell, and the kind of it. */
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
/** Kind of an entry that makes the row one for the encoder. */
export const REJECTED: u32 = 255;

// Powers of ten for put-double.ts.
export const MIN_POWER = -292;
export const MAX_POWER = 324;
