import { createHash } from 'node:crypto';
import type { ByteSource } from '../core/types/index.js';

const blockBytes = 16 * 1024;

/**
 * Returns a hash of the input's content that is equal on all machines. For a file, hashes the size, the first 16 KiB
 * and the last 16 KiB. Does not hash the modification time, because it differs between copies of a file. For a remote
 * object without a known size, hashes its version (ETag or Last-Modified). Returns null if both size and version are
 * unknown.
 */
export async function contentHash({
  file,
  version = null,
}: Pick<ByteSource, 'file' | 'version'>): Promise<string | null> {
  if (file === undefined && version === null) return null;
  const hash = createHash('sha256').update(file === undefined ? version! : `${file.size} `);
  if (file !== undefined) {
    hash.update(await file.bytes(0, Math.min(blockBytes, file.size)));
    hash.update(await file.bytes(Math.max(0, file.size - blockBytes), file.size));
  }
  return hash.digest('hex').slice(0, 32);
}
