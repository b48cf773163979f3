// Identifies a file across runs by its content, not by its inode or date. The first and the last block of the part that
// was read are always hashed. This takes the same time for a file of any size. A checksum of all bytes that were read
// detects changes between the two blocks. The checksum is compared if the date of the file changed, and always before
// an unfinished file resumes.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { countSchema as count } from '../core/io/position-schema.js';
import { PrefixChecksum } from '../core/io/prefix-checksum.js';
import type { FileBytes } from '../core/types/index.js';

export const fingerprintSchema = z.strictObject({
  /** Size of the file, bytes. */
  size: count,
  /** Hash of the first bytes, up to offset `to`. */
  head: z.strictObject({ to: count, hash: z.string() }),
  /**
   * Hash of the last block that was read. For a remote object, an earlier block that is still cached may take its
   * place.
   */
  tail: z.strictObject({ from: count, to: count, hash: z.string() }),
  /** Modification time, ETag or date of the file; absent in state files of earlier versions. */
  version: z.string().nullable().optional(),
  /** Checksum of the first `to` bytes; null if it was not computed. */
  content: z.strictObject({ to: count, crc: count }).nullable().optional(),
});

export type Fingerprint = z.infer<typeof fingerprintSchema>;

const blockBytes = 16 * 1024;
const checksumBytes = 1024 * 1024;

/**
 * Identifies a file.
 * @param readTo number of bytes at the start of the file that contain everything settled so far
 */
export async function fingerprint(file: FileBytes, readTo: number): Promise<Fingerprint> {
  const last = Math.min(readTo, file.size);
  const { from, to } = file.near?.(last) ?? { from: Math.max(0, last - blockBytes), to: last };
  const headEnd = Math.min(blockBytes, file.size);
  const head = await hashOf(file, 0, headEnd);
  const tail = from === 0 && to === headEnd ? head : await hashOf(file, from, to);
  return {
    size: file.size,
    head: { to: headEnd, hash: head },
    tail: { from, to, hash: tail },
    version: file.version ?? null,
    content: file.checksum?.state ?? null,
  };
}

export interface Comparison {
  /** `grown`: the file has the earlier content and more bytes after it. */
  readonly kind: 'same' | 'grown' | 'changed';
  /**
   * False if the file may have changed unnoticed between the two hashed blocks: the file's date changed, and no
   * checksum covers the whole part that was read.
   */
  readonly certain: boolean;
}

/**
 * Compares a file with an earlier fingerprint. If the date of the file changed, reads the file again as far as the
 * checksum reaches.
 * @param always true to read the file again even if its date is unchanged
 */
export async function compareFingerprint(file: FileBytes, known: Fingerprint, always = false): Promise<Comparison> {
  const { size, head, tail, content } = known;
  const changed = { kind: 'changed', certain: true } as const;
  if (file.size < size || (await hashOf(file, 0, head.to)) !== head.hash) return changed;
  if ((await hashOf(file, tail.from, tail.to)) !== tail.hash) return changed;
  const kind = file.size === size ? 'same' : 'grown';
  const isSameVersion = typeof known.version === 'string' && known.version === file.version;
  if (content === null || content === undefined) return { kind, certain: isSameVersion };
  if (isSameVersion && !always) return { kind, certain: true };
  if ((await checksumOf(file, content.to)) !== content.crc) return changed;
  return { kind, certain: isSameVersion || content.to >= tail.to };
}

async function checksumOf(file: FileBytes, to: number): Promise<number> {
  const checksum = new PrefixChecksum();
  checksum.start();
  for (let at = 0; at < to; at += checksumBytes)
    checksum.add(at, await file.bytes(at, Math.min(to, at + checksumBytes)));
  return checksum.state?.crc ?? 0;
}

/** Sets the checksum of a local file that was not read in order, by reading the whole file again. */
export async function completeChecksum(file: FileBytes): Promise<void> {
  const { checksum, size } = file;
  if (checksum === undefined || checksum.state?.to === size) return;
  checksum.start({ to: size, crc: await checksumOf(file, size) });
}

async function hashOf(file: FileBytes, from: number, to: number): Promise<string> {
  const bytes = from < to ? await file.bytes(from, to) : new Uint8Array(0);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
