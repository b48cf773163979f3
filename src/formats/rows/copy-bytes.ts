// Copies short texts from one memory to another.

/** Bytes that a copy may read and write beyond its end. */
export const copySlack = 3;

/**
 * Copies bytes [from, from + length) of `source` to `at`, four at a time: it reads and writes up to three bytes more. For
 * texts of 20 bytes three times as fast as one by one (measured 2026-11-26).
 */
export function copy(into: DataView, at: number, source: DataView, from: number, length: number): void {
  for (let i = 0; i < length; i += 4) into.setInt32(at + i, source.getInt32(from + i, true), true);
}
