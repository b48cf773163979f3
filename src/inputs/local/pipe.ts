// A pipe or a socket by its descriptor. A stream would make a buffer for each piece of 64 KiB, thousands a second, and the
// allocator keeps holes of that size; here all pieces come into one, and as many of them as are there make one read. An
// idle pipe can be given up at once: a read in the thread pool could not be.

import { type OnReadOpts, Socket } from 'node:net';
import { copyBytes } from '../../core/bytes.js';
import type { RawSource } from './raw-source.js';

/** What a pipe holds unless it was made larger (pipe(7)). */
const pieceBytes = 64 * 1024;

/**
 * Takes over the descriptor.
 * @param first what was read of it before
 * @param failure makes the error to reject with from what the system reported
 */
export function pipeSource(descriptor: number, first: Uint8Array, failure: (error: unknown) => unknown): RawSource {
  return new PipeSource(descriptor, first, failure);
}

/** A read that waits for its first piece, or for more that is there already. */
interface Pending {
  readonly into: Uint8Array;
  length: number;
  readonly end: () => void;
}

class PipeSource implements RawSource {
  readonly #failure: (error: unknown) => unknown;
  readonly #socket: Socket;
  readonly #piece = Buffer.allocUnsafeSlow(pieceBytes);
  /** What came and was not asked for yet. */
  #rest: Uint8Array;
  #pending: Pending | null = null;
  #ended = false;
  #error: { readonly cause: unknown } | null = null;
  bytesRead = 0;

  constructor(descriptor: number, first: Uint8Array, failure: (error: unknown) => unknown) {
    this.#failure = failure;
    this.#rest = first;
    const onread: OnReadOpts = { buffer: this.#piece, callback: (length) => this.#take(length) };
    const options = { fd: descriptor, readable: true, writable: false, onread };
    this.#socket = new Socket(options);
    this.#socket.pause();
    this.#socket.on('end', () => {
      this.#ended = true;
      this.#pending?.end();
    });
    this.#socket.on('close', () => this.#fail(new Error('it was closed before its end')));
    this.#socket.on('error', (cause) => this.#fail(cause));
  }

  #fail(cause: unknown): void {
    if (!this.#ended) this.#error ??= { cause };
    this.#pending?.end();
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const length = this.#rest.length > 0 ? this.#fromRest(into, 0) : await this.#fill(into, signal);
    if (length === 0 && this.#error !== null) throw this.#failure(this.#error.cause);
    this.bytesRead += length;
    return length;
  }

  /** Bytes that came, once some did; 0: no more will. */
  async #fill(into: Uint8Array, signal: AbortSignal): Promise<number> {
    if (this.#ended || this.#error !== null || into.length === 0) return 0;
    return await new Promise<number>((resolve, reject) => {
      const end = (): void => {
        const { length } = pending;
        this.#pending = null;
        this.#socket.pause();
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(signal.reason);
        else resolve(length);
      };
      const pending: Pending = { into, length: 0, end };
      this.#pending = pending;
      signal.addEventListener('abort', end);
      this.#socket.resume();
    });
  }

  /** So many bytes lie in the piece; false: no more for now. */
  #take(length: number): boolean {
    const pending = this.#pending;
    if (pending === null) {
      // It is paused whenever nobody asks: the piece may still hold what was not handed out.
      this.#fail(new Error('it gave bytes that were not asked for'));
      return false;
    }
    this.#rest = this.#piece.subarray(0, length);
    const isFirst = pending.length === 0;
    pending.length += this.#fromRest(pending.into, pending.length);
    if (pending.length === pending.into.length) {
      pending.end();
      return false;
    }
    // What else is there comes before this.
    if (isFirst) setImmediate(() => this.#pending === pending && pending.end());
    return true;
  }

  #fromRest(into: Uint8Array, at: number): number {
    const part = this.#rest.subarray(0, into.length - at);
    copyBytes(part, 0, part.length, into, at);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  /** Nothing of ours is pending afterwards, and an open pipe no longer keeps the process alive. */
  async close(): Promise<void> {
    this.#socket.destroy();
  }
}
