// Memory layout of the compressor: its tables, then the body, then the compressed body. The caller of the compressor uses the
// same constants.

/**
 * Bits of a hash. A table of 2^15 entries finds longer matches than one of 2^13, and is a tenth faster (IoT points,
 * Node 20; 2026-11-30).
 */
export const HASH_BITS: usize = 15;
/**
 * Table of heads: for each hash, the offset of the latest bytes with this hash. Constants occupy the 2 KiB before it.
 */
export const HEADS: usize = 2048;
export const HEADS_BYTES: usize = 4 * 32768;

/** Number of symbols for literals, lengths and the end of a block; number of symbols for distances. */
export const LITERALS: usize = 286;
export const DISTANCES: usize = 30;

/**
 * Counts in a block: of each symbol for a literal, a length or the end of the block; of each distance symbol; of each
 * match length.
 */
export const LITERAL_COUNTS: usize = HEADS + HEADS_BYTES;
export const DISTANCE_COUNTS: usize = LITERAL_COUNTS + LITERALS * 4;
export const LENGTH_COUNTS: usize = DISTANCE_COUNTS + DISTANCES * 4;
export const COUNTS_BYTES: usize = LITERALS * 4 + DISTANCES * 4 + 259 * 4;

/**
 * Codes, as code << 8 | number of bits: of each symbol for a literal, a length or the end of a block; of each distance
 * symbol; of each match length, with its extra bits.
 */
export const LITERAL_CODES: usize = LITERAL_COUNTS + COUNTS_BYTES;
export const DISTANCE_CODES: usize = LITERAL_CODES + LITERALS * 4;
export const LENGTH_CODES: usize = DISTANCE_CODES + DISTANCES * 4;

/**
 * Length of each code in bits. The codes of literals, lengths and the end of a block precede the codes of distances.
 */
export const SIZES: usize = LENGTH_CODES + 259 * 4;
/** Work space: 2 KiB to make a code, and 2 KiB for the list of sizes in a header. */
export const CODE_WORK: usize = SIZES + 320;
export const HEADER_WORK: usize = CODE_WORK + 2048;

/** Matches of a block, 12 bytes each: number of literals before the match, its length, its distance | symbol << 16. */
export const MATCHES: usize = HEADER_WORK + 2048;
export const MAX_MATCHES: usize = 8192;

/** Longest body, bytes: a point of 1 MiB, which is the default of --max-point-bytes, and its generated timestamp. */
export const MAX_BODY: usize = 1049600;
export const BODY: usize = 262144;
/** Output: a gzip header, then the compressed body. Vector loads may read up to 1 KiB past the end of the longest body. */
export const OUTPUT: usize = BODY + MAX_BODY + 1024;
export const HEADER_BYTES: usize = 10;
/**
 * Size of the memory. A compressed body is at most 1.75 times as long as the body: 14 bits for each byte. A match of 6
 * bytes takes less.
 */
export const MEMORY_BYTES: usize = 3211264;
