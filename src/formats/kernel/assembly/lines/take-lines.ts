// Takes lines by their expected pattern, or by the walk.

import { ENTRY_BYTES } from '../entry';
import { STATE } from './line-memory';
import { takeExpected } from './patterns';
import { keepBlockSmall, reach, listFurther } from './structural';
import { line } from './walk';

/**
 * Takes common lines from `at`, the start of a line, while they end before `limit` and the index has room. The second word
 * of the state counts lines; the third word counts lines that matched their expected pattern.
 * @returns the start of the line at which the kernel stopped
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
        // The line is not for the kernel, or the block ends inside the line. In that case, a larger block starts at the line.
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
