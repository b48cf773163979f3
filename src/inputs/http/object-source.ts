// An open object as the decoders pull from it, and its bytes at any place for whoever has to know it again. The first
// 64 KiB are read when it is opened: a look at the beginning, of which there are several, then costs no connection.

import { InputError } from '../../core/errors.js';
import type { FileBytes } from '../../core/types/index.js';
import type { RawSource } from '../local/raw-source.js';
import { BlockCache } from './block-cache.js';
import { RangeReader } from './range-reader.js';
import type { RemoteObject } from './remote-object.js';

const headBytes = 64 * 1024;

/** How long it is tried again without a byte: at the beginning, and once reading goes on. */
export interface RetryTiming {
  readonly openMs: number;
  readonly readMs: number;
}

/** Throws InputError, and the signal's reason. */
export async function openObject(object: RemoteObject, patience: RetryTiming, signal: AbortSignal): Promise<RawSource> {
  const first = new RangeReader(object, 0, null, headBytes, patience.openMs);
  const head = new Uint8Array(headBytes);
  let length = 0;
  try {
    for (let count = -1; count !== 0 && length < headBytes; length += count)
      count = await first.read(head.subarray(length), signal);
  } catch (error) {
    await first.close();
    throw error;
  }
  first.patienceMs = patience.readMs;
  return new RemoteSource(object, first, head.subarray(0, length), patience.readMs, signal);
}

class RemoteSource implements RawSource {
  readonly #object: RemoteObject;
  readonly #head: Uint8Array;
  readonly #patienceMs: number;
  readonly #kept = new BlockCache();
  readonly #closed = new AbortController();
  /** Ends what is read at any place: nobody else does. */
  readonly #stop: AbortSignal;
  /** Behind what it is to give next. */
  #reader: RangeReader;
  #at = 0;
  bytesRead = 0;
  readonly file?: FileBytes;

  /** `signal`: ends reading at any place, as closing does. */
  constructor(object: RemoteObject, reader: RangeReader, head: Uint8Array, patienceMs: number, signal: AbortSignal) {
    this.#object = object;
    this.#reader = reader;
    this.#head = head;
    this.#patienceMs = patienceMs;
    this.#stop = AbortSignal.any([signal, this.#closed.signal]);
    const { size } = object;
    if (size === null) return;
    this.file = {
      size,
      bytes: (from, to) => this.#bytes(from, Math.min(to, size)),
      near: (to) => (to <= this.#head.length ? null : this.#kept.before(to)),
    };
  }

  get command(): string {
    return this.#object.command;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const count = this.#at < this.#head.length ? this.#fromHead(into) : await this.#reader.read(into, signal);
    this.#kept.add(this.#at, into.subarray(0, count));
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
    this.#reader = new RangeReader(this.#object, to, null, null, this.#patienceMs);
  }

  async #bytes(from: number, to: number): Promise<Uint8Array> {
    if (to <= this.#head.length) return this.#head.slice(from, to);
    const kept = this.#kept.bytes(from, to);
    if (kept !== null) return kept;
    const reader = new RangeReader(this.#object, from, to, null, this.#patienceMs);
    const bytes = new Uint8Array(Math.max(0, to - from));
    try {
      for (let length = 0; length < bytes.length; ) {
        const count = await reader.read(bytes.subarray(length), this.#stop);
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
