// Entries of the index for the rows that are taken, and the state that goes on from one call to the next.

import { CR, LF } from '../bytes';
import { enter, ENTRY_BYTES } from '../entry';
import { CELLS, STATE } from './memory';
import { point, shape } from './point';
import { timeColumn } from './settings';
import { timestamp } from './time';

let entry: usize = 0;
let entriesEnd: usize = 0;
let line: u32 = 0;
let out: usize = 0;
let count: u32 = 0;
let timeLength: u32 = 0;

/** To be called before the first row. */
export function room(from: usize, to: usize): void {
  entry = from;
  entriesEnd = to;
  count = 0;
  line = load<u32>(STATE, 4);
  out = load<u32>(STATE, 8);
}

/** Makes a point of the row in the cells, which lies in [start, end); false when it is left. */
export function takes(start: usize, end: usize, lines: u32): bool {
  if (entry >= entriesEnd) return false;
  const pointEnd = point(out, end - start);
  if (pointEnd == 0) return false;
  const sourceEnd = load<u8>(end - 1) == CR ? end - 1 : end;
  enter(entry, out, pointEnd, start, sourceEnd, line, shape, u64(timestamp));
  store<u8>(pointEnd, LF);
  out = pointEnd + 1;
  entry += ENTRY_BYTES;
  line += lines;
  count++;
  const time = CELLS + (usize(timeColumn) << 4);
  timeLength = load<u32>(time, 4) - load<u32>(time);
  return true;
}

/** To be called behind the last row. */
export function taken(): void {
  store<u32>(STATE, count);
  store<u32>(STATE, line, 4);
  store<u32>(STATE, u32(out), 8);
  store<u32>(STATE, timeLength, 12);
}
