// Reads the footer of a Parquet file: the schema, and the location of each column in each row group. Checks the
// locations against the file size, because later reads rely on them.

import { parquetMetadata } from 'hyparquet/src/metadata.js';
import { InputError } from '../../../core/errors.js';
import { size } from '../../../core/text.js';
import type { FileBytes } from '../../../core/types/index.js';
import { type ColumnChunk, checkFooter, type FileFooter } from './footer-schema.js';
import { type Leaf, type Node, treeOf } from './parquet-schema.js';
import { structEnd } from './thrift.js';

/** A column chunk: the part of one column in one row group. */
export interface Chunk {
  /** Range of the column's pages in the file: [from, to). */
  readonly from: number;
  readonly to: number;
  readonly codec: string;
  /** Number of entries, including nulls. For a column without lists, the number of rows. */
  readonly values: number;
  /** Size of all pages after decompression. Some writers state the compressed size or 0 instead. */
  readonly bytes: number;
  /** Reason why the column chunk cannot be read; otherwise null. Ignored for columns that are not loaded. */
  readonly problem: ChunkProblem | null;
}

interface ChunkProblem {
  readonly found: string;
  readonly fix: string;
}

export interface GroupLayout {
  /** Number of rows in the file before this row group. */
  readonly first: number;
  readonly rows: number;
  /** Column chunks in the order of the columns in the file; empty for a group without rows. */
  readonly chunks: readonly Chunk[];
}

export interface Footer {
  readonly root: Node;
  readonly leaves: readonly Leaf[];
  readonly groups: readonly GroupLayout[];
  readonly rows: number;
}

const magic = 'PAR1';
const damagedFix = 'fetch or create the file again; if another program is still writing the file, wait until it ends';
/** Number of bytes after the footer: 4 for the length of the footer, and the 4 bytes `PAR1`. */
const tailBytes = 8;
/** Bytes of memory that parsing needs for each byte of a footer (measured). */
const parsedBytesPerByte = 65;
const minFileBytes = magic.length + tailBytes;

/**
 * Reads and checks the footer. Throws InputError for an invalid footer, or if parsing needs more than `maxMemory`
 * bytes.
 */
export async function readFooter(file: FileBytes, name: string, maxMemory: number): Promise<Footer> {
  const tried = `reading ${name}`;
  const damaged = (found: string): InputError =>
    new InputError({
      tried,
      expected: 'a complete Parquet file',
      found,
      fix: damagedFix,
    });
  if (file.size < minFileBytes) throw (await otherFormat(file, tried)) ?? damaged(`${file.size} bytes`);
  const tail = Buffer.from(await file.bytes(file.size - tailBytes, file.size));
  if (tail.length < tailBytes) throw damaged(`${file.size - tailBytes + tail.length} of ${file.size} bytes`);
  const end = tail.toString('latin1', 4);
  if (end === 'PARE')
    throw new InputError({
      tried,
      expected: 'a Parquet file that is not encrypted',
      found: 'an encrypted footer',
      fix: 'write the file again without encryption',
    });
  if (end !== magic) throw (await otherFormat(file, tried)) ?? damaged('a file without a footer at its end');
  const length = tail.readUInt32LE(0);
  const from = file.size - tailBytes - length;
  if (from < magic.length) throw damaged(`a footer of ${length} bytes in a file of ${file.size}`);
  if (length * parsedBytesPerByte > maxMemory)
    throw new InputError({
      tried,
      expected: `a footer of at most ${size(Math.floor(maxMemory / parsedBytesPerByte))}, as --memory-limit allows`,
      found: `a footer of ${size(length)}`,
      fix: 'raise --memory-limit, or write the file again with larger row groups',
    });
  const bytes = await file.bytes(from, file.size);
  let data: FileFooter;
  try {
    structEnd(bytes.subarray(0, length), 0);
    data = checkFooter(parquetMetadata(bytes, { geoparquet: false }));
  } catch (error) {
    // The library (hyparquet) throws TypeError for fields of unexpected types.
    const reason = error instanceof TypeError || !(error instanceof Error) ? 'fields of wrong types' : error.message;
    throw damaged(`a damaged footer (${reason})`);
  }
  const { root, leaves } = treeOf(data.schema, name);
  const groups: GroupLayout[] = [];
  let first = 0;
  for (const [i, group] of data.row_groups.entries()) {
    const { columns, num_rows: rows } = group;
    if (columns.length !== leaves.length)
      throw damaged(`row group ${i + 1} with ${columns.length} of ${leaves.length} columns`);
    // A row group without rows has no valid offsets.
    const chunks = rows === 0 ? [] : columns.map((column, c) => chunkOf(column, leaves[c]!, from));
    groups.push({ first, rows, chunks });
    first += rows;
  }
  // Some writers set the number of rows in the footer to 0. So only a number that exceeds the rows of
  // all row groups is an error.
  if (first < data.num_rows) throw damaged(`${first} rows in its row groups, but ${data.num_rows} in its footer`);
  return { root, leaves, groups, rows: first };
}

/** Returns an error if the file begins like another format; null if it begins like a Parquet file or is empty. */
async function otherFormat(file: FileBytes, tried: string): Promise<InputError | null> {
  const head = Buffer.from(await file.bytes(0, Math.min(file.size, magic.length))).toString('latin1');
  if (head === '' || /^PAR[1E]/.test(head)) return null;
  return new InputError(
    {
      tried,
      expected: `a Parquet file, which begins with ${magic}`,
      found: 'a file that begins with other bytes',
      fix: 'check --format, or leave --format out',
    },
    { retryHelps: false },
  );
}

/** Finds the pages of a column chunk. `limit` is the offset of the footer, before which all pages must end. */
function chunkOf(column: ColumnChunk, { path }: Leaf, limit: number): Chunk {
  const { meta_data: data, file_path, crypto_metadata } = column;
  const name = path.join('.');
  if (file_path)
    return unreadable(
      `column ${name} in another file (${file_path})`,
      'instead of this file, load the files that contain the rows',
    );
  if (data === undefined || crypto_metadata !== undefined)
    return unreadable(
      `column ${name} encrypted`,
      'name the other columns with --fields, or write this column without encryption',
    );
  const { data_page_offset: pages, dictionary_page_offset: dictionary = 0, total_compressed_size: length } = data;
  const from = dictionary > 0 ? Math.min(dictionary, pages) : pages;
  const found =
    data.path_in_schema.join('.') !== name
      ? `column ${data.path_in_schema.join('.')} in place of ${name}`
      : from < magic.length || from + length > limit
        ? `column ${name} at an offset outside the data of the file`
        : null;
  if (found !== null) return unreadable(found, damagedFix);
  const { codec, num_values: values, total_uncompressed_size: bytes } = data;
  return { from, to: from + length, codec, values, bytes, problem: null };
}

function unreadable(found: string, fix: string): Chunk {
  return { from: 0, to: 0, codec: '', values: 0, bytes: 0, problem: { found, fix } };
}

/** Throws InputError if a column to load cannot be read in one of the row groups. */
export function assertReadable({ groups }: Footer, leaves: readonly Leaf[], name: string): void {
  for (const [i, { chunks }] of groups.entries()) {
    for (const { index } of chunks.length === 0 ? [] : leaves) {
      const { problem } = chunks[index]!;
      if (problem === null) continue;
      throw new InputError({
        tried: `reading ${name}`,
        expected: 'a complete Parquet file',
        found: `row group ${i + 1} with ${problem.found}`,
        fix: problem.fix,
      });
    }
  }
}
