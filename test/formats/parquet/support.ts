// Reads Parquet files through the format into plain values.

import { readFile } from 'node:fs/promises';
import type { ByteSource, MemoryBudget, Position } from '../../../src/core/types/index.js';
import { INPUT_START } from '../../../src/core/types/index.js';
import { Parquet } from '../../../src/formats/parquet/parquet.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { type Options, plain } from '../rows/support.js';
import { pointAt, rejectAt } from '../support.js';

export interface Reading {
  readonly options?: Partial<Options>;
  readonly start?: Position;
  readonly budget?: MemoryBudget;
}

/** Wraps bytes as a file source, of a file with this descriptor. */
export function fileOf(bytes: Uint8Array, descriptor?: number): ByteSource {
  const file = { size: bytes.length, bytes: (from: number, to: number) => Promise.resolve(bytes.slice(from, to)) };
  return {
    read: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    bytesRead: 0,
    compression: 'none',
    file: descriptor === undefined ? file : { ...file, descriptor },
  };
}

export async function readBytes(bytes: Uint8Array, { options, start, budget }: Reading = {}) {
  const format = new Parquet(new RowFormatMemory({ ...plain, ...options }), budget);
  const { error, ...found } = await readRuns(format, fileOf(bytes), start);
  if (error !== null) throw error;
  return found;
}

/** Returns what was found before an error, and the error. */
export async function readRuns(format: Parquet, file: ByteSource, start = INPUT_START) {
  let error: unknown = null;
  const source = format.reads(file, 'a.parquet');
  const points: ReturnType<typeof pointAt>[] = [];
  const rejects: ReturnType<typeof rejectAt>[] = [];
  const ends: { end: number; line: number }[] = [];
  try {
    for await (const run of format.points(source, new AbortController().signal, start)) {
      for (let i = 0; i < run.count; i++) points.push(pointAt(run, i));
      for (const each of run.rejects) rejects.push(rejectAt(run, each));
      ends.push({ end: run.end, line: run.endLine });
    }
  } catch (cause) {
    error = cause;
  }
  return { points, rejects, ends, error };
}

export async function readFileWith(path: string, reading?: Reading) {
  return await readBytes(await readFile(path), reading);
}
