// Recognises the types ("kinds") of field values without quotes.

import { DOT, isFalseWord, isTrueWord, MINUS } from '../byte-marks';
import { digitMaskOf } from '../digits';
import { BOOLEAN, FLOAT, INTEGER, UNSIGNED } from './line-memory';

function booleanKind(p: usize, length: usize): u32 {
  if (length == 1) {
    const byte = load<u8>(p) | 0x20;
    return byte == 0x74 || byte == 0x66 ? BOOLEAN : 0;
  }
  return isTrueWord(p, length) || isFalseWord(p, length) ? BOOLEAN : 0;
}

/**
 * Returns the kind of a value that has other bytes than digits, such as `-1.5`, `10i` or `true`. Returns 0 if only the
 * exact check (PointReader) can decide.
 * @param notDigits mask of the bytes that are not digits
 */
function otherKind(p: usize, length: usize, notDigits: u32): u32 {
  const negative = load<u8>(p) == MINUS;
  const rest = notDigits & ~u32(negative);
  const start = usize(negative);
  if (length == start) return 0;
  if (rest == 0) return FLOAT;
  const at = usize(ctz(rest));
  const byte = load<u8>(p + at);
  if ((rest & (rest - 1)) != 0 || at == start) return booleanKind(p, length);
  if (byte == DOT) return FLOAT;
  if (at != length - 1 || length > 19) return 0;
  if (byte == 0x69) return INTEGER;
  return byte == 0x75 && !negative ? UNSIGNED : 0;
}

/** Returns the kind of the value at `p`, which has no quotes; 0 if only the exact check (PointReader) can decide. */
@inline
export function plainKind(p: usize, length: usize): u32 {
  const rest = ((u32(1) << u32(length)) - 1) & ~digitMaskOf(p, length);
  // The subtraction is unsigned. So this test is true for 0 bytes as well as for more than 31 bytes.
  if (length - 1 >= 31) return 0;
  if (rest == 0) return FLOAT;
  // Accepts digits with one decimal point that is not the first byte, such as `1.5`.
  if ((rest & (rest - 1)) == 0 && (rest & 1) == 0 && load<u8>(p + usize(ctz(rest))) == DOT) return FLOAT;
  return otherKind(p, length, rest);
}
