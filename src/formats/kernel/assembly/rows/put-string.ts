// Writes strings of line protocol with their quotes. The source is plain text, text with doubled quotes, or text with
// escapes of JSON.

import { marked, QUOTE } from '../byte-marks';
import { BACKSLASH, DOUBLED, ESCAPED } from './row-memory';
import { firstBits, putSequence } from './put-values';

const SLASH: u32 = 0x2f;
const LETTER_U: u32 = 0x75;

/** Length of the escape that `unescaped` read last, including the backslash. */
let escapeLength: usize = 0;

/**
 * Returns the value of the four hexadecimal digits at `p`; a number above 0xffff if a byte is not a hexadecimal digit.
 */
function hexadecimal(p: usize): u32 {
  let value: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = u32(load<u8>(p + i));
    const letter = (byte | 0x20) - 0x61;
    const digit = byte - 0x30 <= 9 ? byte - 0x30 : letter <= 5 ? letter + 10 : 0x10000;
    value = (value << 4) | digit;
  }
  return value;
}

/** Returns the character of the JSON escape whose letter is at `p`; 0 if the encoder in TypeScript must decide. */
function unescaped(p: usize, to: usize): u32 {
  const letter = u32(load<u8>(p));
  escapeLength = 2;
  if (letter == QUOTE || letter == BACKSLASH || letter == SLASH) return letter;
  if (letter == 0x6e) return 0x0a;
  if (letter == 0x74) return 0x09;
  if (letter == 0x72) return 0x0d;
  if (letter == 0x62) return 0x08;
  if (letter == 0x66) return 0x0c;
  if (letter != LETTER_U || p + 5 > to) return 0;
  const unit = hexadecimal(p + 1);
  escapeLength = 6;
  if (unit < 0xd800 || (unit > 0xdfff && unit <= 0xffff)) return unit;
  // A high surrogate (0xd800 to 0xdbff) is valid only before a low surrogate, as in `\ud83d\ude00`.
  if (unit > 0xdbff || p + 11 > to || load<u16>(p, 5) != 0x755c) return 0;
  const second = hexadecimal(p + 7) - 0xdc00;
  escapeLength = 12;
  return second > 0x3ff ? 0 : 0x10000 + ((unit - 0xd800) << 10) + second;
}

/** Writes a character as UTF-8. @returns the end of its bytes */
function putCharacter(code: u32, out: usize): usize {
  if (code < 0x80) {
    store<u8>(out, code);
    return out + 1;
  }
  const length: usize = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  let rest = code;
  for (let p = out + length - 1; p > out; p--) {
    store<u8>(p, 0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  store<u8>(out, rest | (length == 2 ? 0xc0 : length == 3 ? 0xe0 : 0xf0));
  return out + length;
}

/** Writes the text [from, to) as a string with quotes. @param kind kind of the text's cell: TEXT, DOUBLED or ESCAPED */
export function putString(from: usize, to: usize, out: usize, kind: u32): usize {
  const table = i8x16(-1, -1, -1, -1, 0x22, -1, -1, -1, -1, -1, -1, 0x5c, -1, -1, -1, -1);
  let p = from;
  let o = out + 1;
  store<u8>(out, QUOTE);
  while (p < to) {
    const v = v128.load(p);
    v128.store(o, v);
    const left = to - p;
    const bits = firstBits(v128.bitmask<i8>(marked(v, 0x01, table)), left);
    const plain = bits == 0 ? min<usize>(left, 16) : usize(ctz(bits));
    p += plain;
    o += plain;
    if (bits == 0) continue;
    const byte = u32(load<u8>(p));
    if (byte >= 0x80) {
      const length = putSequence(p, to, o);
      if (length == 0) return 0;
      p += length;
      o += length;
    } else {
      let character = byte;
      let next = p + (byte == QUOTE && kind == DOUBLED ? 2 : 1);
      if (byte == BACKSLASH && kind == ESCAPED) {
        character = unescaped(p + 1, to);
        next = p + escapeLength;
      }
      if (character == 0 || (character == BACKSLASH && next < to && isQuote(next, kind))) return 0;
      if (character == QUOTE || character == BACKSLASH) store<u8>(o++, BACKSLASH);
      o = putCharacter(character, o);
      p = next;
    }
  }
  store<u8>(o, QUOTE);
  return o + 1;
}

/** Tests whether the text at `p` may yield a quote: a quote byte, or an escape such as `\"` or `\u0022`. */
@inline
function isQuote(p: usize, kind: u32): bool {
  return load<u8>(p) == QUOTE || (kind == ESCAPED && (load<u16>(p) == 0x225c || load<u16>(p) == 0x755c));
}
