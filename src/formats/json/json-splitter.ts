// Turns a JSON list, or JSON values in sequence, into one line per element. Brackets of the list and line ends within
// elements become spaces; commas between elements become line feeds. Offsets stay those of the input, unless values follow
// each other without a line end and line feeds are inserted.

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

/** Bytes of one read after the first inserted line feed. */
const bufferBytes = 64 * 1024;
/** 1 for bytes that have a meaning outside of strings. */
const structural = new Uint8Array(256);
for (const byte of [LF, CR, QUOTE, COMMA, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE]) structural[byte] = 1;

class JsonSplitter {
  /** Open brackets within the element. */
  depth = 0;
  inList = false;
  inString = false;
  #isEscaped = false;
  /** True from the end of an object in a sequence to the next line end. */
  #needsLineEnd = false;

  /**
   * Processes the bytes from `from` on, in place. Returns their end, or the offset of an object that needs a line feed
   * before it. The next call then continues with this object.
   */
  split(bytes: Uint8Array, from: number): number {
    for (let i = this.inString ? this.#string(bytes, from) + 1 : from; i < bytes.length; i++) {
      const byte = bytes[i]!;
      // Most structural bytes are quotes, and commas within an element.
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
        // The bracket becomes the line end after an object.
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

/** Splits in place as long as no line feed has to be inserted, then through a buffer. */
class LineSource {
  readonly #source: ByteSource;
  readonly #name: string;
  readonly #splitter = new JsonSplitter();
  /** Null until the first inserted line feed. */
  #buffer: Uint8Array | null = null;
  /** Bytes of the buffer before `#at` are output, and bytes before `#split` are processed. */
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

/** Splits the text of a source into lines. Reads reject with InputError when the text ends within a list or an element. */
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
    found: inString ? 'the end inside a string' : `the end with ${plural(depth + Number(inList), 'bracket')} open`,
    fix: 'fetch or write the file again',
  });
}
