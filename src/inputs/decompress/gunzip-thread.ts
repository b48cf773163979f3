// Decodes a large gzip file on its own thread. The thread reads the file by its descriptor, decodes it, and computes
// the checksums. If the memory of the reader is shared, the thread writes decoded bytes into this memory. Otherwise,
// the main thread copies them. Without the thread, zlib would decode the next bytes only after the main thread has
// handled the previous result. But the main thread is often busy for milliseconds, because it builds batches.

import type { Worker } from 'node:worker_threads';
import { type BugError, InputError } from '../../core/errors.js';
import { copyBytes } from '../../core/io/byte-source.js';
import type { PrefixState } from '../../core/io/prefix-checksum.js';
import type { Problem } from '../../core/problem.js';
import { startThread } from '../../core/thread.js';
import type { ByteSource, FileBytes } from '../../core/types/index.js';
import type { SharedFile } from '../local/file.js';
import type { RawSource } from '../local/raw-source.js';

/**
 * Largest number of bytes that one read returns if the memory of the reader is not shared: the output of one zlib call.
 */
export const chunkBytes = 512 * 1024;
/**
 * Smallest file that a thread decodes, bytes. Starting a thread takes 30 ms of CPU time. This is not worthwhile for a
 * smaller file, because decoding such a file takes less than 500 ms.
 */
const minFileBytes = 32 * 1024 * 1024;

/** Data that the thread receives at its start. */
export interface GunzipTask {
  readonly file: SharedFile;
  readonly name: string;
}

/** Asks for the next decoded bytes. The thread writes up to `length` bytes into `memory`, from offset `at` on. */
export interface GunzipRequest {
  readonly memory: SharedArrayBuffer;
  readonly at: number;
  readonly length: number;
}

/**
 * Number of bytes that the thread wrote, or the problem that prevents further bytes. The thread writes fewer bytes than
 * requested only if the input ends or fails. After the end of the input, it writes 0 bytes.
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
  /** Shared memory into which the thread writes if the memory of the reader is not shared. */
  readonly #chunk = new Uint8Array(new SharedArrayBuffer(chunkBytes));
  /** True while the thread handles a request. */
  #isBusy = false;
  #response: GunzipResponse | null = null;
  /**
   * Response at the end of the input, or with its problem. All later reads get the same response; null before the end.
   */
  #last: GunzipResponse | null = null;
  #failure: BugError | null = null;
  #closed = false;
  /** Ends the wait in `#change`. */
  #wake: () => void = () => {};

  /**
   * Takes over `raw`.
   * @param file the file of `raw`
   */
  constructor(raw: RawSource, file: FileBytes & SharedFile, name: string) {
    this.#raw = raw;
    this.file = file;
    const { descriptor, size, version } = file;
    const task: GunzipTask = { file: { descriptor, size, version }, name };
    this.#thread = startThread<GunzipResponse>({
      file: 'gunzip-main.cjs',
      title: 'the thread that decodes gzip',
      workerData: task,
      receive: (response) => {
        this.#response = response;
        this.#wake();
      },
      fail: (error) => {
        this.#failure ??= error;
        this.#wake();
      },
    });
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    // If an earlier read was aborted, waits for its response. The bytes of this response are lost.
    if (this.#isBusy) await this.#next(signal);
    const target = isShared(into) ? into : this.#chunk.subarray(0, into.length);
    const response = this.#last ?? (await this.#decode(target, signal));
    if ('problem' in response) throw new InputError(response.problem);
    const { length, bytesRead, checksum } = response;
    this.bytesRead = bytesRead;
    if (checksum !== null) this.file.checksum?.start(checksum);
    if (target !== into) copyBytes(target, 0, length, into, 0);
    return length;
  }

  /** Lets the thread decode the next bytes into shared memory. */
  async #decode(
    { buffer: memory, byteOffset: at, length }: Uint8Array<SharedArrayBuffer>,
    signal: AbortSignal,
  ): Promise<GunzipResponse> {
    this.#isBusy = true;
    const request: GunzipRequest = { memory, at, length };
    this.#thread.postMessage(request);
    return await this.#next(signal);
  }

  /** Waits for the response from the thread. */
  async #next(signal: AbortSignal): Promise<GunzipResponse> {
    while (this.#response === null) {
      if (this.#closed || this.#failure !== null) throw this.#failure ?? new Error('the source is closed');
      await this.#change(signal);
      signal.throwIfAborted();
    }
    const response = this.#response;
    this.#response = null;
    this.#isBusy = false;
    if ('problem' in response || response.length === 0) this.#last = response;
    return response;
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

function isShared(bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}
