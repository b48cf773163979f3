// Splits a JSON list, or consecutive JSON values, into one line per element. The brackets of the list and line ends
// within elements become spaces, and commas between elements become line feeds. So offsets in the lines equal offsets
// in the input. Only a line feed inserted between two values on one line changes the offsets after it.

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  CR,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../../core/ascii.js';
import { InputError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import { plural } from '../../core/text.js';
import type { ByteSource } from '../../core/types/index.js';

/** Smallest size of the buffer that is used after a line feed had to be inserted, bytes. */
const bufferBytes = 64 * 1024;
/** Contains 1 for each byte that has a meaning outside of strings. */
const structural = new Uint8Array(256);
for (const byte of [LF, CR, QUOTE, COMMA, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE]) structural[byte] = 1;

class JsonSplitter {
  /** Number of open brackets within the current element. */
  depth = 0;
  inList = false;
  inString = false;
  #isEscaped = false;
  /** True if a line end must precede the next object or list. An object outside of a list sets this flag. */
  #needsLineEnd = false;

  /**
   * Replaces list brackets, commas and line ends in place, from offset `from` on. Returns the number of bytes when all
   * bytes are done. Returns a smaller offset if the object at this offset needs a line feed before it. The caller then
   * inserts the line feed and calls again with this offset.
   */
  split(bytes: Uint8Array, from: number): number {
    for (let i = this.inString ? this.#string(bytes, from) + 1 : from; i < bytes.length; i++) {
      const byte = bytes[i]!;
      // Quotes and commas within an element are the most frequent cases, so they are handled first.
      if (structural[byte] === 0 || (byte === COMMA && this.depth > 0)) continue;
      if (byte === QUOTE) {
        this.inString = true;
        i = this.#string(bytes, i + 1);
        continue;
      }
      if (byte === OPEN_BRACE && this.#needsLineEnd) {
        this.#needsLineEnd = false;
        return i;
      }
      bytes[i] = this.#structure(byte);
    }
    return bytes.length;
  }

  /** Returns the offset of the quote that closes the string, or the number of bytes if the string continues. */
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

  /** Returns the byte that replaces a byte outside of strings. Most bytes are returned unchanged. */
  #structure(byte: number): number {
    if (byte === LF || byte === CR) return this.#lineEnd(byte);
    else if (byte === COMMA) return this.depth === 0 && this.inList ? LF : byte;
    else if (byte === OPEN_BRACE) this.depth++;
    else if (byte === CLOSE_BRACE) {
      this.depth = Math.max(0, this.depth - 1);
      this.#needsLineEnd = this.depth === 0 && !this.inList;
    } else return this.#list(byte);
    return byte;
  }

  #lineEnd(byte: number): number {
    if (this.depth > 0 || this.inList) return SPACE;
    if (byte === LF) this.#needsLineEnd = false;
    return byte;
  }

  #list(byte: number): number {
    if (byte === OPEN_BRACKET) {
      if (this.depth > 0 || this.inList) this.depth++;
      else {
        this.inList = true;
        // If an object precedes the list on the same line, the opening bracket becomes the line feed between them.
        const replacement = this.#needsLineEnd ? LF : SPACE;
        this.#needsLineEnd = false;
        return replacement;
      }
    } else if (this.depth > 0) this.depth--;
    else if (this.inList) {
      this.inList = false;
      return LF;
    }
    return byte;
  }
}

/** Reads JSON as lines. Splits the JSON in the caller's memory until a line feed must be inserted, then in a buffer. */
class LineSource {
  readonly #source: ByteSource;
  readonly #name: string;
  readonly #splitter = new JsonSplitter();
  /** Bytes that were read but not yet returned to the caller; null until a line feed must be inserted. */
  #buffer: Uint8Array | null = null;
  /** Offsets in the buffer: bytes before `#at` were returned to the caller, and bytes before `#split` were split. */
  #at = 0;
  #split = 0;
  #length = 0;
  #needsLineFeed = false;

  constructor(source: ByteSource, name: string) {
    this.#source = source;
    this.#name = name;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    if (this.#buffer === null) {
      const read = await this.#readSource(into, signal);
      const end = this.#splitter.split(into.subarray(0, read), 0);
      if (end === read) return read;
      this.#buffer = new Uint8Array(Math.max(bufferBytes, read));
      this.#buffer.set(into.subarray(end, read));
      this.#length = read - end;
      this.#needsLineFeed = true;
      if (end > 0) return end;
    }
    const buffer = this.#buffer;
    if (this.#at === this.#length) {
      this.#length = await this.#readSource(buffer, signal);
      this.#at = this.#split = 0;
      if (this.#length === 0) return 0;
    }
    return this.#output(buffer.subarray(0, this.#length), into);
  }

  #output(bytes: Uint8Array, into: Uint8Array): number {
    let out = 0;
    while (out < into.length && this.#at < bytes.length) {
      if (this.#needsLineFeed && this.#at === this.#split) {
        into[out++] = LF;
        this.#needsLineFeed = false;
        continue;
      }
      if (this.#at === this.#split) {
        this.#split = this.#splitter.split(bytes, this.#at);
        this.#needsLineFeed = this.#split < bytes.length;
      }
      const length = Math.min(this.#split - this.#at, into.length - out);
      into.set(bytes.subarray(this.#at, this.#at + length), out);
      out += length;
      this.#at += length;
    }
    return out;
  }

  async #readSource(into: Uint8Array, signal: AbortSignal): Promise<number> {
    const read = await this.#source.read(into, signal);
    const { inList, depth } = this.#splitter;
    if (read === 0 && (inList || depth > 0)) throw incomplete(this.#name, this.#splitter);
    return read;
  }
}

/** Splits the JSON of a source into lines. A read rejects with InputError if a list or an object is incomplete. */
export function splitJson(source: ByteSource, name: string): ByteSource {
  const lines = new LineSource(source, name);
  return wrapSource(source, {
    read: (into: Uint8Array, signal: AbortSignal) => lines.read(into, signal),
    seek: undefined,
    file: undefined,
  });
}

function incomplete(name: string, { inString, inList, depth }: JsonSplitter): InputError {
  return new InputError({
    tried: `reading ${name}`,
    expected: 'JSON with every bracket closed',
    found: inString
      ? 'the end of the input inside a string'
      : `the end of the input with ${plural(depth + Number(inList), 'bracket')} open`,
    fix: 'fetch or create the file again',
  });
}
