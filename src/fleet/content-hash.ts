import { createHash } from 'node:crypto';
import type { ByteSource } from '../core/types/index.js';

const blockBytes = 16 * 1024;

/**
 * Returns a hash that is equal on all machines: of size, first and last block, because dates of copies differ. For an object
 * without a size, it is the hash of its version. Returns null if both are unknown.
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
