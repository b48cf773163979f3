// Distributes points over files, so that each file fits into memory. The hash of table, tags and time chooses the file.
// `write` copies or writes the point before it returns, so the caller may then reuse the memory of the point.

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../../core/errors.js';
import type { AuditPoint } from '../points/audit-points.js';
import { HASH_WORDS } from '../points/hash-128.js';

const bufferBytes = 16 * 1024;

interface PointFile {
  readonly path: string;
  descriptor: number | null;
  /** Number of valid bytes at the start of the file. The next write overwrites all later bytes. */
  length: number;
  /** Value of `length` at the last commit. */
  committed: number;
  readonly buffer: Buffer;
  buffered: number;
}

/**
 * Files with the points of the inputs, or with the points of the target. All lines with the same table, tags and time
 * are in one file, in the order of writing.
 */
export class PointFiles {
  readonly #files: readonly PointFile[];

  /** Does not create files. The first write to a file creates the file. */
  constructor(folder: string, side: string, count: number) {
    this.#files = Array.from({ length: count }, (_, i) => ({
      path: join(folder, `${side}-${i}.points`),
      descriptor: null,
      length: 0,
      committed: 0,
      buffer: Buffer.allocUnsafe(bufferBytes),
      buffered: 0,
    }));
  }

  /** Adds a point to its file. Throws StateError when the disk is full. */
  write({ bytes, start, end, reader }: AuditPoint): void {
    const file = this.#files[(reader.identity[HASH_WORDS - 1]! >>> 0) % this.#files.length]!;
    const length = end - start;
    if (file.buffered + length > bufferBytes) flush(file);
    const point = bytes.subarray(start, end);
    if (length > bufferBytes) append(file, point);
    else {
      file.buffer.set(point, file.buffered);
      file.buffered += length;
    }
  }

  /** Makes all points written so far permanent: `rollback` drops only later points. */
  commit(): void {
    for (const file of this.#files) {
      flush(file);
      file.committed = file.length;
    }
  }

  /** Drops all points written since the last commit. */
  rollback(): void {
    for (const file of this.#files) {
      file.length = file.committed;
      file.buffered = 0;
    }
  }

  read(i: number): Buffer {
    const { descriptor, committed } = this.#files[i]!;
    const bytes = Buffer.allocUnsafe(committed);
    for (let at = 0; at < committed; ) at += readSync(descriptor!, bytes, at, committed - at, at);
    return bytes;
  }

  /** Closes and removes all files. */
  close(): void {
    for (const file of this.#files) {
      if (file.descriptor !== null) closeSync(file.descriptor);
      rmSync(file.path, { force: true });
    }
  }
}

function flush(file: PointFile): void {
  if (file.buffered > 0) append(file, file.buffer.subarray(0, file.buffered));
  file.buffered = 0;
}

function append(file: PointFile, bytes: Uint8Array): void {
  try {
    file.descriptor ??= openSync(file.path, 'w+', 0o600);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(file.descriptor, bytes, at, bytes.length - at, file.length + at);
    }
    file.length += bytes.length;
  } catch (cause) {
    throw diskError(file.path, cause);
  }
}

export function diskError(path: string, cause: unknown): StateError {
  const found = cause instanceof Error ? cause.message : String(cause);
  const fix = 'free some space, or name another directory with --state-dir';
  return new StateError({ tried: 'comparing points', expected: `to write ${path}`, found, fix }, { cause });
}
