// What makes a file the same input in the next run: its content, not its name's inode or date. Two blocks are looked
// at, so that it costs the same for a file of any size.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileBytes } from '../core/types/index.js';

const count = z.int().nonnegative();

export const fingerprintSchema = z.strictObject({
  /** Bytes of the file. */
  size: count,
  /** Its first bytes. */
  head: z.strictObject({ to: count, hash: z.string() }),
  /** The last ones that were read of it, or of an object a block near them. */
  tail: z.strictObject({ from: count, to: count, hash: z.string() }),
});

export type Fingerprint = z.infer<typeof fingerprintSchema>;

/** Bytes of the file. */
const block = 16 * 1024;

/** @param readTo bytes of the file that what is accounted for lies in */
export async function fingerprint(file: FileBytes, readTo: number): Promise<Fingerprint> {
  const last = Math.min(readTo, file.size);
  const { from, to } = file.near?.(last) ?? { from: Math.max(0, last - block), to: last };
  const end = Math.min(block, file.size);
  const head = await hashOf(file, 0, end);
  const tail = from === 0 && to === end ? head : await hashOf(file, from, to);
  return { size: file.size, head: { to: end, hash: head }, tail: { from, to, hash: tail } };
}

/** Whether a file is what it was, or that and more behind it, or something else. */
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
