// Writes entries of `Points.index`. core/types/points.ts defines the words of an entry.

export const ENTRY_BYTES: usize = 32;

/**
 * Writes one entry: the range of the bytes to send, the range of the bytes in the input, the line, the shape number and
 * the timestamp.
 */
@inline
export function enter(
  entry: usize,
  sent: usize,
  sentEnd: usize,
  source: usize,
  sourceEnd: usize,
  line: u32,
  shape: u32,
  time: u64,
): void {
  store<u32>(entry, u32(sent));
  store<u32>(entry, u32(sentEnd - sent), 4);
  store<u32>(entry, u32(source), 8);
  store<u32>(entry, u32(sourceEnd - source), 12);
  store<u32>(entry, line, 16);
  store<u32>(entry, shape, 20);
  store<u64>(entry, time, 24);
}
