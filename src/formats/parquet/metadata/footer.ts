// The end of a Parquet file, which says what lies where in it. Everything that is read later is held to it, so it is held to
// the file here: no offset and no size is believed that the file has no room for.

import type { FileMetaData, RowGroup } from 'hyparquet';
import { parquetMetadata } from 'hyparquet/src/metadata.js';
import { InputError } from '../../../core/errors.js';
import type { FileBytes } from '../../../core/types/index.js';
import { type Leaf, type Node, treeOf } from './parquet-schema.js';
import { structEnd } from './thrift.js';

/** The part of a column that lies in one row group. */
export interface Chunk {
  /** In the file: its pages lie in [from, to). */
  readonly from: number;
  readonly to: number;
  readonly codec: string;
  /** Values, nulls included; as many as rows unless the column is in a list. */
  readonly values: number;
  /** Bytes of all its pages once they are decompressed. */
  readonly bytes: number;
}

export interface GroupLayout {
  /** Number of its first row in the file, from 0. */
  readonly first: number;
  readonly rows: number;
  /** By number of the column. */
  readonly chunks: readonly Chunk[];
}

export interface Footer {
  readonly root: Node;
  readonly leaves: readonly Leaf[];
  readonly groups: readonly GroupLayout[];
  readonly rows: number;
}

const magic = 'PAR1';
/** Behind the footer: its length, and the magic. */
const tailBytes = 8;
/** Bytes of memory that a footer takes while it is read, for each of its own (measured 2026-11-25: 65; 1.2 are kept). */
const unfolded = 65;
const smallestFile = magic.length + tailBytes;

/**
 * @param most bytes of memory that it may take
 * Throws InputError when it cannot be understood, or says what the file has no room for.
 */
export async function readFooter(file: FileBytes, name: string, most: number): Promise<Footer> {
  const bad = (got: string): InputError =>
    new InputError(
      `reading ${name}: expected a whole Parquet file, got ${got}; it may be cut short or not be written to its end: fetch or make it again`,
    );
  const { size } = file;
  if (size < smallestFile) throw bad(`${size} bytes`);
  const tail = Buffer.from(await file.bytes(size - tailBytes, size));
  if (tail.length < tailBytes) throw bad(`${size - tailBytes + tail.length} of ${size} bytes`);
  const end = tail.toString('latin1', 4);
  if (end === 'PARE')
    throw new InputError(
      `reading ${name}: expected a Parquet file that is not encrypted, got one that is; write it again without encryption`,
    );
  if (end !== magic) throw bad('one without a footer at its end');
  const length = tail.readUInt32LE(0);
  const from = size - tailBytes - length;
  if (from < magic.length) throw bad(`a footer of ${length} bytes in a file of ${size}`);
  if (length * unfolded > most)
    throw new InputError(
      `reading ${name}: expected a footer of at most ${Math.floor(most / unfolded)} bytes, which is what --memory-limit has room for, got ${length}; raise it, or write larger row groups`,
    );
  const bytes = await file.bytes(from, size);
  let data: FileMetaData;
  try {
    structEnd(bytes.subarray(0, length), 0);
    data = parquetMetadata(bytes, { geoparquet: false });
  } catch (error) {
    throw bad(`a footer that is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
  const { root, leaves } = treeOf(data.schema, name);
  const groups: GroupLayout[] = [];
  let first = 0;
  for (const [i, group] of data.row_groups.entries()) {
    const read = groupOf(group, leaves, first, from, (got) => bad(`row group ${i + 1} with ${got}`));
    groups.push(read);
    first += read.rows;
  }
  if (first !== Number(data.num_rows)) throw bad(`${first} rows in its row groups where it speaks of ${data.num_rows}`);
  return { root, leaves, groups, rows: first };
}

function groupOf(
  { columns, num_rows }: RowGroup,
  leaves: readonly Leaf[],
  first: number,
  limit: number,
  bad: (got: string) => InputError,
): GroupLayout {
  const rows = count(num_rows);
  if (rows === null) throw bad(`${num_rows} rows`);
  if (columns.length !== leaves.length) throw bad(`${columns.length} of ${leaves.length} columns`);
  const chunks = columns.map((column, i): Chunk => {
    const { meta_data: data, file_path } = column;
    const called = leaves[i]!.path.join('.');
    if (file_path) throw bad(`column ${called} in another file (${file_path})`);
    if (data === undefined || column.crypto_metadata !== undefined) throw bad(`column ${called} encrypted`);
    if (data.path_in_schema.join('.') !== called)
      throw bad(`column ${data.path_in_schema.join('.')} in place of ${called}`);
    const [pages, dictionary] = [count(data.data_page_offset), count(data.dictionary_page_offset ?? 0n)];
    const [length, bytes, values] = [data.total_compressed_size, data.total_uncompressed_size, data.num_values].map(
      count,
    );
    if (pages === null || dictionary === null || length == null || bytes == null || values == null)
      throw bad(`sizes of column ${called} that are none`);
    const from = dictionary > 0 ? Math.min(dictionary, pages) : pages;
    if (from < magic.length || from + length > limit) throw bad(`column ${called} outside of the file`);
    return { from, to: from + length, codec: data.codec, values, bytes };
  });
  return { first, rows, chunks };
}

/** Null for what cannot be counted. */
function count(value: bigint | number): number | null {
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : null;
}
