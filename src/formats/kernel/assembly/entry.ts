// Entries of the index, as core/types/points.ts defines them.

export const ENTRY_BYTES: usize = 32;

/** Writes an entry: the bytes to send, the original bytes, the line, the shape and the time. */
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
