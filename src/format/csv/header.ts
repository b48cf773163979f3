// From the first row to a mapping, or to words for why there is none.

import { UsageError } from '../../errors.js';
import { type FieldType, Mapping, type MappingOptions } from '../rows/mapping.js';
import { MAX_COLUMNS } from '../scalar/columns.js';
import type { RowReader } from './row.js';

/** Names in a message. */
const shownNames = 20;

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

/**
 * Throws UsageError when the columns are not those that the options speak of.
 * @param typeOf types that the input itself gives its columns
 */
export function mapped(
  names: readonly string[],
  options: MappingOptions,
  typeOf: (name: string) => FieldType | null = () => null,
): Mapping {
  const mapping = new Mapping(options, names);
  if (names.length > MAX_COLUMNS) throw contradiction(`at most ${MAX_COLUMNS} columns`, [`${names.length} of them`]);
  const twice = names.find((name, i) => names.indexOf(name) !== i && mapping.wants(name));
  if (twice !== undefined) throw contradiction('columns of different names', [`two called ${JSON.stringify(twice)}`]);
  for (const [column, name] of names.entries()) mapping.add(column, name, typeOf(name));
  if (mapping.missing !== null) throw contradiction(mapping.missing, names);
  return mapping;
}

function contradiction(expected: string, got: readonly string[]): UsageError {
  const shown = got.slice(0, shownNames).join(', ') + (got.length > shownNames ? `, … (${got.length} in all)` : '');
  return new UsageError([
    `mapping the columns — expected ${expected} — got ${shown} — look at --delimiter, --skip-lines and the names in --tags, --fields, --time-column`,
  ]);
}

export function tooLongHeader(badQuote: boolean): UsageError {
  return new UsageError([
    `reading the header — expected a first row with the names of the columns — got ${
      badQuote ? 'quotes that do not fit together' : 'a row of more than --max-point-bytes'
    } — look at --quote, --delimiter and --skip-lines, or say --no-header`,
  ]);
}
