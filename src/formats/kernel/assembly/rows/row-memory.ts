// The layout of the memory below the index of a run of rows. TypeScript imports this file as well.

/** Words: rows taken, physical line, offset of the next point, length of the last row's time. */
export const STATE: usize = 1024;
/** A date and a time of day with a space between them. */
export const JOINED: usize = 1536;
/** Columns of the current row as bits. */
export const MASK: usize = 2048;
/** Cells of the current row: start, end, kind and an unused word. */
export const CELLS: usize = 4096;
/** Null words, each after its length. */
export const NULLS: usize = 36_864;
/** Plans of tables, after the null words. */
export const PLANS: usize = 40_960;
/** Keys of JSON objects, after the plans. */
export const KEYS: usize = 262_144;
/** First offset at which the index may begin. */
export const KERNEL_END: usize = 327_680;

// Kinds of cells. rows/cells.ts continues the list.
/** No value. */
export const NONE: u32 = 0;
/** Text without quotes: a number, a boolean or a word. */
export const BARE: u32 = 1;
/** Quoted text, decoded to UTF-8 without escapes. */
export const TEXT: u32 = 2;
/** A number in a format that has literals for numbers. */
export const NUMBER: u32 = 3;
export const TRUE: u32 = 4;
export const FALSE: u32 = 5;
/** A time as digits in the precision of the load. */
export const INSTANT: u32 = 7;
/** Quoted text with doubled quotes, and text with escapes of JSON. Only the kernel uses these. */
export const DOUBLED: u32 = 8;
export const ESCAPED: u32 = 9;

// Types of fields; 0 is unknown.
export const FLOAT: u32 = 1;
export const INTEGER: u32 = 2;
export const UNSIGNED: u32 = 3;
export const BOOLEAN: u32 = 4;
export const STRING: u32 = 5;

// Words of a plan's head, followed by its columns.
export const PREFIX_AT: usize = 0;
export const PREFIX_LENGTH: usize = 4;
/** Offset of the table's name as a cell holds it. */
export const NAME_AT: usize = 8;
export const NAME_LENGTH: usize = 12;
export const COLUMNS_AT: usize = 16;
export const TAGS_END: usize = 20;
export const FIELDS_END: usize = 24;
/** Largest number of bytes that a point takes beyond twice the bytes of its row. */
export const MAX_BYTES: usize = 28;
export const SHAPES_AT: usize = 32;
export const MASK_BYTES: usize = 36;
/** Bytes that the table's name and the tags with one value for all rows take in the key of a series. */
export const KEY_LENGTH: usize = 40;
/** Offset of the next plan; 0 for the last plan. */
export const NEXT_PLAN: usize = 44;

/** A column: cell number, offset and length of its prefix, type, and the level of the type, as in `ValueWriter.put`. */
export const COLUMN_BYTES: usize = 20;

// Shapes of a plan: the number of the shape plus 1, and its columns as bits.
export const SHAPE_SLOTS: u32 = 128;

export const COLON: u32 = 0x3a;
export const BACKSLASH: u32 = 0x5c;
