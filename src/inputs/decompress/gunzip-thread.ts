// Starts and reads the thread that decodes a large gzip file. The thread reads the file by its descriptor, decodes it
// into chunks of shared memory in turn, and computes the checksums. On the main thread, each call of zlib would wait
// until the previous result is handled. Building batches keeps the main thread busy for milliseconds at a time.

import type { Worker } from 'node:worker_threads';
import { type BugError, InputError } from '../../core/errors.js';
import { copyBytes } from '../../core/io/byte-source.js';
import type { PrefixState } from '../../core/io/prefix-checksum.js';
import type { Problem } from '../../core/problem.js';
import { startThread } from '../../core/thread.js';
import type { ByteSource, FileBytes } from '../../core/types/index.js';
import type { SharedFile } from '../local/file.js';
import type { RawSource } from '../local/raw-source.js';

/** Size of a chunk, bytes: the output of one call of zlib. */
export const chunkBytes = 512 * 1024;
/** Number of chunks that the thread decodes ahead. Six chunks suffice while the main thread is busy with other work. */
const chunks = 6;
/**
 * Smallest file that a thread decodes. Starting a thread takes 30 ms of CPU time. Decoding a smaller file takes less
 * than 500 ms.
 */
const minFileBytes = 32 * 1024 * 1024;

/** Data that the thread receives at its start. */
export interface GunzipTask {
  readonly file: SharedFile;
  readonly name: string;
  readonly memory: SharedArrayBuffer;
}

/**
 * The next chunk, or the problem that prevents decoding. `length` is the chunk's number of bytes; 0 at the end of the
 * input.
 */
export type GunzipResponse =
  | { readonly length: number; readonly bytesRead: number; readonly checksum: PrefixState | null }
  | { readonly problem: Problem };

/** Returns the file of a source; null unless the file is local and large enough for a thread. */
export function fileForThread({ file }: RawSource): (FileBytes & SharedFile) | null {
  const isLarge = file !== undefined && file.size >= minFileBytes;
  return isLarge && file.descriptor !== undefined && typeof file.version === 'string'
    ? (file as FileBytes & SharedFile)
    : null;
}

export class GunzipThread implements ByteSource {
  readonly compression = 'gzip';
  readonly file: FileBytes;
  bytesRead = 0;
  readonly #raw: RawSource;
  readonly #thread: Worker;
  readonly #bytes = new Uint8Array(new SharedArrayBuffer(chunks * chunkBytes));
  /** Responses with bytes that still have to be returned. */
  readonly #responses: GunzipResponse[] = [];
  /** Offset in `#bytes` of the chunk from which `read` copies. `#used` bytes of this chunk have been copied. */
  #at = 0;
  #used = 0;
  #failure: BugError | null = null;
  #closed = false;
  /** Ends the wait of `#change`. */
  #wake: () => void = () => {};

  /**
   * Takes over `raw`.
   * @param file the file of `raw`
   */
  constructor(raw: RawSource, file: FileBytes & SharedFile, name: string) {
    this.#raw = raw;
    this.file = file;
    const { descriptor, size, version } = file;
    const task: GunzipTask = { file: { descriptor, size, version }, name, memory: this.#bytes.buffer };
    this.#thread = startThread<GunzipResponse>({
      file: 'gunzip-main.cjs',
      title: 'the thread that decodes gzip',
      workerData: task,
      receive: (response) => {
        this.#responses.push(response);
        this.#wake();
      },
      fail: (error) => {
        this.#failure ??= error;
        this.#wake();
      },
    });
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const [response] = this.#responses;
      if (response !== undefined) return this.#take(response, into);
      if (this.#closed || this.#failure !== null) throw this.#failure ?? new Error('the source is closed');
      await this.#change(signal);
    }
  }

  #take(response: GunzipResponse, into: Uint8Array): number {
    if ('problem' in response) throw new InputError(response.problem);
    const { length, bytesRead, checksum } = response;
    this.bytesRead = bytesRead;
    if (checksum !== null) this.file.checksum?.start(checksum);
    const from = this.#at + this.#used;
    const count = Math.min(into.length, length - this.#used);
    copyBytes(this.#bytes, from, from + count, into, 0);
    this.#used += count;
    if (length > 0 && this.#used === length) {
      this.#responses.shift();
      this.#at = (this.#at + chunkBytes) % this.#bytes.length;
      this.#used = 0;
      this.#thread.postMessage(null);
    }
    return count;
  }

  /** Resolves at the next response, abort or failure. Keeps the process alive during the wait. */
  async #change(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop);
    this.#thread.ref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#thread.unref();
    signal.removeEventListener('abort', stop);
  }

  /** Ends the thread, then closes the file, which the thread may read until then. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.terminate();
    await this.#raw.close();
  }
}
