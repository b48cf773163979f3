// A small file, read when it is opened and closed at once. A load of many files would else spend its time waiting for a
// dozen calls each; at this size doing them at once costs less than handing them to another thread.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../core/errors.js';
import type { RawSource } from './raw-source.js';

/** Up to so many bytes a file is small. */
export const smallBytes = 16 * 1024;

/** Reads a regular file. Throws InputError when it is not the `size` it had before, or the system's error. */
export function smallFile(path: string, name: string, size: number): RawSource {
  const bytes = contentOf(path, size);
  if (bytes === null)
    throw new InputError(
      `reading ${name}: expected it to stay as it was when opened (${size} bytes), got a file that changed while it was read; load it again when it is complete`,
    );
  let at = 0;
  return {
    file: { size, bytes: (from, to) => Promise.resolve(bytes.subarray(from, to)) },
    read(into, signal) {
      signal.throwIfAborted();
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
    seek(to) {
      at = to;
    },
    close: () => Promise.resolve(),
    get bytesRead() {
      return at;
    },
  };
}

/** Null when it changed. */
function contentOf(path: string, size: number): Uint8Array | null {
  const descriptor = openSync(path, 'r');
  try {
    const before = fstatSync(descriptor, { bigint: true });
    const bytes = new Uint8Array(size);
    const length = readSync(descriptor, bytes, 0, size, 0);
    const after = fstatSync(descriptor, { bigint: true });
    const same = length === size && Number(before.size) >= size && after.mtimeNs === before.mtimeNs;
    return same ? bytes : null;
  } finally {
    closeSync(descriptor);
  }
}
