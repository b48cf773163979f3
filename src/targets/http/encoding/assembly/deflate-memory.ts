// Memory layout of the compressor: its tables, then the body, then the compressed body. The caller of the compressor
// uses the same constants.

/**
 * Number of bits of a hash. With 15 bits instead of 13, the compressor finds longer matches and is a tenth faster (IoT
 * points, Node 20; 2026-11-30).
 */
export const HASH_BITS: usize = 15;
/**
 * Address of the table of heads. For each hash, the table contains the address of the latest bytes with this hash.
 * Constants occupy the 2 KiB before the table.
 */
export const HEADS: usize = 2048;
export const HEADS_BYTES: usize = 4 * 32768;

/** Number of symbols for literals, lengths and the end of a block. */
export const LITERALS: usize = 286;
/** Number of symbols for distances. */
export const DISTANCES: usize = 30;

/** Number of occurrences of each literal, length and end-of-block symbol in a block. */
export const LITERAL_COUNTS: usize = HEADS + HEADS_BYTES;
/** Number of occurrences of each distance symbol in a block. */
export const DISTANCE_COUNTS: usize = LITERAL_COUNTS + LITERALS * 4;
/** Number of matches of each length in a block. */
export const LENGTH_COUNTS: usize = DISTANCE_COUNTS + DISTANCES * 4;
export const COUNTS_BYTES: usize = LITERALS * 4 + DISTANCES * 4 + 259 * 4;

/**
 * Code of each literal, length and end-of-block symbol. An entry of a code table is
 * `code << 8 | size of the code in bits`.
 */
export const LITERAL_CODES: usize = LITERAL_COUNTS + COUNTS_BYTES;
/** Code of each distance symbol. */
export const DISTANCE_CODES: usize = LITERAL_CODES + LITERALS * 4;
/** Code of each match length. The entry also contains the extra bits of this length. */
export const LENGTH_CODES: usize = DISTANCE_CODES + DISTANCES * 4;

/**
 * Size of each code, bits, one byte for each symbol: first literals, lengths and the end of a block, then distances.
 */
export const SIZES: usize = LENGTH_CODES + 259 * 4;
/** Work space: 2 KiB to compute Huffman codes, and 2 KiB to compute the header of a block. */
export const CODE_WORK: usize = SIZES + 320;
export const HEADER_WORK: usize = CODE_WORK + 2048;

/**
 * Matches of a block. Each match has three 32-bit words: the number of literals before the match, the length of the
 * match, and `distance | symbol of the distance << 16`.
 */
export const MATCHES: usize = HEADER_WORK + 2048;
export const MAX_MATCHES: usize = 8192;

/** Longest body, bytes: a point of 1 MiB (the default of --max-point-bytes) with the timestamp that bulk-load adds. */
export const MAX_BODY: usize = 1049600;
export const BODY: usize = 262144;
/**
 * Address of the output: a gzip header, then the compressed body. The compressor loads 8 bytes at a time, and may load
 * a few bytes after the end of the body. So 1 KiB after the longest body stays free.
 */
export const OUTPUT: usize = BODY + MAX_BODY + 1024;
export const HEADER_BYTES: usize = 10;
/**
 * Size of the memory, bytes. A literal takes at most 14 bits instead of 8, so the compressed body is at most 1.75 times
 * as long as the body. A match takes fewer bits for each byte that it replaces.
 */
export const MEMORY_BYTES: usize = 3211264;
