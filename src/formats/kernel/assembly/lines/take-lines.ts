// Accepts lines: by the expected pattern, or by the walk along the list of structural bytes.

import { ENTRY_BYTES } from '../entry';
import { STATE } from './line-memory';
import { takeExpected } from './patterns';
import { keepBlockSmall, reach, listFurther } from './structural';
import { line } from './walk';

/**
 * Accepts common lines from `at`, the start of a line, and writes their index entries. Stops at an uncommon line, at a
 * line that has no end before `limit`, and when the index is full. Stores three words of results at STATE (see
 * line-memory).
 * @returns the start of the line at which the fast path stopped
 */
export function take(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  let lineNumber = load<u32>(STATE, 4);
  let matched = load<u32>(STATE, 8);
  let room = entry;
  while (room < entriesEnd) {
    let next = takeExpected(at, limit, room, lineNumber);
    if (next != 0) {
      matched++;
      keepBlockSmall();
    } else {
      reach(at, limit);
      next = line(at, room, lineNumber);
      if (next == 0) {
        // Either the listed block ends inside this line, or only the exact check can read the line. In the first case,
        // a larger block is listed.
        if (!listFurther(at, limit)) break;
        continue;
      }
    }
    at = next;
    room += ENTRY_BYTES;
    lineNumber++;
  }
  store<u32>(STATE, lineNumber, 4);
  store<u32>(STATE, matched, 8);
  store<u32>(STATE, u32((room - entry) / ENTRY_BYTES));
  return at;
}
