// Request bodies as they go over the wire. Only finished compression is ever sent: CnosDB answers 200 to a truncated
// zstd body and stores what decodes.

import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { UsageError } from '../errors.js';
import type { EncodedBody } from '../model.js';

export type Compression = 'auto' | 'none' | 'gzip' | 'zstd';
export type Encode = (body: Uint8Array) => Promise<EncodedBody>;

// Level 1 and 256 KiB chunks: on 1 MiB bodies of IoT points (test/bench/generate.js), one thread, Node 20.20 (2026-11-23,
// medians of 4) level 1 made 231 MB/s at 1:7.7, level 2 209 at 1:8.1, level 3 174 at 1:8.7; other window sizes and memLevel
// 9 were no faster, Z_RLE and Z_HUFFMAN_ONLY at most 106 at 1:1.6. The loader's time is worth more than the last 5 % of
// size. The result is one chunk.
const gzipOptions: zlib.ZlibOptions = { level: 1, memLevel: 8, chunkSize: 256 * 1024 };

interface ZstdOptions {
  readonly chunkSize: number;
  readonly params: Record<number, number>;
}
type ZstdCompress = (
  body: Uint8Array,
  options: ZstdOptions,
  done: (error: Error | null, bytes: Uint8Array) => void,
) => void;

/** From Node 22.15 on. ZSTD_c_compressionLevel is 100 (zstd.h). */
const zstdCompress = (zlib as { zstdCompress?: ZstdCompress }).zstdCompress;
const zstdOptions: ZstdOptions = { chunkSize: 256 * 1024, params: { 100: 1 } };

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Uint8Array>(zlib.gzip);

const asIs: Encode = (bytes) => Promise.resolve({ bytes, encoding: null });

const withGzip: Encode = async (body) => ({ bytes: await gzip(body, gzipOptions), encoding: 'gzip' });

function withZstd(compress: ZstdCompress): Encode {
  const zstd = promisify<Uint8Array, ZstdOptions, Uint8Array>(compress);
  return async (body) => ({ bytes: await zstd(body, zstdOptions), encoding: 'zstd' });
}

/** Whether an origin is this machine: then compression costs more than it saves. */
export function isLoopback(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** `auto`: none when every origin is loopback, else zstd where this Node has it, else gzip. Throws UsageError. */
export function encoder(compression: Compression, origins: readonly string[]): Encode {
  const wanted = compression === 'auto' && origins.every(isLoopback) ? 'none' : compression;
  if (wanted === 'none') return asIs;
  if (wanted !== 'gzip' && zstdCompress !== undefined) return withZstd(zstdCompress);
  if (wanted !== 'zstd') return withGzip;
  throw new UsageError([
    `--compression zstd: expected a Node with zstd (22.15 or later) — got ${process.version} — use --compression gzip or auto`,
  ]);
}
