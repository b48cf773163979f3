// The names of columns: the cells of the header, or numbers for a file without a header.

import { isUtf8 } from 'node:buffer';
import { UsageError } from '../../../core/errors.js';
import type { Mapping } from '../../rows/mapping/mapping.js';
import type { RowReader } from '../cell-reader.js';

/** Decodes the cells of a row. */
export function cellTexts(bytes: Uint8Array, { cells, columns }: RowReader): string[] {
  return Array.from({ length: columns }, (_, i) => {
    const from = cells.starts[i]!;
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, cells.ends[i]! - from).toString();
  });
}

/** Returns the names in a header, without surrounding spaces. */
export function headerNames(bytes: Uint8Array, reader: RowReader): string[] {
  return cellTexts(bytes, reader).map((text) => text.trim());
}

/** Throws UsageError when a mapped column name is not UTF-8. */
export function expectUtf8(bytes: Uint8Array, { cells, columns }: RowReader, mapping: Mapping): void {
  const { time, measurement, tags, fields } = mapping;
  const used = new Set([time, measurement, ...[...tags, ...fields].map(({ column }) => column)]);
  for (let i = 0; i < columns; i++) {
    const name = bytes.subarray(cells.starts[i]!, cells.ends[i]!);
    if (!used.has(i) || isUtf8(name)) continue;
    throw new UsageError([
      {
        tried: 'reading the header',
        expected: 'names in UTF-8',
        found: `${JSON.stringify(Buffer.from(name).toString())} for column ${i + 1}`,
        fix: 'name the encoding of the file with --encoding, such as windows-1252',
      },
    ]);
  }
}

/** Returns `1`, `2`, `3` and so on. */
export function numberedNames(columns: number): string[] {
  return Array.from({ length: columns }, (_, i) => String(i + 1));
}

export function tooLongHeader(badQuote: boolean): UsageError {
  return new UsageError([
    {
      tried: 'reading the header',
      expected: 'a first row with the names of the columns',
      found: badQuote ? 'quotes that do not match' : 'a row longer than --max-point-bytes',
      fix: 'check --quote, --delimiter and --skip-lines, or add --no-header',
    },
  ]);
}
