// Fixed addresses in the memory of the fast path for rows. The index of the points follows. TypeScript imports this
// file as well.

/**
 * Address of four 32-bit words with the state after a call: number of encoded rows, number of the next physical line,
 * offset of the next point, and length of the last row's time in bytes.
 */
export const STATE: usize = 1024;
/** Address of a text: a date and a time of day, joined by a space. */
export const JOINED: usize = 1536;
/** Address of a bit mask of the columns for which the current row has a value. */
export const MASK: usize = 2048;
/** Address of the cells of the current row. Each cell has four 32-bit words: start, end, kind, and an unused word. */
export const CELLS: usize = 4096;
/** Address of the texts that stand for a missing value, such as NULL. The length of each text precedes the text. */
export const NULLS: usize = 36_864;
/** Address of the memory for table plans (see put-point.ts). */
export const PLANS: usize = 40_960;
/** Address of the keys of JSON objects (see json-objects.ts). */
export const KEYS: usize = 262_144;
/** Lowest address at which the index of the points may begin. */
export const KERNEL_END: usize = 327_680;

// Kinds of cells. rows/cells.ts adds further kinds.
/** No value. */
export const NONE: u32 = 0;
/** Text without quotes: a number, a boolean or a word. */
export const BARE: u32 = 1;
/** Quoted text, decoded to UTF-8 without escapes. */
export const TEXT: u32 = 2;
/** A number from a format that distinguishes numbers from text, such as JSON. */
export const NUMBER: u32 = 3;
export const TRUE: u32 = 4;
export const FALSE: u32 = 5;
/** A time as digits in the precision of the load. */
export const INSTANT: u32 = 7;
/** Quoted text with doubled quotes. Only the fast path uses this kind. */
export const DOUBLED: u32 = 8;
/** Quoted text with escapes of JSON. Only the fast path uses this kind. */
export const ESCAPED: u32 = 9;

// Types of fields; 0 means that the type is unknown.
export const FLOAT: u32 = 1;
export const INTEGER: u32 = 2;
export const UNSIGNED: u32 = 3;
export const BOOLEAN: u32 = 4;
export const STRING: u32 = 5;

// Offsets of the 32-bit words in the head of a plan, which precedes the plan's columns.
/** Offset of the word with the address of the bytes that begin each point of the table. */
export const PREFIX_AT: usize = 0;
export const PREFIX_LENGTH: usize = 4;
/** Offset of the word with the address of the table's name. The name has no escapes of line protocol. */
export const NAME_AT: usize = 8;
export const NAME_LENGTH: usize = 12;
export const COLUMNS_AT: usize = 16;
export const TAGS_END: usize = 20;
export const FIELDS_END: usize = 24;
/**
 * Offset of the word with a number of bytes. A point has at most this number of bytes plus twice the bytes of its row.
 */
export const MAX_BYTES: usize = 28;
export const SHAPES_AT: usize = 32;
export const MASK_BYTES: usize = 36;
/** Offset of the word with the number of bytes that the table's name and the constant tags take in a series key. */
export const KEY_LENGTH: usize = 40;
/** Offset of the word with the address of the next plan; 0 for the last plan. */
export const NEXT_PLAN: usize = 44;

/**
 * Size in bytes of a column in a plan. Its five 32-bit words are: the index of the cell; the address and the length of
 * the text before the value, such as `,name=`; the field type; the `level` of `ValueWriter.put`.
 */
export const COLUMN_BYTES: usize = 20;

// Number of slots for the shapes of a plan. A slot contains the shape number plus 1, and the mask of the shape's
// columns.
export const SHAPE_SLOTS: u32 = 128;

export const COLON: u32 = 0x3a;
export const BACKSLASH: u32 = 0x5c;
