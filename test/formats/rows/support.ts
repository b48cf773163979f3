// Formats of rows with plain settings, and what they make of a text.

import { expect } from 'vitest';
import type { Format } from '../../../src/core/types/index.js';
import { Csv } from '../../../src/formats/csv/csv.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { readAll } from '../support.js';
import { type Options, plain } from './options.js';

export { field, type Options, plain, tag } from './options.js';

export function csv(more: Partial<Options> = {}, name: 'csv' | 'tsv' = 'csv'): Csv {
  const options = { ...plain, ...more };
  return new Csv(name, new RowFormatMemory(options), options);
}

/** Points as they are sent, and rejects as `line reason`. */
export async function sent(format: Format, text: string | Uint8Array, chunks: readonly number[] = []) {
  const { points, rejects } = await readAll(format, Buffer.from(text), chunks);
  return { points: points.map((point) => point.text), rejects: rejects.map(({ line, reason }) => `${line} ${reason}`) };
}

/** Holds points to the exact check of line protocol: each is one, as it stands. */
export async function expectValid(points: readonly string[], precision: Options['precision'] = 'ns'): Promise<void> {
  const exact = new LineProtocol({
    maxPointBytes: 1 << 16,
    chunkBytes: 1 << 16,
    precision,
    missingTimestamp: 'now',
    kernel: false,
  });
  const { points: read, rejects } = await readAll(exact, Buffer.from(points.map((each) => `${each}\n`).join('')), []);
  expect(rejects).toEqual([]);
  expect(read.map(({ text }) => text)).toEqual(points);
}
