// Adds encoded rows to the index, and stores the state between calls from TypeScript.

import { CR, LF } from '../byte-marks';
import { enter, ENTRY_BYTES } from '../entry';
import { CELLS, STATE } from './row-memory';
import { point, shape } from './put-point';
import { timeColumn } from './row-settings';
import { timestamp } from './put-time';

let entry: usize = 0;
let entriesEnd: usize = 0;
let line: u32 = 0;
let out: usize = 0;
let count: u32 = 0;
let timeLength: u32 = 0;

/** Loads the state of the last call. The entries of the next rows are written to [from, to). */
export function beginRun(from: usize, to: usize): void {
  entry = from;
  entriesEnd = to;
  count = 0;
  line = load<u32>(STATE, 4);
  out = load<u32>(STATE, 8);
}

/**
 * Encodes the current cells, whose row is [start, end) of the input. Returns false if the caller must stop: the index
 * is full, or the encoder in TypeScript must read the row.
 */
export function addRow(start: usize, end: usize, lines: u32): bool {
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

/** Stores the state for the next call and for TypeScript. */
export function saveState(): void {
  store<u32>(STATE, count);
  store<u32>(STATE, line, 4);
  store<u32>(STATE, u32(out), 8);
  store<u32>(STATE, timeLength, 12);
}
