// Rows that may break the kernel, and a comparison of its results with the encoder alone.

import * as model from '../../../src/core/types/index.js';
import { Csv } from '../../../src/formats/csv/csv.js';
import { Ndjson } from '../../../src/formats/json/ndjson.js';
import { Parquet } from '../../../src/formats/parquet/parquet.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { shownOf } from '../kernel/oracle.js';
import { bytesSource } from '../support.js';
import { type Options, plain } from './options.js';

export type Random = (below: number) => number;

export type Name = 'csv' | 'tsv' | 'ndjson' | 'parquet';

/** A format with the kernel, the same without, and a count of the rows that the kernel took. */
export interface Pair {
  readonly fast: model.Format;
  readonly exact: model.Format;
  readonly taken: () => number;
}

/** A format, and a count of the rows that its kernel took. */
export function made(
  name: Name,
  more: Partial<Options>,
): { readonly format: model.Format; readonly taken: () => number } {
  const options: Options = { ...plain, maxPointBytes: 700, chunkBytes: 3000, infersTypes: false, ...more };
  const rows = new RowFormatMemory(options);
  return { format: formatOf(name, rows, options), taken: () => rows.kernel?.kernelRows ?? 0 };
}

function formatOf(name: Name, rows: RowFormatMemory, options: Options): model.Format {
  if (name === 'parquet') return new Parquet(rows);
  return name === 'ndjson' ? new Ndjson(rows) : new Csv(name, rows, options);
}

export function pair(name: Name, more: Partial<Options>): Pair {
  const { format: fast, taken } = made(name, more);
  return { fast, exact: made(name, { ...more, kernel: false }).format, taken };
}

/** Writes everything observable in an input, run by run, as text, with shapes in place of their numbers. */
export async function account(format: model.Format, input: Uint8Array, chunks: readonly number[]): Promise<string[]> {
  const results: string[] = [];
  const file = {
    size: input.length,
    bytes: (from: number, to: number) => Promise.resolve(input.subarray(from, to)),
  };
  const source = { ...bytesSource(input, chunks), ...(format.isRandom === true && { file }) };
  try {
    for await (const run of format.points(source, new AbortController().signal)) {
      for (let i = 0; i < run.count; i++) {
        const words = run.index.subarray(i * model.POINT_WORDS, (i + 1) * model.POINT_WORDS);
        const [start, length, source, sourceLength, line, shape, low, high] = words as unknown as number[];
        const number = shape! & 0x7fff_ffff;
        const shown = shownOf(number === model.UNCOUNTED_SHAPE ? run.shapeOf(i) : run.shape(number));
        const sent = Buffer.from(run.bytes.subarray(start, start! + length! + 1)).toString('latin1');
        const place = [run.origin + source!, sourceLength, run.firstLine + line!, shape! >>> 31, low, high];
        results.push(`${sent} ${place.join()} ${shown}`);
      }
      for (const { before, start, length, line, reason, message, part } of run.rejects) {
        results.push(`${before} ${reason} ${message} ${part} ${run.origin + start} ${length} ${run.firstLine + line}`);
      }
      results.push(`${run.end} ${run.endLine}`);
    }
  } catch (error) {
    results.push(String(error));
  }
  return results;
}

/** Returns the first difference between the two on an input; null without one. */
export async function difference({ fast, exact }: Pair, input: Uint8Array, chunks: readonly number[]) {
  const [a, b] = [await account(fast, input, chunks), await account(exact, input, chunks)];
  const at = a.findIndex((line, i) => line !== b[i]);
  return at < 0 && a.length === b.length
    ? null
    : { fast: a[at], exact: b[at], input: Buffer.from(input).toString('latin1').slice(0, 4000) };
}

/** Inserts, changes or removes one to three bytes of a text. */
export function mutated(text: Buffer, bytes: Buffer, next: Random): Buffer {
  let result = text;
  for (let times = 1 + next(3); times > 0; times--) {
    const at = next(result.length + 1);
    const kind = next(4);
    const after = kind === 0 ? at : at + 1 + (kind === 3 ? next(8) : 0);
    const put = kind >= 2 ? Buffer.alloc(0) : bytes.subarray(next(bytes.length)).subarray(0, 1);
    result = Buffer.concat([result.subarray(0, at), put, result.subarray(after)]);
  }
  return result;
}
