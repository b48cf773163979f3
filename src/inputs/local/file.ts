// Reads a plain file at explicit offsets into the caller's memory, up to the size that the file had when it was opened.

import { type BigIntStats, fstat, read } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { count } from '../../core/text.js';
import type { FileBytes } from '../../core/types/index.js';
import { changedFile } from './buffered-file.js';
import { type RawSource, unreadable } from './raw-source.js';

/**
 * Creates a source of a file. Closing the source closes the handle. Throws InputError if the file's size cannot be
 * read.
 */
export async function fileSource(handle: FileHandle, name: string): Promise<RawSource> {
  try {
    return new FileSource(handle, name, await handle.stat({ bigint: true }));
  } catch (error) {
    await handle.close();
    throw unreadable(`reading ${name}`, error);
  }
}

/** A file that another thread has opened and will close. Size and version describe the file when it was opened. */
export type SharedFile = Required<Pick<FileBytes, 'descriptor' | 'size'>> & { readonly version: string };

/** Reads a file that another thread has opened. */
export function sharedFileSource({ descriptor, size, version }: SharedFile, name: string): RawSource {
  const handle: ReadHandle = {
    fd: descriptor,
    read: (into, offset, length, position) => readDescriptor(descriptor, into, offset, length, position),
    stat: (options) => statDescriptor(descriptor, options),
    close: async () => {},
  };
  return new FileSource(handle, name, { size: BigInt(size), mtimeNs: BigInt(version), isFile: () => true });
}

const readDescriptor = promisify(read);
const statDescriptor = promisify(fstat);

/** The members of a file handle that reading needs. */
interface ReadHandle {
  readonly fd: number;
  read(into: Uint8Array, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  stat(options: { readonly bigint: true }): Promise<BigIntStats>;
  close(): Promise<void>;
}

class FileSource implements RawSource {
  readonly compression = 'none';
  readonly file?: FileBytes;
  bytesRead = 0;
  readonly #handle: ReadHandle;
  readonly #name: string;
  readonly #opened: Pick<BigIntStats, 'size' | 'mtimeNs' | 'isFile'>;
  /** Size of the file, bytes; Infinity for a device, which is read until it ends. */
  readonly #size: number;
  #closed: Promise<void> | undefined;
  /** Offset of the next read. */
  #at = 0;

  constructor(handle: ReadHandle, name: string, opened: Pick<BigIntStats, 'size' | 'mtimeNs' | 'isFile'>) {
    this.#handle = handle;
    this.#name = name;
    this.#opened = opened;
    this.#size = opened.isFile() ? Number(opened.size) : Number.POSITIVE_INFINITY;
    if (opened.isFile())
      this.file = {
        size: this.#size,
        version: String(opened.mtimeNs),
        descriptor: handle.fd,
        bytes: (from, to) => blockOf(handle, from, to),
      };
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const length = Math.min(into.length, this.#size - this.#at);
    const count = length > 0 ? await this.#fill(into, length) : 0;
    signal.throwIfAborted();
    this.bytesRead += count;
    this.#at += count;
    if (count === 0 && this.#size !== Number.POSITIVE_INFINITY) await this.#checkUnchanged();
    return count;
  }

  seek(to: number): void {
    this.#at = to;
  }

  async #fill(into: Uint8Array, length: number): Promise<number> {
    const position = this.#size === Number.POSITIVE_INFINITY ? null : this.#at;
    try {
      return (await this.#handle.read(into, 0, length, position)).bytesRead;
    } catch (error) {
      throw unreadable(`reading ${this.#name} after ${count(this.#at)} bytes`, error);
    }
  }

  /**
   * Throws InputError if the file has become smaller, or has the same size but another mtime. The file may have grown.
   */
  async #checkUnchanged(): Promise<void> {
    const now = await this.#handle.stat({ bigint: true });
    const overwritten = now.size === this.#opened.size && now.mtimeNs !== this.#opened.mtimeNs;
    if (now.size >= this.#opened.size && this.#at === this.#size && !overwritten) return;
    throw changedFile(this.#name, this.#size, Number(now.size));
  }

  close(): Promise<void> {
    this.#closed ??= this.#handle.close();
    return this.#closed;
  }
}

async function blockOf(handle: ReadHandle, from: number, to: number): Promise<Uint8Array> {
  const block = new Uint8Array(to - from);
  let length = 0;
  while (length < block.length) {
    const { bytesRead } = await handle.read(block, length, block.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return block.subarray(0, length);
}

/** Reads an open file from its current position to its end. The caller closes the descriptor. */
export function descriptorSource(descriptor: number, failure: (error: unknown) => unknown): RawSource {
  let bytesRead = 0;
  return {
    compression: 'none',
    read: async (into, signal) => {
      signal.throwIfAborted();
      const { bytesRead: count } = await readDescriptor(descriptor, into, 0, into.length, null).catch(
        (error: unknown) => {
          throw failure(error);
        },
      );
      signal.throwIfAborted();
      bytesRead += count;
      return count;
    },
    close: async () => {},
    get bytesRead() {
      return bytesRead;
    },
  };
}
