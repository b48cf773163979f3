// Reads inputs in encodings other than UTF-8. Lines and offsets of such an input refer to its text in UTF-8.

import { peekSource, wrapSource } from '../../core/io/byte-source.js';
import { startsWithUtf8Mark } from '../../core/io/encoding.js';
import type { ByteSource, Input } from '../../core/types/index.js';
import { createDecoder, maxCarried } from './decoders.js';

/**
 * Smallest memory into which a read decodes directly, bytes. A read into less memory decodes into a buffer of this
 * size, and copies bytes from the buffer.
 */
const minReadBytes = 1024;

/** Returns the encoding of the byte order mark at the start of an input; null without a mark. */
function markedEncoding(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return startsWithUtf8Mark(head) ? 'utf-8' : null;
}

/** Converts a source to UTF-8 if its first bytes, `head`, are a byte order mark of UTF-16. */
export function utf16Source(source: ByteSource, head: Uint8Array): ByteSource {
  const encoding = markedEncoding(head);
  return encoding === null || encoding === 'utf-8' ? source : utf8Source(source, encoding);
}

/** Converts a decompressed source to UTF-8 if its first read begins with a byte order mark of UTF-16. */
export function decodedUtf16Source(source: ByteSource): ByteSource {
  let text: ByteSource | null = null;
  return wrapSource(source, {
    get encoding() {
      return text?.encoding;
    },
    read: async (into: Uint8Array, signal: AbortSignal) => {
      if (text === null) {
        const peeked = await peekSource(source, new Uint8Array(2), () => false, signal);
        text = utf16Source(peeked.source, peeked.head);
      }
      return await text.read(into, signal);
    },
  });
}

/** Decodes inputs from an encoding to UTF-8. A byte order mark overrides the encoding. */
export function withEncoding(inputs: readonly Input[], encoding: string): Input[] {
  if (encoding === 'utf-8') return [...inputs];
  return inputs.map((input) => ({
    ...input,
    open: async (signal, room) => {
      const opened = await input.open(signal, room);
      try {
        const { head, source } = await peekSource(opened, new Uint8Array(3), () => false, signal);
        const isUtf8 = opened.encoding !== undefined || markedEncoding(head) === 'utf-8';
        return isUtf8 ? source : utf8Source(source, encoding);
      } catch (error) {
        await opened.close();
        throw error;
      }
    },
  }));
}

/** Returns a source that converts text of this encoding to UTF-8. No byte of `source` may have been read before. */
export function utf8Source(source: ByteSource, encoding: string): ByteSource {
  const decoder = createDecoder(encoding);
  let rest = new Uint8Array(0);
  const fill = async (into: Uint8Array, signal: AbortSignal): Promise<number> => {
    // Reads encoded bytes into the last third of `into`, and decodes them to the start of `into`. A byte becomes at
    // most three bytes of UTF-8, so the decoder never overwrites bytes that it has not decoded yet.
    const from = into.subarray(into.length - Math.floor(into.length / 3) + maxCarried);
    for (;;) {
      const read = await source.read(from, signal);
      const written = read === 0 ? decoder.end(into) : decoder.convert(from.subarray(0, read), into);
      if (written > 0 || read === 0) return written;
    }
  };
  return wrapSource(source, {
    encoding,
    seek: undefined,
    read: async (into: Uint8Array, signal: AbortSignal) => {
      if (rest.length === 0 && into.length >= minReadBytes) return await fill(into, signal);
      if (rest.length === 0) {
        const buffer = new Uint8Array(minReadBytes);
        rest = buffer.subarray(0, await fill(buffer, signal));
      }
      const part = rest.subarray(0, into.length);
      into.set(part);
      rest = rest.subarray(part.length);
      return part.length;
    },
  });
}
