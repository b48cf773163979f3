// A plain file, read with positioned reads straight into the caller's memory, up to the size it had when opened.

import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { explain, type RawSource } from './raw.js';

/** Takes over the handle. Throws InputError when the file cannot be examined. */
export async function fileSource(handle: FileHandle, name: string): Promise<RawSource> {
  try {
    return new FileSource(handle, name, await handle.stat({ bigint: true }));
  } catch (error) {
    await handle.close();
    throw new InputError(`reading ${name}: ${explain(error)}`, { cause: error });
  }
}

class FileSource implements RawSource {
  readonly #handle: FileHandle;
  readonly #name: string;
  readonly #opened: BigIntStats;
  /** Devices have none: they are read until they end. */
  readonly #size: number;
  #closed: Promise<void> | undefined;
  bytesRead = 0;

  constructor(handle: FileHandle, name: string, opened: BigIntStats) {
    this.#handle = handle;
    this.#name = name;
    this.#opened = opened;
    this.#size = opened.isFile() ? Number(opened.size) : Number.POSITIVE_INFINITY;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const length = Math.min(into.length, this.#size - this.bytesRead);
    const count = length > 0 ? await this.#fill(into, length) : 0;
    signal.throwIfAborted();
    this.bytesRead += count;
    if (count === 0 && this.#size !== Number.POSITIVE_INFINITY) await this.#checkUnchanged();
    return count;
  }

  async #fill(into: Uint8Array, length: number): Promise<number> {
    const position = this.#size === Number.POSITIVE_INFINITY ? null : this.bytesRead;
    try {
      return (await this.#handle.read(into, 0, length, position)).bytesRead;
    } catch (error) {
      throw new InputError(`reading ${this.#name} after ${this.bytesRead} bytes: ${explain(error)}`, { cause: error });
    }
  }

  /** What was appended meanwhile is left alone; with the same or a smaller size, something was overwritten. */
  async #checkUnchanged(): Promise<void> {
    const now = await this.#handle.stat({ bigint: true });
    const overwritten = now.size === this.#opened.size && now.mtimeNs !== this.#opened.mtimeNs;
    if (now.size >= this.#opened.size && this.bytesRead === this.#size && !overwritten) return;
    throw new InputError(
      `reading ${this.#name}: expected it to stay as it was when opened (${this.#size} bytes), got a file that changed while it was read (${now.size} bytes); load it again when it is complete`,
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#handle.close();
    return this.#closed;
  }
}
