// Inputs that a program brings itself.

import { Readable } from 'node:stream';
import { BulkLoadError, InputError } from '../core/errors.js';
import type { ByteSource, Input } from '../core/types/index.js';
import { inputLabel } from './decompress/sniff.js';
import { describeSystemError } from './local/raw-source.js';
import { openStream } from './open.js';

/**
 * Text, plain or as gzip or zstd, from wherever a program has it: `open` is called once, when the load comes to it. Pulled
 * as fast as it is loaded. Like standard input it has no checkpoint. An error that it ends with is the input's: code 7.
 */
export function streamInput(name: string, open: () => AsyncIterable<Uint8Array | string>): Input {
  return {
    name,
    path: null,
    size: null,
    open: (signal, room) => openStream(Readable.from(bytesOf(open()), { objectMode: false }), name, signal, room),
  };
}

async function* bytesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    if (chunk.length > 0) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
}

/** An input that fails in words of its own fails as an input, and not as a defect of ours. */
export function withInputErrors(input: Input): Input {
  const { name, path, size } = input;
  const failing = async <T>(attempted: string, signal: AbortSignal, doing: () => Promise<T>): Promise<T> => {
    try {
      return await doing();
    } catch (error) {
      if (signal.aborted || error instanceof BulkLoadError) throw error;
      throw new InputError(`${attempted} ${inputLabel(name)}: ${describeSystemError(error)}`, { cause: error });
    }
  };
  return {
    name,
    path,
    size,
    open: async (signal, room) => {
      const source = await failing('opening', signal, () => input.open(signal, room));
      return reading(source, (into, each) => failing('reading', each, () => source.read(into, each)));
    },
  };
}

/** `source` with another way to read it. */
function reading(source: ByteSource, read: ByteSource['read']): ByteSource {
  const { compression, file } = source;
  return {
    compression,
    ...(file === undefined ? {} : { file }),
    ...(source.seek === undefined ? {} : { seek: (to: number): void => source.seek?.(to) }),
    read,
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
  };
}
