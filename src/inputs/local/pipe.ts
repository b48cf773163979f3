// Reads a pipe or a socket through its descriptor. A Node stream would allocate a buffer for each 64 KiB, thousands
// each second, and fragment the heap. This source reuses one buffer, and one read joins all pieces that are available.
// Reads of this source can be cancelled, unlike reads in Node's thread pool.

import { type OnReadOpts, Socket } from 'node:net';
import { copyBytes } from '../../core/io/byte-source.js';
import type { RawSource } from './raw-source.js';

/** Size of the buffer, bytes: the default capacity of a pipe (pipe(7)). */
const pieceBytes = 64 * 1024;

/**
 * Creates a source of a pipe. Closing the source closes the descriptor.
 * @param first bytes that were already read from the pipe
 * @param failure converts a system error of a read into the error with which this read rejects
 */
export function pipeSource(descriptor: number, first: Uint8Array, failure: (error: unknown) => unknown): RawSource {
  return new PipeSource(descriptor, first, failure);
}

/** A pending read. It waits for its first piece, and then takes all further pieces that have already arrived. */
interface PendingRead {
  readonly into: Uint8Array;
  length: number;
  readonly end: () => void;
}

class PipeSource implements RawSource {
  readonly compression = 'none';
  bytesRead = 0;
  readonly #failure: (error: unknown) => unknown;
  readonly #socket: Socket;
  readonly #piece = Buffer.allocUnsafeSlow(pieceBytes);
  /** Bytes that arrived and still have to be returned. */
  #rest: Uint8Array;
  #pending: PendingRead | null = null;
  #ended = false;
  #error: { readonly cause: unknown } | null = null;

  constructor(descriptor: number, first: Uint8Array, failure: (error: unknown) => unknown) {
    this.#failure = failure;
    this.#rest = first;
    const onread: OnReadOpts = { buffer: this.#piece, callback: (length) => this.#receive(length) };
    const options = { fd: descriptor, readable: true, writable: false, onread };
    this.#socket = new Socket(options);
    this.#socket.pause();
    this.#socket.on('end', () => {
      this.#ended = true;
      this.#pending?.end();
    });
    this.#socket.on('close', () => this.#fail(new Error('the pipe was closed before its end')));
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

  /** Waits for bytes; returns 0 at the end of the pipe. */
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
      const pending: PendingRead = { into, length: 0, end };
      this.#pending = pending;
      signal.addEventListener('abort', end);
      this.#socket.resume();
    });
  }

  /** Processes a piece of `length` bytes. Returns false to stop reading. */
  #receive(length: number): boolean {
    const pending = this.#pending;
    if (pending === null) {
      // This should not happen, because the socket is paused between reads. The new bytes may have overwritten bytes of
      // `#piece` that were not returned yet.
      this.#fail(new Error('the pipe delivered bytes without a pending read'));
      return false;
    }
    this.#rest = this.#piece.subarray(0, length);
    const isFirst = pending.length === 0;
    pending.length += this.#fromRest(pending.into, pending.length);
    if (pending.length === pending.into.length) {
      pending.end();
      return false;
    }
    // Ends the read after the pieces that are already available: their callbacks run before setImmediate.
    if (isFirst) setImmediate(() => this.#pending === pending && pending.end());
    return true;
  }

  #fromRest(into: Uint8Array, at: number): number {
    const part = this.#rest.subarray(0, into.length - at);
    copyBytes(part, 0, part.length, into, at);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  /** Closes this end of the pipe and cancels a pending read. The pipe then no longer keeps the process alive. */
  async close(): Promise<void> {
    this.#socket.destroy();
  }
}
