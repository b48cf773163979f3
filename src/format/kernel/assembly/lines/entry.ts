// Entries of the index.

@inline
export function enter(entry: usize, start: usize, end: usize, lineNumber: u32, shape: u32, time: u64): void {
  const length = u32(end - start);
  store<u32>(entry, u32(start));
  store<u32>(entry, length, 4);
  store<u32>(entry, u32(start), 8);
  store<u32>(entry, length, 12);
  store<u32>(entry, lineNumber, 16);
  store<u32>(entry, shape, 20);
  store<u64>(entry, time, 24);
}
