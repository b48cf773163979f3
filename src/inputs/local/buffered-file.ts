// Reads a small file completely when it is opened, and closes it at once. Otherwise a load of many small files would
// spend its time on a dozen asynchronous calls for each file.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { InputError } from '../../core/errors.js';
import { countUsedBuffer } from '../../core/v8.js';
import { changedInput } from '../changed-input.js';
import type { RawSource } from './raw-source.js';

/**
 * Largest file that is read completely when it is opened, bytes. A load opens each file four times. For a file of
 * 1,000 points (238,000 bytes), complete reads save 60 asynchronous calls.
 */
export const smallFileBytes = 256 * 1024;

/**
 * Reads a regular file completely. Throws InputError if the file is smaller than `size` or changes during the read.
 * Throws the system's error if the file cannot be read.
 */
export function smallFile(path: string, name: string, size: number): RawSource {
  const { bytes, version } = contentOf(path, name, size);
  // Counts the buffer, which is garbage after the load of this file. In a load of many small files, V8 would otherwise
  // collect such buffers too late.
  countUsedBuffer(size);
  let at = 0;
  return {
    compression: 'none',
    file: { size, version, bytes: (from, to) => Promise.resolve(bytes.subarray(from, to)) },
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

function contentOf(path: string, name: string, size: number): { bytes: Uint8Array; version: string } {
  const descriptor = openSync(path, 'r');
  try {
    const before = fstatSync(descriptor, { bigint: true });
    const bytes = new Uint8Array(size);
    const length = readSync(descriptor, bytes, 0, size, 0);
    const after = fstatSync(descriptor, { bigint: true });
    if (length < size || Number(before.size) < size || after.mtimeNs !== before.mtimeNs)
      throw changedFile(name, size, Number(after.size));
    return { bytes, version: String(after.mtimeNs) };
  } finally {
    closeSync(descriptor);
  }
}

/** Builds the error for a file that another process wrote to while it was read. */
export function changedFile(name: string, opened: number, now: number): InputError {
  const expected = `an input that does not change during the load (${opened} bytes)`;
  return changedInput(name, expected, `a file that changed while it was read (${now} bytes)`);
}
