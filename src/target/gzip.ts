// Compressors that are used again: a fresh one for each body takes and frees 256 KiB of state, and as much for its output,
// on whichever thread comes first, and the allocator keeps it. One compressor per body in flight.

import { constants, createGzip, type Gzip, type ZlibReset } from 'node:zlib';
import type { EncodedBody } from '../model.js';

// Level 1 and 256 KiB chunks: on 1 MiB bodies of IoT points (test/bench/generate.js), one thread, Node 20.20 (2026-11-23,
// medians of 4) level 1 made 231 MB/s at 1:7.7, level 2 209 at 1:8.1, level 3 174 at 1:8.7; other window sizes and memLevel
// 9 were no faster, Z_RLE and Z_HUFFMAN_ONLY at most 106 at 1:1.6. The loader's time is worth more than the last 5 % of
// size. The result is mostly one chunk.
const options = { level: 1, memLevel: 8, chunkSize: 256 * 1024 };

/** Each body is one whole member; its bytes are valid until it is released. */
export function gzipPool(): (body: Uint8Array) => Promise<EncodedBody> {
  const idle: Compressor[] = [];
  return async (body) => {
    const compressor = idle.pop() ?? new Compressor();
    const bytes = await compressor.compress(body);
    return { bytes, encoding: 'gzip', release: () => void idle.push(compressor) };
  };
}

class Compressor {
  readonly #gzip = createGzip(options) as Gzip & ZlibReset;
  #chunks: Buffer[] = [];
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.#gzip.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#gzip.on('error', (error) => this.#fail(error));
  }

  async compress(body: Uint8Array): Promise<Uint8Array> {
    this.#chunks = [];
    this.#gzip.reset();
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#gzip.write(body);
      this.#gzip.flush(constants.Z_FINISH, resolve);
    });
    const [only, ...more] = this.#chunks;
    return only !== undefined && more.length === 0 ? only : Buffer.concat(this.#chunks);
  }
}
