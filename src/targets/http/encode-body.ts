// Request bodies as they go over the wire. Only finished compression is ever sent: CnosDB answers 200 to a truncated
// zstd body and stores what decodes.

import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { UsageError } from '../../core/errors.js';
import { type Encode, gzipPool, zstdPool } from './compressors.js';

export type Compression = 'auto' | 'none' | 'gzip' | 'zstd';
export type { Encode };

const asIs: Encode = (bytes) => Promise.resolve({ bytes, encoding: null });

/** Whether an origin is this machine: then compression costs more than it saves. */
export function isLoopback(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** Whether bodies are compressed at all. */
function compresses(compression: Compression, origins: readonly string[]): boolean {
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
  const zstd = compression !== 'gzip' && takesZstd ? zstdPool() : null;
  if (zstd !== null) return inTurns(zstd);
  if (compression !== 'zstd') return inTurns(gzipPool());
  throw new UsageError([
    `--compression zstd: expected a Node with zstd (22.15 or later) — got ${process.version} — use --compression gzip or auto`,
  ]);
}
