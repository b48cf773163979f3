// Reads a Node stream chunk by chunk. Only the stream's own buffer reads ahead, and a pending read can be cancelled.

import type { Readable } from 'node:stream';
import { copyBytes } from '../../core/io/byte-source.js';
import { countUsedBuffer } from '../../core/v8.js';
import type { RawSource } from './raw-source.js';

/**
 * Reads a stream. Closing the source destroys the stream. `failure` converts an error of the stream into the error with
 * which the next read rejects.
 */
export class StreamSource implements RawSource {
  readonly compression = 'none';
  bytesRead = 0;
  readonly #stream: Readable;
  readonly #failure: (error: unknown) => unknown;
  readonly #chunkBytes: number;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #error: { readonly cause: unknown } | undefined;
  #wake: () => void = () => {};

  /**
   * @param chunkBytes size of the stream's chunks; if absent, each read takes everything that the stream has buffered
   */
  constructor(stream: Readable, failure: (error: unknown) => unknown, chunkBytes = Number.POSITIVE_INFINITY) {
    this.#stream = stream;
    this.#chunkBytes = chunkBytes;
    this.#failure = failure;
    stream.on('readable', () => this.#wake());
    stream.on('end', () => this.#end());
    stream.on('close', () => this.#end());
    // Without a listener, an error between two reads would end the process.
    stream.on('error', (cause) => {
      this.#error ??= { cause };
      this.#wake();
    });
  }

  #end(): void {
    this.#ended ||= this.#stream.readableEnded;
    this.#error ??= this.#ended ? undefined : { cause: new Error('the stream was closed before its end') };
    this.#wake();
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.#rest.length === 0) this.#rest = await this.#next(signal);
    const part = this.#rest.subarray(0, into.length);
    copyBytes(part, 0, part.length, into, 0);
    this.#rest = this.#rest.subarray(part.length);
    this.bytesRead += part.length;
    countUsedBuffer(part.length);
    return part.length;
  }

  /** Returns the next chunk; an empty chunk at the end. */
  async #next(signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      // First returns chunks that arrived before an error, then throws the error.
      const chunk: Uint8Array | null = this.#stream.read(this.#readBytes);
      if (chunk?.length) return chunk;
      if (this.#error) throw this.#failure(this.#error.cause);
      if (this.#ended || this.#stream.readableEnded) return new Uint8Array(0);
      if (chunk === null) await this.#change(signal);
    }
  }

  /**
   * Number of bytes to take from the stream's buffer: at most one chunk, because the stream would copy several chunks
   * into one new buffer. If undefined, takes all bytes.
   */
  get #readBytes(): number | undefined {
    const { readableLength } = this.#stream;
    return readableLength > this.#chunkBytes ? this.#chunkBytes : undefined;
  }

  /** Resolves at the stream's next event; rejects as soon as the signal aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        this.#wake = () => {};
        signal.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = () => done(() => reject(signal.reason));
      this.#wake = () => done(resolve);
      signal.addEventListener('abort', aborted);
    });
  }

  /** Destroys the stream. Afterwards, a pipe whose writer is still open no longer keeps the process alive. */
  async close(): Promise<void> {
    this.#stream.destroy();
  }
}
