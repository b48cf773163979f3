// Decoders of text encodings. A decoder writes UTF-8. For each malformed part, a decoder writes the byte FF, which
// UTF-8 never contains, so that the row is rejected.

import { TextDecoder } from 'node:util';

export interface TextToUtf8 {
  /**
   * Converts the next bytes of a text to UTF-8. Returns the number of bytes written to `into`, at most
   * `3 * (from.length + maxCarried)`. `from` may lie in the last third of the memory of `into`.
   */
  convert(from: Uint8Array, into: Uint8Array): number;
  /** Ends the text. Writes FF for an incomplete last character. Returns the number of bytes written to `into`. */
  end(into: Uint8Array): number;
}

/** Between two calls, a decoder stores at most this many bytes of an incomplete character. */
export const maxCarried = 8;
/** Byte that a decoder writes for a malformed part of a text. */
const MALFORMED = 0xff;
const encoder = new TextEncoder();

/** Characters of the bytes from 0x80 on, for encodings that TextDecoder lacks or may decode wrongly. */
const ownTables: Readonly<Record<string, () => string>> = {
  // Some versions of Node read windows-1252 as ISO 8859-1.
  'windows-1252': () => `€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ${characters(0xa0, 0x60)}`,
  'iso-8859-16': () =>
    `${characters(0x80, 0x20)}\xa0ĄąŁ€„Š§š©Ș«Ź\xadźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ`,
  'x-user-defined': () => characters(0xf780, 0x80),
};

/** Creates the decoder of an encoding that `encodingNamed` returned. */
export function createDecoder(encoding: string): TextToUtf8 {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return new Utf16ToUtf8(encoding === 'utf-16be');
  const table = ownTables[encoding]?.() ?? singleByteTable(encoding);
  return table === null ? new MultiByteToUtf8(encoding) : new SingleByteToUtf8(table);
}

/** Returns `count` characters with consecutive codes, from the code `first` on. */
function characters(first: number, count: number): string {
  return String.fromCharCode(...Array.from({ length: count }, (_, i) => first + i));
}

/** Returns the characters of the bytes from 0x80 on; null if the encoding has characters of several bytes. */
function singleByteTable(encoding: string): string | null {
  const decoder = new TextDecoder(encoding);
  const table = Array.from({ length: 128 }, (_, i) => decoder.decode(Uint8Array.of(0x80 + i)));
  const isMultiByte = /^(?:gb|big5|euc|iso-2022|shift)/.test(encoding);
  // ICU maps some undefined bytes of windows-874 to private-use characters.
  return isMultiByte ? null : table.join('').replace(/[\uf8c1-\uf8c8]/g, '\ufffd');
}

class SingleByteToUtf8 implements TextToUtf8 {
  /** UTF-16 code units of the bytes from 0x80 on; 0xfffd for an undefined byte. */
  readonly #units: Uint16Array;

  constructor(table: string) {
    this.#units = Uint16Array.from(table, (character) => character.charCodeAt(0));
  }

  convert(from: Uint8Array, into: Uint8Array): number {
    const units = this.#units;
    let at = 0;
    for (const byte of from) {
      const unit = byte < 0x80 ? byte : units[byte - 0x80]!;
      if (unit < 0x80) into[at++] = unit;
      else if (unit === 0xfffd) into[at++] = MALFORMED;
      else if (unit < 0x800) {
        into[at++] = 0xc0 | (unit >> 6);
        into[at++] = 0x80 | (unit & 0x3f);
      } else {
        into[at++] = 0xe0 | (unit >> 12);
        into[at++] = 0x80 | ((unit >> 6) & 0x3f);
        into[at++] = 0x80 | (unit & 0x3f);
      }
    }
    return at;
  }

  end(): number {
    return 0;
  }
}

class MultiByteToUtf8 implements TextToUtf8 {
  readonly #decoder: TextDecoder;
  readonly #malformed: RegExp;

  constructor(encoding: string) {
    this.#decoder = new TextDecoder(encoding);
    // For characters that ICU lacks, such as HKSCS in big5, TextDecoder returns private-use or control characters. Only
    // in gb18030 and shift_jis do these characters count as correct.
    const isExact = encoding === 'gb18030' || encoding === 'shift_jis';
    this.#malformed = isExact ? /\ufffd/ : /[\ufffd\ue000-\uf8ff\x80-\x9f]/;
  }

  convert(from: Uint8Array, into: Uint8Array): number {
    return put(this.#decoder.decode(from, { stream: true }), this.#malformed, into);
  }

  end(into: Uint8Array): number {
    return put(this.#decoder.decode(), this.#malformed, into);
  }
}

/** Decodes UTF-16. Unlike TextDecoder, this decoder distinguishes a lone surrogate from the character U+FFFD. */
class Utf16ToUtf8 implements TextToUtf8 {
  readonly #isBigEndian: boolean;
  #rest = Buffer.alloc(0);
  #isStart = true;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  convert(from: Uint8Array, into: Uint8Array): number {
    const bytes = Buffer.concat([this.#rest, from]);
    const whole = bytes.length & ~1;
    const high = bytes[this.#isBigEndian ? whole - 2 : whole - 1] ?? 0;
    // If the last unit is the first half of a surrogate pair, the second half comes with the next call.
    const end = high >= 0xd8 && high < 0xdc ? whole - 2 : whole;
    this.#rest = bytes.subarray(end);
    return this.#put(bytes.subarray(0, end), into);
  }

  end(into: Uint8Array): number {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    const written = this.#put(rest.subarray(0, rest.length & ~1), into);
    if (rest.length % 2 === 0) return written;
    into[written] = MALFORMED;
    return written + 1;
  }

  #put(units: Buffer, into: Uint8Array): number {
    const text = (this.#isBigEndian ? Buffer.from(units).swap16() : units).toString('utf16le');
    const isMarked = this.#isStart && text.startsWith('\ufeff');
    this.#isStart &&= text === '';
    return put(isMarked ? text.slice(1) : text, /\p{Cs}/u, into);
  }
}

/** Writes a text as UTF-8, with the byte FF for each malformed part. */
function put(text: string, malformed: RegExp, into: Uint8Array): number {
  if (!malformed.test(text)) return encoder.encodeInto(text, into).written;
  let at = 0;
  for (const [i, part] of text.split(malformed).entries()) {
    if (i > 0) into[at++] = MALFORMED;
    at += encoder.encodeInto(part, into.subarray(at)).written;
  }
  return at;
}
