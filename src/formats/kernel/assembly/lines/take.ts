// Takes lines, as expected or by the walk.

import { ENTRY_BYTES } from '../entry';
import { STATE } from './memory';
import { likeExpected } from './patterns';
import { expectFew, reach, reachFurther } from './structural';
import { line } from './walk';

/**
 * Takes lines from `at`, the start of one, while they are ordinary, complete before `limit`, and there is room for
 * their entries. Line numbers go on from the second word of the state, which is left at the next one; the third counts
 * the lines that were as expected.
 * @returns where it stopped: at the start of a line.
 */
export function take(at: usize, limit: usize, entry: usize, entriesEnd: usize): usize {
  let lineNumber = load<u32>(STATE, 4);
  let asExpected = load<u32>(STATE, 8);
  let room = entry;
  while (room < entriesEnd) {
    let next = likeExpected(at, limit, room, lineNumber);
    if (next != 0) {
      asExpected++;
      expectFew();
    } else {
      reach(at, limit);
      next = line(at, room, lineNumber);
      if (next == 0) {
        // Out of the ordinary, or cut off by the end of the block: then a larger one starts with this line.
        if (!reachFurther(at, limit)) break;
        continue;
      }
    }
    at = next;
    room += ENTRY_BYTES;
    lineNumber++;
  }
  store<u32>(STATE, lineNumber, 4);
  store<u32>(STATE, asExpected, 8);
  store<u32>(STATE, u32((room - entry) / ENTRY_BYTES));
  return at;
}
