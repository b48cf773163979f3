import { createHash } from 'node:crypto';
import type { FileBytes } from '../core/types/index.js';

const blockBytes = 16 * 1024;

/** Returns a hash of size, first and last block, which is equal on all machines. Dates differ between copies. */
export async function contentHash(file: FileBytes): Promise<string> {
  const hash = createHash('sha256').update(`${file.size} `);
  hash.update(await file.bytes(0, Math.min(blockBytes, file.size)));
  hash.update(await file.bytes(Math.max(0, file.size - blockBytes), file.size));
  return hash.digest('hex').slice(0, 32);
}
