// Inputs that a program provides through the API.

import { Readable } from 'node:stream';
import { BulkLoadError } from '../core/errors.js';
import { wrapSource } from '../core/io/byte-source.js';
import type { ByteSource, Input } from '../core/types/index.js';
import { inputLabel, unreadable } from './local/raw-source.js';
import { openStream } from './open.js';

/**
 * Creates an input from text that a program produces, plain or compressed with gzip or zstd. The load calls `open`
 * once, when it begins this input, and requests chunks only as fast as it loads them. Checkpoints do not include this
 * input, just as they do not include standard input. If the iterator throws, the input fails with exit code 7.
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

/**
 * Converts errors of a program's own input to InputError. Otherwise such errors would be reported as defects of
 * bulk-load.
 */
export function withInputErrors(input: Input): Input {
  const guard = async <T>(verb: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (signal.aborted || error instanceof BulkLoadError) throw error;
      throw unreadable(`${verb} ${inputLabel(input.name)}`, error);
    }
  };
  return {
    name: input.name,
    path: input.path,
    size: input.size,
    open: async (signal, room) => {
      const source = await guard('opening', signal, () => input.open(signal, room));
      const read: ByteSource['read'] = (into, each) => guard('reading', each, () => source.read(into, each));
      return wrapSource(source, { read });
    },
  };
}
