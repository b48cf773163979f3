// Reuses compressors and their output memory. A new compressor allocates 256 KiB of state and 256 KiB for output, on
// any thread, and the allocator does not return that memory to the system. A new zstd context also reports a large
// external size to V8. V8 then collected garbage ten times a second, which took a fifth of all CPU time. A compressor
// is reused once its body is finished. So there are as many compressors as bodies were ever compressed at the same
// time.

import * as zlib from 'node:zlib';
import type { EncodedBody } from '../../../core/types/index.js';
import type { DeflateThreads } from './deflate-thread.js';

/** The members of a zlib stream that this module uses. */
interface CompressionStream {
  on(event: 'data', listener: (chunk: Buffer) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  write(body: Uint8Array, done: (error?: Error | null) => void): void;
  reset(): void;
  /** Private property of Node's zlib streams: offset of free space in the current output chunk (Node 20 to 26). */
  _outOffset?: number;
}

interface ZstdOptions {
  readonly chunkSize: number;
  readonly flush: number;
  readonly params: Record<number, number>;
}

/** Creates a zstd stream; undefined before Node 22.15. */
const { createZstdCompress } = zlib as { createZstdCompress?: (options: ZstdOptions) => unknown };

/** Size of an output buffer, bytes. A body of 1 MiB is nearly always smaller than this after compression. */
const outputBytes = 256 * 1024;

// Level 1 and chunks of 256 KiB, measured on 1 MiB bodies of IoT points (test/bench/generate.js), one thread, Node
// 20.20, medians of 4 (2026-11-23). Level 1: 231 MB/s, ratio 1:7.7. Level 2: 209 MB/s, 1:8.1. Level 3: 174 MB/s, 1:8.7.
// Other window sizes and memLevel 9 were no faster. Z_RLE and Z_HUFFMAN_ONLY: at most 106 MB/s, 1:1.6. CPU time is
// worth more than the 5 % of size that level 2 saves. The threads that compress large loads (deflate-thread.ts) are 2.6
// times as fast as this, and their output is 0.94 times as long. With Z_FINISH, each write makes one complete member,
// in one call on a thread of Node's pool.
const gzipOptions = { level: 1, memLevel: 8, chunkSize: outputBytes, flush: zlib.constants.Z_FINISH };

// The numbers are ZSTD_e_end (2), ZSTD_c_compressionLevel (100) and ZSTD_c_windowLog (101) of zstd.h. Measured on the
// bodies of `gzipOptions`, Node 24, CPU time, medians of 7 (2026-11-26). Level 1 with its default window: 378 MB/s,
// ratio 1:9.6. Level 1 with a window of 128 KiB, which fits the CPU caches beside the hash table: 453 MB/s, 1:9.7.
// Level 2: 407 MB/s, 1:9.6. Level 3: 325 MB/s, 1:9.3. Level -1 was slower. Level -3 was a fifth faster at 1:5.9.
// Smaller hash tables were no faster.
const zstdOptions = { chunkSize: outputBytes, flush: 2, params: { 100: 1, 101: 17 } };

export type Encode = (body: Uint8Array) => Promise<EncodedBody>;

/**
 * Returns a function that compresses a body to one gzip member. The returned bytes are valid until `release` is called.
 */
export function gzipPool(threads: DeflateThreads): Encode {
  const create = (): Compressor => new Compressor(zlib.createGzip(gzipOptions) as unknown as CompressionStream, true);
  return pool('gzip', create, threads);
}

/** Returns a function that compresses each body to one zstd frame, like `gzipPool`; null if this Node has no zstd. */
export function zstdPool(): Encode | null {
  const create = createZstdCompress;
  // A zstd compressor needs no reset (`false`): it can begin a new frame once the previous frame is finished.
  return create === undefined
    ? null
    : pool('zstd', () => new Compressor(create(zstdOptions) as CompressionStream, false));
}

/**
 * Creates an encoder.
 * @param threads threads that compress bodies; if no thread is free, a compressor of Node's zlib compresses the body
 */
function pool(encoding: 'gzip' | 'zstd', create: () => Compressor, threads?: DeflateThreads): Encode {
  const idle: Compressor[] = [];
  const outputs: Buffer[] = [];
  return async (body) => {
    const output = outputs.pop() ?? Buffer.allocUnsafeSlow(outputBytes);
    const thread = threads?.take(body.length) ?? null;
    const compressor = thread ?? idle.pop() ?? create();
    const bytes = await compressor.compress(body, output);
    if (thread !== null) threads?.give(thread);
    else idle.push(compressor as Compressor);
    return { bytes, encoding, release: () => void outputs.push(output) };
  };
}

class Compressor {
  readonly #stream: CompressionStream;
  readonly #resets: boolean;
  #chunks: Buffer[] = [];
  #fail: (error: Error) => void = () => {};

  constructor(stream: CompressionStream, resets: boolean) {
    this.#stream = stream;
    this.#resets = resets;
    stream.on('data', (chunk) => this.#chunks.push(chunk));
    stream.on('error', (error) => this.#fail(error));
  }

  /** Compresses a body into the start of `output`, or into new memory if `output` is too small. */
  async compress(body: Uint8Array, output: Buffer): Promise<Uint8Array> {
    this.#chunks = [];
    if (this.#resets) this.#stream.reset();
    // Sets the offset to the start of the chunk. Otherwise the output of each body would begin after the output of the
    // previous body and end in a new chunk. Dozens of chunks would accumulate until the next garbage collection.
    if (this.#stream._outOffset !== undefined) this.#stream._outOffset = 0;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(body, (error) => (error ? reject(error) : resolve()));
    });
    const bytes = this.#chunks.reduce((sum, { length }) => sum + length, 0);
    if (bytes > output.length) return Buffer.concat(this.#chunks);
    let at = 0;
    for (const chunk of this.#chunks) at += chunk.copy(output, at);
    return output.subarray(0, bytes);
  }
}
