// JSON whose rows are the elements of one list, or values behind each other: made lines of in place, byte for byte as long as
// before, so that offsets stay those of the input. Structure outside the elements becomes blanks, a comma between two of
// them the end of a line, and the line ends within them blanks.

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

/** Bytes that mean something outside of strings. */
const structural = new Uint8Array(256);
for (const byte of [LF, CR, QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE]) structural[byte] = 1;

/** Where in the text it is. */
class JsonPosition {
  /** Of brackets within an element. */
  depth = 0;
  inList = false;
  inString = false;
  escaped = false;

  /** Goes through the next bytes, and changes them. */
  pass(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (this.inString) i = this.#string(bytes, i);
      else if (structural[bytes[i]!] === 1) bytes[i] = this.#structure(bytes[i]!);
    }
  }

  /** @returns the offset of the last byte of the string that is there */
  #string(bytes: Uint8Array, from: number): number {
    let i = from;
    if (this.escaped) {
      this.escaped = false;
      i++;
    }
    while (i < bytes.length) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        this.inString = false;
        return i;
      }
      if (byte === BACKSLASH) {
        if (i + 1 === bytes.length) this.escaped = true;
        i++;
      }
      i++;
    }
    return i;
  }

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

/** Rejects with InputError at the end of a text that is not whole. The source stays the caller's. */
export function asLines(source: ByteSource, name: string): ByteSource {
  const position = new JsonPosition();
  return {
    async read(into, signal) {
      const read = await source.read(into, signal);
      if (read === 0 && (position.inList || position.depth > 0)) {
        const got = position.inString
          ? 'the end within a string'
          : `the end with ${position.depth + Number(position.inList)} open`;
        throw new InputError(
          `reading ${name}: expected JSON with every bracket closed, got ${got}; fetch or make the file again`,
        );
      }
      position.pass(into.subarray(0, read));
      return read;
    },
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
    compression: source.compression,
  };
}
