// Opens a remote object. The decoders read its bytes in order. Fingerprints, which identify the input, read single
// ranges. Opening reads the first 64 KiB, so that later reads of this part do not need a request.

import { InputError } from '../../core/errors.js';
import { abortWith } from '../../core/time/wait-stats.js';
import type { FileBytes } from '../../core/types/index.js';
import type { RawSource } from '../local/raw-source.js';
import { BlockCache } from './block-cache.js';
import { RangeReader } from './range-reader.js';
import type { RemoteObject } from './remote-object.js';

const headBytes = 64 * 1024;

/**
 * If requests deliver no new byte, they are repeated for this time, ms: for `openMs` while the object is opened, and
 * for `readMs` later.
 */
export interface RetryTiming {
  readonly openMs: number;
  readonly readMs: number;
}

/** Opens an object. Throws InputError, or the signal's reason. */
export async function openObject(object: RemoteObject, timing: RetryTiming, signal: AbortSignal): Promise<RawSource> {
  const first = new RangeReader(object, 0, null, headBytes, timing.openMs);
  const head = new Uint8Array(headBytes);
  let length = 0;
  try {
    for (let count = -1; count !== 0 && length < headBytes; length += count)
      count = await first.read(head.subarray(length), signal);
  } catch (error) {
    await first.close();
    throw error;
  }
  first.retryMs = timing.readMs;
  return new RemoteSource(object, first, head.subarray(0, length), timing.readMs, signal);
}

class RemoteSource implements RawSource {
  readonly compression = 'none';
  readonly file?: FileBytes;
  readonly version: string | null = null;
  bytesRead = 0;
  readonly #object: RemoteObject;
  readonly #head: Uint8Array;
  readonly #retryMs: number;
  readonly #blocks = new BlockCache();
  /** Cancels the reads of `#bytes` when the source is closed. Callers of `bytes` cannot pass a signal. */
  readonly #closed: AbortController;
  #reader: RangeReader;
  /** Offset of the next byte to return. */
  #at = 0;

  /** @param signal aborts the reads of `#bytes`, as `close` does */
  constructor(object: RemoteObject, reader: RangeReader, head: Uint8Array, retryMs: number, signal: AbortSignal) {
    this.#object = object;
    this.#reader = reader;
    this.#head = head;
    this.#retryMs = retryMs;
    this.#closed = abortWith(signal);
    const { size } = object;
    if (size === null) {
      this.version = object.version;
      return;
    }
    this.file = {
      size,
      version: object.version,
      bytes: (from, to) => this.#bytes(from, Math.min(to, size)),
      near: (to) => (to <= this.#head.length ? null : this.#blocks.before(to)),
    };
  }

  get command(): string {
    return this.#object.command;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const count = this.#at < this.#head.length ? this.#fromHead(into) : await this.#reader.read(into, signal);
    this.#blocks.add(this.#at, into.subarray(0, count));
    this.#at += count;
    this.bytesRead += count;
    return count;
  }

  #fromHead(into: Uint8Array): number {
    const part = this.#head.subarray(this.#at, this.#at + into.length);
    into.set(part);
    return part.length;
  }

  seek(to: number): void {
    this.#at = to;
    if (to <= this.#head.length) return;
    void this.#reader.close();
    this.#reader = new RangeReader(this.#object, to, null, null, this.#retryMs);
  }

  async #bytes(from: number, to: number): Promise<Uint8Array> {
    if (to <= this.#head.length) return this.#head.slice(from, to);
    const cached = this.#blocks.bytes(from, to);
    if (cached !== null) return cached;
    const reader = new RangeReader(this.#object, from, to, null, this.#retryMs);
    const bytes = new Uint8Array(Math.max(0, to - from));
    try {
      for (let length = 0; length < bytes.length; ) {
        const count = await reader.read(bytes.subarray(length), this.#closed.signal);
        if (count === 0) return bytes.subarray(0, length);
        length += count;
      }
      return bytes;
    } finally {
      await reader.close();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new InputError(`reading ${this.#object.name}: closed`));
    await this.#reader.close();
  }
}
