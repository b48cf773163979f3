// One data page: which values are there, and the values.

import type { PageHeader } from 'hyparquet';
import type { Leaf } from '../metadata/parquet-schema.js';
import type { Codec } from './codecs.js';
import { readLevels, readPresence, readRuns } from './levels.js';
import { encodedValues, noValues, type PageValues, plainValues } from './page-values.js';

export interface Page {
  /** Values, nulls included. */
  readonly count: number;
  /** Levels of each; null where all are at the highest, or there is only one. */
  readonly definitions: Uint8Array | null;
  readonly repetitions: Uint8Array | null;
  readonly values: PageValues;
  /** Numbers of the values; null where they come one after the other. */
  readonly places: Int32Array | null;
}

/** Highest levels of a column. */
export interface Levels {
  readonly definition: number;
  readonly repetition: number;
}

/** Values that pages name by their number. Throws for what is damaged. */
export function dictionaryOf(header: PageHeader, body: Uint8Array, leaf: Leaf, codec: Codec): PageValues {
  const { num_values } = header.dictionary_page_header!;
  return plainValues(leaf, num_values, codec(body, header.uncompressed_page_size), 0);
}

/** Throws for what is damaged, or written in a way that nobody knows. */
export function pageOf(
  header: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  most: Levels,
  codec: Codec,
  dictionary: PageValues,
): Page {
  const v2 = header.data_page_header_v2;
  return v2 === undefined
    ? pageV1(header, body, leaf, most, codec, dictionary)
    : pageV2(header, v2, body, leaf, most, codec, dictionary);
}

function pageV1(
  header: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  most: Levels,
  codec: Codec,
  dictionary: PageValues,
): Page {
  const {
    num_values: count,
    encoding,
    definition_level_encoding,
    repetition_level_encoding,
  } = header.data_page_header!;
  const bytes = codec(body, header.uncompressed_page_size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const levels = (highest: number, how: string, read: typeof readPresence): Uint8Array | null => {
    if (highest === 0) return null;
    if (how !== 'RLE') throw new Error(`levels as ${how}`);
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw new Error('levels longer than what holds them');
    const from = at + 4;
    at = end;
    return read(bytes, from, end, highest, count);
  };
  const repetitions = levels(most.repetition, repetition_level_encoding, readLevels);
  const definitions = levels(most.definition, definition_level_encoding, readPresence);
  return filled(leaf, count, definitions, repetitions, most.definition, encoding, bytes, at, dictionary);
}

function pageV2(
  header: PageHeader,
  v2: NonNullable<PageHeader['data_page_header_v2']>,
  body: Uint8Array,
  leaf: Leaf,
  most: Levels,
  codec: Codec,
  dictionary: PageValues,
): Page {
  const { num_values: count, encoding, is_compressed } = v2;
  const repeated = v2.repetition_levels_byte_length;
  const defined = v2.definition_levels_byte_length;
  const head = repeated + defined;
  if (repeated < 0 || defined < 0 || head > body.length || head > header.uncompressed_page_size)
    throw new Error('levels longer than what holds them');
  const repetitions = most.repetition === 0 ? null : readLevels(body, 0, repeated, most.repetition, count);
  const definitions = most.definition === 0 ? null : readPresence(body, repeated, head, most.definition, count);
  const packed = body.subarray(head);
  const size = header.uncompressed_page_size - head;
  const bytes = is_compressed === false ? packed : codec(packed, size);
  return filled(leaf, count, definitions, repetitions, most.definition, encoding, bytes, 0, dictionary);
}

function filled(
  leaf: Leaf,
  count: number,
  definitions: Uint8Array | null,
  repetitions: Uint8Array | null,
  highest: number,
  encoding: string,
  bytes: Uint8Array,
  from: number,
  dictionary: PageValues,
): Page {
  let present = count;
  if (definitions !== null) for (let i = 0; i < count; i++) if (definitions[i] !== highest) present--;
  const page = (values: PageValues, places: Int32Array | null): Page => ({
    count,
    definitions: present === count ? null : definitions,
    repetitions,
    values,
    places,
  });
  if (encoding !== 'PLAIN_DICTIONARY' && encoding !== 'RLE_DICTIONARY')
    return page(encodedValues(leaf, encoding, present, bytes, from), null);
  if (present === 0) return page(noValues, null);
  const width = bytes[from] ?? 33;
  if (width > 32) throw new Error('values of a dictionary numbered with more than 32 bits');
  const places = new Int32Array(present);
  readRuns(bytes, from + 1, bytes.length, width, places);
  for (let i = 0; i < present; i++)
    if (places[i]! < 0 || places[i]! >= dictionary.count) throw new Error('a value that its dictionary does not have');
  return page(dictionary, places);
}
