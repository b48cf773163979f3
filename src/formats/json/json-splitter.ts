// Turns a JSON list, or JSON values in sequence, into one line per element, in place and without changing offsets.
// Brackets of the list become blanks, commas between elements become line feeds, line ends within elements become blanks.

import { wrapSource } from '../../core/byte-source.js';
import { InputError } from '../../core/errors.js';
import type { ByteSource } from '../../core/types/index.js';

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Bytes with a meaning outside of strings. */
const structural = new Uint8Array(256);
for (const byte of [LF, CR, QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE]) structural[byte] = 1;

class JsonSplitter {
  /** Open brackets within the element. */
  depth = 0;
  inList = false;
  inString = false;
  #isEscaped = false;

  /** Processes the next bytes in place. */
  split(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (this.inString) i = this.#string(bytes, i);
      else if (structural[bytes[i]!] === 1) bytes[i] = this.#structure(bytes[i]!);
    }
  }

  /** Returns the offset of the string's closing quote, or the end of the bytes. */
  #string(bytes: Uint8Array, from: number): number {
    let i = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      i++;
    }
    while (i < bytes.length) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        this.inString = false;
        return i;
      }
      if (byte === BACKSLASH) {
        if (i + 1 === bytes.length) this.#isEscaped = true;
        i++;
      }
      i++;
    }
    return i;
  }

  /** Returns the byte that replaces a structural byte. */
  #structure(byte: number): number {
    if (byte === QUOTE) this.inString = true;
    else if (byte === LF || byte === CR) return this.depth > 0 || this.inList ? BLANK : byte;
    else if (byte === COMMA) return this.depth === 0 && this.inList ? LF : byte;
    else if (byte === OPEN) this.depth++;
    else if (byte === CLOSE) this.depth = Math.max(0, this.depth - 1);
    else return this.#list(byte);
    return byte;
  }

  #list(byte: number): number {
    if (byte === OPEN_LIST) {
      if (this.depth > 0 || this.inList) this.depth++;
      else {
        this.inList = true;
        return BLANK;
      }
    } else if (this.depth > 0) this.depth--;
    else if (this.inList) {
      this.inList = false;
      return LF;
    }
    return byte;
  }
}

/** Splits the text of a source into lines. Reads reject with InputError when the text ends within a list or an element. */
export function splitJson(source: ByteSource, name: string): ByteSource {
  const splitter = new JsonSplitter();
  return wrapSource(source, {
    async read(into: Uint8Array, signal: AbortSignal) {
      const read = await source.read(into, signal);
      if (read === 0 && (splitter.inList || splitter.depth > 0)) throw incomplete(name, splitter);
      splitter.split(into.subarray(0, read));
      return read;
    },
    seek: undefined,
    file: undefined,
  });
}

function incomplete(name: string, { inString, inList, depth }: JsonSplitter): InputError {
  return new InputError({
    tried: `reading ${name}`,
    expected: 'JSON with every bracket closed',
    found: inString ? 'the end within a string' : `the end with ${depth + Number(inList)} open`,
    fix: 'fetch or write the file again',
  });
}
