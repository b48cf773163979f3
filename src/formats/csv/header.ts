// The names that the first row gives to columns, or numbers where it gives none.

import { isUtf8 } from 'node:buffer';
import { UsageError } from '../../core/errors.js';
import type { Mapping } from '../rows/mapping/mapping.js';
import type { RowReader } from './cell-reader.js';

/** The cells of a row as text. */
export function texts(bytes: Uint8Array, { cells, columns }: RowReader): string[] {
  return Array.from({ length: columns }, (_, i) => {
    const from = cells.starts[i]!;
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, cells.ends[i]! - from).toString();
  });
}

/** As names; blanks around them are no part of them. */
export function headerNames(bytes: Uint8Array, reader: RowReader): string[] {
  return texts(bytes, reader).map((text) => text.trim());
}

/** Throws UsageError when a name that goes into points is no UTF-8: it would go there with other characters. */
export function expectUtf8(bytes: Uint8Array, { cells, columns }: RowReader, mapping: Mapping): void {
  const { time, measurement, tags, fields } = mapping;
  const used = new Set([time, measurement, ...[...tags, ...fields].map(({ column }) => column)]);
  for (let i = 0; i < columns; i++) {
    const name = bytes.subarray(cells.starts[i]!, cells.ends[i]!);
    if (!used.has(i) || isUtf8(name)) continue;
    throw new UsageError([
      `reading the header — expected names in UTF-8 — got ${JSON.stringify(Buffer.from(name).toString())} for column ${i + 1} — say --encoding latin1 if that is what the file is in, else make it again in UTF-8`,
    ]);
  }
}

/** `1`, `2`, `3` … */
export function numberedNames(columns: number): string[] {
  return Array.from({ length: columns }, (_, i) => String(i + 1));
}

export function tooLongHeader(badQuote: boolean): UsageError {
  return new UsageError([
    `reading the header — expected a first row with the names of the columns — got ${
      badQuote ? 'quotes that do not fit together' : 'a row of more than --max-point-bytes'
    } — look at --quote, --delimiter and --skip-lines, or say --no-header`,
  ]);
}
