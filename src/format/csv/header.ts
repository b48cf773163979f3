// The names that the first row gives to columns, or numbers where it gives none.

import { UsageError } from '../../errors.js';
import type { RowReader } from './row.js';

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
