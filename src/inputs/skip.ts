// Going on where an earlier run stopped: a plain file is read from there, a compressed one decoded up to there.

import { InputError } from '../core/errors.js';
import type { ByteSource } from '../core/types/index.js';
import { inputLabel } from './decompress/sniff.js';

const dropBytes = 256 * 1024;

/**
 * Passes over the first `bytes` decoded bytes; before the first read only. Throws InputError when there are fewer, or
 * they cannot be decoded, and the signal's reason.
 */
export async function skipBytes(source: ByteSource, bytes: number, name: string, signal: AbortSignal): Promise<void> {
  if (bytes === 0) return;
  if (source.seek !== undefined) {
    source.seek(bytes);
    return;
  }
  const into = new Uint8Array(Math.min(bytes, dropBytes));
  for (let left = bytes; left > 0; ) {
    const read = await source.read(into.subarray(0, Math.min(left, into.length)), signal);
    if (read === 0) {
      throw new InputError(
        `reading ${inputLabel(name)}: expected at least the ${bytes} decoded bytes that were loaded before, got ${bytes - left}; ` +
          'fetch or make the file again, or load it from its start with --fresh',
      );
    }
    left -= read;
  }
}
