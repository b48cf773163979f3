// Batches and rejects made by hand, and a folder for state.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Batch, BatchReject } from '../../../src/core/types/index.js';
import { lineProtocolDeadLetters } from '../../../src/core/types/index.js';
import type { LongLetterPart } from '../../../src/state/dead-letters/dead-letters.js';

/** Creates a folder that is removed after the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bulk-load-ledger-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Reads all files of a folder as text. */
export async function contents(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
  );
}

export function letter(text: string, more: Partial<LongLetterPart> = {}): LongLetterPart {
  return {
    bytes: Buffer.from(text),
    line: 1,
    byteOffset: 0,
    reason: 'bad-number',
    message: 'no number',
    endpoint: null,
    part: 'whole',
    ...more,
  };
}

export function reject(text: string, more: Partial<BatchReject> = {}): BatchReject {
  const { bytes, line, byteOffset, reason, message, part } = letter(text);
  return { bytes, line, byteOffset, reason, message, part, ...more };
}

/** Returns a batch of points `m f=<i> <i>`, one on a line. */
export function batch(points: number, more: Partial<Batch> & { input?: number } = {}): Batch {
  const lines = Array.from({ length: points }, (_, i) => Buffer.from(`m f=${i} ${i}\n`));
  const ends = lines.map((_, i) => lines.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
  return {
    ordinal: 0,
    points,
    values: points,
    slots: points,
    buckets: [],
    body: Buffer.concat(lines),
    bodyEnd: (i) => ends[i]!,
    source: (i) => ({ bytes: lines[i]!.subarray(0, -1), line: i + 1, byteOffset: ends[i - 1] ?? 0 }),
    rejects: [],
    deadLetterFormat: lineProtocolDeadLetters,
    introduces: null,
    span: {
      input: more.input ?? 0,
      firstLine: 1,
      byteOffset: 0,
      bytes: ends.at(-1) ?? 0,
      ordinal: 0,
      endLine: points + 1,
    },
    cut: 'points',
    release: () => {},
    ...more,
  };
}
