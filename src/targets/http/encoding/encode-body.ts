// Compresses request bodies. A body is sent only after its compression has finished. If a zstd body were cut off,
// CnosDB would store the part that it can decode, and still respond with 200.

import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { UsageError } from '../../../core/errors.js';
import { type Encode, gzipPool, zstdPool } from './compressors.js';
import { DeflateThreads } from './deflate-thread.js';

export type Compression = 'auto' | 'none' | 'gzip' | 'zstd';
export type { Encode };

const identity: Encode = (bytes) => Promise.resolve({ bytes, encoding: null });

/** Tests whether an origin is this machine. For such an origin, compression costs more time than it saves. */
export function isLoopback(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function compresses(compression: Compression, origins: readonly string[]): boolean {
  return compression !== 'none' && !(compression === 'auto' && origins.every(isLoopback));
}

/**
 * Compresses at most one body for each CPU core at a time. More bodies would evict each other from the CPU caches. They
 * would also delay reads of inputs, which use the same threads of Node.
 */
function onePerCore(encode: Encode): Encode {
  const gate = pLimit(availableParallelism());
  return (body) => gate(encode, body);
}

/**
 * Returns the encoder for a setting. `auto` means: no compression if every origin is loopback; otherwise zstd if this
 * Node and the target support it; otherwise gzip. Throws UsageError if the setting is zstd and this Node lacks it.
 * @param threads threads that compress large loads with gzip
 */
export function encoder(
  compression: Compression,
  origins: readonly string[],
  takesZstd = true,
  threads = new DeflateThreads(0),
): Encode {
  if (!compresses(compression, origins)) return identity;
  const zstd = compression !== 'gzip' && takesZstd ? zstdPool() : null;
  if (zstd !== null) return onePerCore(zstd);
  if (compression !== 'zstd') return onePerCore(gzipPool(threads));
  throw new UsageError([
    {
      tried: 'compressing with --compression zstd',
      expected: 'Node 22.15 or later, which has zstd',
      found: `Node ${process.versions.node}`,
      fix: 'use --compression gzip or auto',
    },
  ]);
}
