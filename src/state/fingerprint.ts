// The identity of a file across runs: its content, not its inode or its date. Hashing two blocks costs the same for a
// file of any size.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileBytes } from '../core/types/index.js';

const count = z.int().nonnegative();

export const fingerprintSchema = z.strictObject({
  /** Size of the file. */
  size: count,
  /** The first bytes. */
  head: z.strictObject({ to: count, hash: z.string() }),
  /** The last block that was read, or a cached block of an object near it. */
  tail: z.strictObject({ from: count, to: count, hash: z.string() }),
});

export type Fingerprint = z.infer<typeof fingerprintSchema>;

const blockBytes = 16 * 1024;

/** Identifies a file. @param readTo bytes of the file that contain everything settled so far */
export async function fingerprint(file: FileBytes, readTo: number): Promise<Fingerprint> {
  const last = Math.min(readTo, file.size);
  const { from, to } = file.near?.(last) ?? { from: Math.max(0, last - blockBytes), to: last };
  const headEnd = Math.min(blockBytes, file.size);
  const head = await hashOf(file, 0, headEnd);
  const tail = from === 0 && to === headEnd ? head : await hashOf(file, from, to);
  return { size: file.size, head: { to: headEnd, hash: head }, tail: { from, to, hash: tail } };
}

/** Compares a file with an earlier fingerprint: the same, the same with more at its end, or changed. */
export async function compareFingerprint(file: FileBytes, known: Fingerprint): Promise<'same' | 'grown' | 'changed'> {
  const { size, head, tail } = known;
  if (file.size < size || (await hashOf(file, 0, head.to)) !== head.hash) return 'changed';
  if ((await hashOf(file, tail.from, tail.to)) !== tail.hash) return 'changed';
  return file.size === size ? 'same' : 'grown';
}

async function hashOf(file: FileBytes, from: number, to: number): Promise<string> {
  const bytes = from < to ? await file.bytes(from, to) : new Uint8Array(0);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
