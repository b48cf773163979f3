// Moves a source to the offset at which an earlier load stopped: by seek, or by decoding the earlier bytes and dropping
// them.

import { InputError } from '../core/errors.js';
import { count } from '../core/text.js';
import type { ByteSource } from '../core/types/index.js';
import { inputLabel } from './local/raw-source.js';

const bufferBytes = 256 * 1024;

/**
 * Skips the first `bytes` decoded bytes. Must be called before the first read. Throws the signal's reason. Throws
 * InputError if the input has fewer bytes or cannot be decoded.
 */
export async function skipBytes(source: ByteSource, bytes: number, name: string, signal: AbortSignal): Promise<void> {
  if (bytes === 0) return;
  if (source.seek !== undefined) {
    source.seek(bytes);
    return;
  }
  const into = new Uint8Array(Math.min(bytes, bufferBytes));
  for (let left = bytes; left > 0; ) {
    const read = await source.read(into.subarray(0, Math.min(left, into.length)), signal);
    if (read === 0)
      throw new InputError({
        tried: `reading ${inputLabel(name)}`,
        expected: `at least the ${count(bytes)} decoded bytes that an earlier run loaded`,
        found: count(bytes - left),
        fix: 'fetch or create the file again, or load it from its start with --fresh',
      });
    left -= read;
  }
}
