// Assembles rejected points that are too long for memory. Their parts are in several batches, which settle in any
// order. A temporary file collects the parts until the point is complete. So other rejects are not written between the
// parts.

import { constants } from 'node:fs';
import { type FileHandle, rm } from 'node:fs/promises';
import { TooManyRejectsError } from '../../core/errors.js';
import { size } from '../../core/text.js';
import type { BatchReject } from '../../core/types/index.js';
import { openStateFile } from '../state-dir.js';

/** A rejected point, or one part of a rejected point. */
export interface LongLetterPart {
  readonly bytes: Uint8Array;
  readonly line: number;
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly endpoint: string | null;
  readonly part: BatchReject['part'];
}

const copyBytes = 256 * 1024;

interface PartCollection {
  readonly file: FileHandle;
  /**
   * For each part: its offset in the input (`byteOffset`), its offset in the temporary file (`at`), and its length,
   * bytes.
   */
  readonly pieces: { readonly byteOffset: number; readonly at: number; readonly length: number }[];
  bytes: number;
  first: LongLetterPart | null;
  /** End offset of the point in the decoded input; null until the last part of the point arrives. */
  end: number | null;
}

/** A long point whose parts are complete. */
export interface LongLetter {
  /** First part, with position, reason and message of the point. */
  readonly first: LongLetterPart;
  readonly bytes: number;
  /**
   * Calls `write` with the bytes of the point, in order and block by block. Reuses the buffer after each call. Closes
   * the temporary file at the end.
   */
  copy(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

export class LongLetterParts {
  readonly #path: string;
  readonly #open = new Map<string, PartCollection>();
  #files = 0;

  /** @param path prefix of the temporary files */
  constructor(path: string) {
    this.#path = path;
  }

  /** Total bytes of the points that are not complete yet. */
  get bytes(): number {
    return [...this.#open.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Adds one part. Returns the whole point once its last missing part arrives; null before. */
  async add(input: string, letter: LongLetterPart): Promise<LongLetter | null> {
    const key = `${letter.line} ${input}`;
    const long = this.#open.get(key) ?? (await this.#begin(key));
    const { byteOffset, bytes } = letter;
    for (let at = 0; at < bytes.length; )
      at += (await long.file.write(bytes, at, bytes.length - at, long.bytes + at)).bytesWritten;
    long.pieces.push({ byteOffset, at: long.bytes, length: bytes.length });
    long.bytes += bytes.length;
    if (letter.part === 'first') long.first = { ...letter, bytes: new Uint8Array(0) };
    if (letter.part === 'last') long.end = byteOffset + bytes.length;
    const { first, end } = long;
    if (first === null || end === null || first.byteOffset + long.bytes !== end) return null;
    this.#open.delete(key);
    return { first, bytes: long.bytes, copy: (write) => copyOut(long, write) };
  }

  /**
   * Closes the files of incomplete points. These points are not settled, so a resumed load reads these points again.
   */
  async close(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close();
    this.#open.clear();
  }

  async #begin(key: string): Promise<PartCollection> {
    this.#files += 1;
    const path = `${this.#path}-${this.#files}`;
    await rm(path, { force: true });
    const file = await openStateFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    // Removes the file's name while the file is open. So the operating system deletes the file, whatever ends the
    // process.
    await rm(path, { force: true });
    const long: PartCollection = { file, pieces: [], bytes: 0, first: null, end: null };
    this.#open.set(key, long);
    return long;
  }
}

async function copyOut({ file, pieces }: PartCollection, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = new Uint8Array(copyBytes);
  try {
    for (const { at, length } of pieces.sort((a, b) => a.byteOffset - b.byteOffset)) {
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(copyBytes, length - done), at + done);
        if (bytesRead === 0) throw new Error('a part of a long point is missing');
        await write(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * Returns an error if the points of a batch would exceed --max-reject-bytes. Counts only the points of the batch, not
 * the reasons for their rejection, which are written later.
 * @param files size of each file so far, bytes
 * @param parts total bytes of the points that have not arrived completely
 */
export function tooManyBytes(
  files: readonly number[],
  parts: number,
  letters: readonly LongLetterPart[],
  maxBytes: number,
): TooManyRejectsError | null {
  const before = files.reduce((sum, bytes) => sum + bytes, parts);
  if (letters.reduce((sum, { bytes }) => sum + bytes.length + 1, before) <= maxBytes) return null;
  return new TooManyRejectsError({
    tried: 'writing dead letters',
    expected: `at most ${size(maxBytes)} of dead letters on disk (--max-reject-bytes)`,
    found: `${size(before)} on disk; the next dead letters would exceed the limit`,
    fix: 'look at the dead letters, fix the input, or raise --max-reject-bytes',
  });
}
