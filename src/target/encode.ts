// Request bodies as they go over the wire. Only finished compression is ever sent: CnosDB answers 200 to a truncated
// zstd body and stores what decodes.

import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import pLimit from 'p-limit';
import { UsageError } from '../errors.js';
import type { EncodedBody } from '../model.js';
import { gzipPool } from './gzip.js';

export type Compression = 'auto' | 'none' | 'gzip' | 'zstd';
export type Encode = (body: Uint8Array) => Promise<EncodedBody>;

interface ZstdOptions {
  readonly chunkSize: number;
  readonly params: Record<number, number>;
}
type ZstdCompress = (
  body: Uint8Array,
  options: ZstdOptions,
  done: (error: Error | null, bytes: Uint8Array) => void,
) => void;

/** From Node 22.15 on. */
const zstdCompress = (zlib as { zstdCompress?: ZstdCompress }).zstdCompress;
// ZSTD_c_compressionLevel is 100, ZSTD_c_windowLog 101 (zstd.h). On 1 MiB bodies of IoT points (test/bench/generate.js), Node
// 24, CPU time, medians of 7 (2026-11-26): level 1 with the window it would choose makes 378 MB/s at 1:9.6, with one of
// 128 KiB, which stays in the caches beside the hash table, 453 at 1:9.7; level 2 407 at 1:9.6, level 3 325 at 1:9.3.
const zstdOptions: ZstdOptions = { chunkSize: 256 * 1024, params: { 100: 1, 101: 17 } };

const asIs: Encode = (bytes) => Promise.resolve({ bytes, encoding: null });

function withZstd(compress: ZstdCompress): Encode {
  const zstd = promisify<Uint8Array, ZstdOptions, Uint8Array>(compress);
  return async (body) => ({ bytes: await zstd(body, zstdOptions), encoding: 'zstd' });
}

/** Whether an origin is this machine: then compression costs more than it saves. */
export function isLoopback(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** Whether bodies are compressed at all. */
export function compresses(compression: Compression, origins: readonly string[]): boolean {
  return compression !== 'none' && !(compression === 'auto' && origins.every(isLoopback));
}

/**
 * As many at once as there are processors: more would only push one another out of the caches, and hold up the reads of
 * inputs, which are done by the same threads.
 */
function inTurns(encode: Encode): Encode {
  const gate = pLimit(availableParallelism());
  return (body) => gate(encode, body);
}

/**
 * `auto`: none when every origin is loopback, else zstd where this Node has it, else gzip. Throws UsageError.
 * @param takesZstd whether the target does
 */
export function encoder(compression: Compression, origins: readonly string[], takesZstd = true): Encode {
  if (!compresses(compression, origins)) return asIs;
  if (compression !== 'gzip' && zstdCompress !== undefined && takesZstd) return inTurns(withZstd(zstdCompress));
  if (compression !== 'zstd') return inTurns(gzipPool());
  throw new UsageError([
    `--compression zstd: expected a Node with zstd (22.15 or later) — got ${process.version} — use --compression gzip or auto`,
  ]);
}
