// Where things lie below the index of a run of rows; ../../../rows/plans.ts knows it too.

/** Words: rows taken, physical line, where the next point goes, length of the last row's time. */
export const STATE: usize = 1024;
/** Columns of the row at hand, a bit each. */
export const MASK: usize = 2048;
/** Cells of the row at hand: start, end, kind, and a word to spare. */
export const CELLS: usize = 4096;
/** Words that stand for no value, each behind its length. */
export const NULLS: usize = 36_864;

// Kinds of cells, as in ../../../rows/cells.ts.
export const NONE: u32 = 0;
export const BARE: u32 = 1;
export const TEXT: u32 = 2;
export const NUMBER: u32 = 3;
export const TRUE: u32 = 4;
export const FALSE: u32 = 5;
/** Quoted text in which each quote comes twice; text with the escapes of JSON. Only the kernel has these. */
export const DOUBLED: u32 = 8;
export const ESCAPED: u32 = 9;

// What a plan says of a table: words of its head, then its columns of so many bytes each.
export const PREFIX_AT: usize = 0;
export const PREFIX_LENGTH: usize = 4;
/** As a cell holds it. */
export const NAME_AT: usize = 8;
export const NAME_LENGTH: usize = 12;
export const COLUMNS_AT: usize = 16;
export const TAGS_END: usize = 20;
export const FIELDS_END: usize = 24;
/** Bytes that a point may take beside twice those of its row. */
export const MOST_BYTES: usize = 28;
export const SHAPES_AT: usize = 32;
export const MASK_BYTES: usize = 36;
/** The plan that comes behind it; 0 for none. */
export const NEXT_PLAN: usize = 40;

/** Number of its cell, prefix, type, and whether that was declared. */
export const COLUMN_BYTES: usize = 20;

// Shapes of a plan: number + 1, and the mask.
export const SHAPE_SLOTS: u32 = 128;

export const COLON: u32 = 0x3a;
export const BACKSLASH: u32 = 0x5c;
