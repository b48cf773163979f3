// Decodes one page: its levels (marks of nulls and of list elements), and its values or dictionary indexes.

import type { Leaf } from '../metadata/parquet-schema.js';
import { readLevels, readPresence, readRuns } from './bit-runs.js';
import type { Codec } from './codecs.js';
import type { PageHeader } from './page-headers.js';
import { encodedValues, noValues, type PageValues, plainValues } from './page-values.js';

/** A decoded data page. */
export interface Page {
  /** Number of entries: values and nulls. */
  readonly count: number;
  /** Definition level of each entry; null if every entry has a value. */
  readonly definitions: Uint8Array | null;
  /** Repetition level of each entry; null if the column is not in a list. */
  readonly repetitions: Uint8Array | null;
  readonly values: PageValues;
  /**
   * For a page with a dictionary: the index in `values` of each entry that has a value. Otherwise null: `values` then
   * contains the values in the order of the entries.
   */
  readonly indexes: Int32Array | null;
}

/** Largest definition level and repetition level of a column. */
export interface Levels {
  readonly definition: number;
  readonly repetition: number;
}

/** Parameters for decoding the pages of one column. */
export interface PageDecoder {
  readonly leaf: Leaf;
  readonly levels: Levels;
  readonly codec: Codec;
  /** Returns memory for the dictionary indexes of a page. */
  readonly allocateIndexes: IndexAllocator;
}

/** Returns an array of this length. The array is not cleared: its initial content is undefined. */
export type IndexAllocator = (length: number) => Int32Array;

/** Returns an allocator that reuses the same memory for each page. Each new page overwrites the previous one. */
export function reuseIndexes(): IndexAllocator {
  let memory = new Int32Array(0);
  return (length) => {
    if (memory.length < length) memory = new Int32Array(length);
    return memory.subarray(0, length);
  };
}

export const noPage: Page = { count: 0, definitions: null, repetitions: null, values: noValues, indexes: null };

/** Decodes a dictionary page. Throws if the page is damaged. */
export function dictionaryOf({ leaf, codec }: PageDecoder, header: PageHeader, body: Uint8Array): PageValues {
  const { num_values: count } = header.dictionary_page_header!;
  // The number of values is checked before decompression. A boolean takes one bit. A text takes at least 4 bytes, for
  // its length.
  const minBytes = leaf.physical === 'BOOLEAN' ? count / 8 : count * (leaf.width || 4);
  if (minBytes > header.uncompressed_page_size)
    throw new Error('a dictionary with more values than its bytes can hold');
  return plainValues(leaf, count, codec(body, header.uncompressed_page_size), 0);
}

/** Decodes a data page. Throws if the page is damaged or its encoding is unknown. */
export function pageOf(decoder: PageDecoder, header: PageHeader, body: Uint8Array, dictionary: PageValues): Page {
  return header.data_page_header_v2 === undefined
    ? pageV1(decoder, header, body, dictionary)
    : pageV2(decoder, header, body, dictionary);
}

function pageV1(decoder: PageDecoder, header: PageHeader, body: Uint8Array, dictionary: PageValues): Page {
  const { levels, codec } = decoder;
  const v1 = header.data_page_header!;
  const { num_values: count, encoding } = v1;
  const bytes = codec(body, header.uncompressed_page_size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const levelsOf = (
    maxLevel: number,
    levelEncoding: string | undefined,
    read: typeof readPresence,
  ): Uint8Array | null => {
    if (maxLevel === 0) return null;
    if (levelEncoding !== 'RLE') throw new Error(`levels encoded as ${levelEncoding}`);
    const from = at + 4;
    at = from <= bytes.length ? from + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at > bytes.length) throw new Error('levels longer than their page');
    return read(bytes, from, at, maxLevel, count);
  };
  const repetitions = levelsOf(levels.repetition, v1.repetition_level_encoding, readLevels);
  const definitions = levelsOf(levels.definition, v1.definition_level_encoding, readPresence);
  return withValues(decoder, { count, definitions, repetitions }, encoding, bytes, at, dictionary);
}

function pageV2(decoder: PageDecoder, header: PageHeader, body: Uint8Array, dictionary: PageValues): Page {
  const { levels, codec } = decoder;
  const v2 = header.data_page_header_v2!;
  const { num_values: count, encoding } = v2;
  const repetitionBytes = v2.repetition_levels_byte_length;
  const head = repetitionBytes + v2.definition_levels_byte_length;
  if (head > body.length || head > header.uncompressed_page_size) throw new Error('levels longer than their page');
  const repetitions = levels.repetition === 0 ? null : readLevels(body, 0, repetitionBytes, levels.repetition, count);
  const definitions =
    levels.definition === 0 ? null : readPresence(body, repetitionBytes, head, levels.definition, count);
  const packed = body.subarray(head);
  const bytes = v2.is_compressed === false ? packed : codec(packed, header.uncompressed_page_size - head);
  return withValues(decoder, { count, definitions, repetitions }, encoding, bytes, 0, dictionary);
}

function withValues(
  { leaf, levels, allocateIndexes }: PageDecoder,
  page: Pick<Page, 'count' | 'definitions' | 'repetitions'>,
  encoding: string,
  bytes: Uint8Array,
  from: number,
  dictionary: PageValues,
): Page {
  const { count, definitions, repetitions } = page;
  let present = count;
  if (definitions !== null) for (let i = 0; i < count; i++) if (definitions[i] !== levels.definition) present--;
  const complete = (values: PageValues, indexes: Int32Array | null): Page => ({
    count,
    definitions: present === count ? null : definitions,
    repetitions,
    values,
    indexes,
  });
  if (encoding !== 'PLAIN_DICTIONARY' && encoding !== 'RLE_DICTIONARY')
    return complete(encodedValues(leaf, encoding, present, bytes, from), null);
  if (present === 0) return complete(noValues, null);
  const width = bytes[from] ?? 33;
  if (width > 32) throw new Error('dictionary indexes of more than 32 bits');
  const indexes = allocateIndexes(present);
  readRuns(bytes, from + 1, bytes.length, width, indexes);
  for (let i = 0; i < present; i++)
    if (indexes[i]! < 0 || indexes[i]! >= dictionary.count) throw new Error('a dictionary index beyond the dictionary');
  return complete(dictionary, indexes);
}
