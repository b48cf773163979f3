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

/** Wraps bytes as a file source. */
export function fileOf(bytes: Uint8Array): ByteSource {
  return {
    read: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    bytesRead: 0,
    compression: 'none',
    file: { size: bytes.length, bytes: (from, to) => Promise.resolve(bytes.slice(from, to)) },
  };
}

export async function readBytes(bytes: Uint8Array, { options, start = INPUT_START, budget }: Reading = {}) {
  const format = new Parquet(new RowFormatMemory({ ...plain, ...options }), budget);
  const source = format.reads(fileOf(bytes), 'a.parquet');
  const points: ReturnType<typeof pointAt>[] = [];
  const rejects: ReturnType<typeof rejectAt>[] = [];
  const ends: { end: number; line: number }[] = [];
  for await (const run of format.points(source, new AbortController().signal, start)) {
    for (let i = 0; i < run.count; i++) points.push(pointAt(run, i));
    for (const each of run.rejects) rejects.push(rejectAt(run, each));
    ends.push({ end: run.end, line: run.endLine });
  }
  return { points, rejects, ends };
}

export async function readFileWith(path: string, reading?: Reading) {
  return await readBytes(await readFile(path), reading);
}
