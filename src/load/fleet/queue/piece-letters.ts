// Collects the dead letters of a piece. The worker sends them with the result of the piece, so that the coordinator's
// disk has the dead letters of all pieces.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { LF } from '../../../core/ascii.js';
import type { Summary } from '../../../core/types/index.js';
import { maxLetterBytes, type PieceLetters } from '../../../fleet/queue/messages.js';

const maxGzipBytes = 1024 * 1024;

/**
 * Reads the dead letters of a piece from its folder; returns null for a piece without dead letters. If the dead letters
 * are too large to send, returns only their folder and size.
 */
export async function collectLetters({ rejects }: Summary, folder: string): Promise<PieceLetters | null> {
  const { deadLetters, reasons } = rejects;
  if (deadLetters === null || reasons === null) return null;
  const paths = [...deadLetters, reasons];
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const tooLarge: PieceLetters = { files: null, keptIn: folder, bytes };
  if (bytes > maxLetterBytes) return tooLarge;
  const files = await Promise.all(
    paths.map(async (path) => {
      const content = await readFile(path);
      const suffix = suffixOf(relative(folder, path));
      return { suffix, headBytes: headBytes(suffix, content), packed: await promisify(gzip)(content) };
    }),
  );
  if (files.reduce((sum, { packed }) => sum + packed.length, 0) > maxGzipBytes) return tooLarge;
  return {
    files: files.map(({ packed, ...file }) => ({ ...file, gzip: packed.toString('base64') })),
    keptIn: null,
    bytes,
  };
}

/** Removes the load's name and `.rejected-…` from a path: `host=a/0123456789ab.rejected-26.csv` → `host=a/.csv` */
function suffixOf(path: string): string {
  const folder = dirname(path);
  const suffix = basename(path).replace(/^[0-9a-f]+\.rejected[^.]*/, '');
  return folder === '.' ? suffix : `${folder}/${suffix}`;
}

const mark = Buffer.from('\ufeff');

/**
 * Returns the length of byte order mark and header at the start of a dead-letter file, bytes. The file's name contains
 * a hash of the header, so the header ends where the hash of the bytes so far equals this hash.
 */
function headBytes(suffix: string, bytes: Buffer): number {
  const from = bytes.indexOf(mark) === 0 ? mark.length : 0;
  const name = /\.([0-9a-f]{8})\.\w+$/.exec(suffix)?.[1];
  for (let end = from; name !== undefined; end = bytes.indexOf(LF, end) + 1) {
    if (createHash('sha256').update(bytes.subarray(from, end)).digest('hex').startsWith(name)) return end;
    if (bytes.indexOf(LF, end) < 0) break;
  }
  return from;
}
