// Points too long to be held come in parts, and their batches are settled in any order. The parts gather in a file of
// their own until all are there, so that other rejects never land in their middle and memory stays small.

import { type FileHandle, open, rm } from 'node:fs/promises';
import type { BatchReject } from '../../core/types/index.js';

/** One rejected point, or a part of one, as the dead letters take it. */
export interface LongLetterPart {
  readonly bytes: Uint8Array;
  readonly line: number;
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly endpoint: string | null;
  readonly part: BatchReject['part'];
}

/** Of a point in parts only the last is counted. */
export function isCounted({ part }: Pick<LongLetterPart, 'part'>): boolean {
  return part === 'whole' || part === 'last';
}

const copyBytes = 256 * 1024;

interface Gathering {
  readonly file: FileHandle;
  /** Where each part lies in the input and in the file. */
  readonly pieces: { readonly byteOffset: number; readonly at: number; readonly length: number }[];
  bytes: number;
  first: LongLetterPart | null;
  /** Decoded offset just past the point; null until its last part is there. */
  end: number | null;
}

/** A long point that is there as a whole. */
export interface LongLetter {
  /** Its first part: place, reason and message of the point. */
  readonly first: LongLetterPart;
  readonly bytes: number;
  /** Hands on its bytes from first to last, in a buffer that is used again, then lets go of them. */
  copy(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

export class LongLetterParts {
  readonly #path: string;
  readonly #open = new Map<string, Gathering>();
  #files = 0;

  /** @param path what the files' names begin with */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes one part; the whole point once its last missing part has come. */
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

  /** Drops points whose end never came: they were not counted as read. */
  async close(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close();
    this.#open.clear();
  }

  async #begin(key: string): Promise<Gathering> {
    this.#files += 1;
    const path = `${this.#path}-${this.#files}`;
    const file = await open(path, 'w+', 0o600);
    // Nameless from here on: nothing is left behind, however the run ends.
    await rm(path, { force: true });
    const long: Gathering = { file, pieces: [], bytes: 0, first: null, end: null };
    this.#open.set(key, long);
    return long;
  }
}

async function copyOut({ file, pieces }: Gathering, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = new Uint8Array(copyBytes);
  try {
    for (const { at, length } of pieces.sort((a, b) => a.byteOffset - b.byteOffset)) {
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(copyBytes, length - done), at + done);
        if (bytesRead === 0) throw new Error('a part of a long point is gone');
        await write(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
    }
  } finally {
    await file.close();
  }
}
