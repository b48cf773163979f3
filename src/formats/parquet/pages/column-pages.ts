// One column of one row group, read page by page: what is held of it is a page, and the dictionary where there is one.

import { crc32 } from 'node:zlib';
import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { FileBytes } from '../../../core/types/index.js';
import type { Chunk } from '../metadata/footer.js';
import type { Leaf } from '../metadata/parquet-schema.js';
import { structEnd, ThriftError } from '../metadata/thrift.js';
import type { Codec } from './codecs.js';
import { dictionaryOf, type Levels, type Page, pageOf } from './data-page.js';
import { noValues, type PageValues } from './page-values.js';

/** Read at once where pages are small. */
const readAhead = 64 * 1024;
/** With statistics of long texts headers grow; none is larger. */
const mostHeader = 4 * 1024 * 1024;

const nothing = new Uint8Array(0);

export interface ReadColumn {
  readonly leaf: Leaf;
  readonly chunk: Chunk;
  readonly levels: Levels;
}

export class ColumnPages {
  readonly #file: FileBytes;
  readonly #column: ReadColumn;
  readonly #codec: Codec;
  #at: number;
  /** Bytes of the file from `#from` on. */
  #held: Uint8Array = nothing;
  #from = 0;
  #dictionary: PageValues = noValues;
  /** Values and decompressed bytes that are still to come. */
  #left: number;
  #bytes: number;

  constructor(file: FileBytes, column: ReadColumn, codec: Codec) {
    this.#file = file;
    this.#column = column;
    this.#codec = codec;
    this.#at = column.chunk.from;
    this.#left = column.chunk.values;
    this.#bytes = column.chunk.bytes;
  }

  /** Values that are still to come. */
  get left(): number {
    return this.#left;
  }

  /**
   * The next page with values, but for those that are passed as a whole: up to `skip` values. Throws for what is damaged.
   */
  async next(skip: number): Promise<{ page: Page; skipped: number }> {
    let skipped = 0;
    while (this.#left > 0) {
      const { header, body } = await this.#header();
      if (header.dictionary_page_header !== undefined) {
        const content = await this.#body(header, body);
        this.#dictionary = dictionaryOf(header, content, this.#column.leaf, this.#codec);
        continue;
      }
      const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
      if (count === undefined || count === 0) {
        this.#at = body + header.compressed_page_size;
        continue;
      }
      if (count < 0 || count > this.#left) throw new Error('a page with more values than there are');
      this.#left -= count;
      if (count <= skip - skipped) {
        skipped += count;
        this.#at = body + header.compressed_page_size;
        continue;
      }
      const content = await this.#body(header, body);
      const { leaf, levels } = this.#column;
      const page = pageOf(header, content, leaf, levels, this.#codec, this.#dictionary);
      // Only what is small serves the next page, too.
      if (this.#held.length > readAhead) this.#held = nothing;
      return { page, skipped };
    }
    return { page: { count: 0, definitions: null, repetitions: null, values: noValues, places: null }, skipped };
  }

  /** The header of the page that comes next, and where in the file its body begins. */
  async #header(): Promise<{ header: PageHeader; body: number }> {
    for (let want = readAhead; ; want *= 8) {
      const bytes = await this.#take(this.#at, Math.min(this.#column.chunk.to, this.#at + want));
      try {
        const length = structEnd(bytes, 0);
        const header = parquetHeader({ view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 });
        const body = this.#at + length;
        this.#check(header, body);
        return { header, body };
      } catch (error) {
        const isWhole = bytes.length < want || want >= mostHeader;
        if (!(error instanceof ThriftError) || isWhole) throw error;
      }
    }
  }

  #check(header: PageHeader, body: number): void {
    const { compressed_page_size: packed, uncompressed_page_size: size, dictionary_page_header: dictionary } = header;
    if (!(packed >= 0 && packed <= this.#column.chunk.to - body)) throw new Error('a page longer than its column');
    // Headers count as bytes too, so that what is left is never less than a page.
    if (!(size >= 0 && size <= this.#bytes)) throw new Error('pages of more bytes than the footer says');
    const least = this.#column.leaf.width || 4;
    if (dictionary !== undefined && !(dictionary.num_values >= 0 && dictionary.num_values * least <= size))
      throw new Error('a dictionary of more values than it has room for');
    this.#bytes -= size;
  }

  async #body(header: PageHeader, from: number): Promise<Uint8Array> {
    const to = from + header.compressed_page_size;
    this.#at = to;
    const bytes = await this.#take(from, to);
    if (bytes.length < to - from) throw new Error('its end too early');
    if (header.crc !== undefined && crc32(bytes) >>> 0 !== header.crc >>> 0)
      throw new Error('a page with a wrong checksum');
    return bytes;
  }

  /** Bytes [from, to) of the file, or as many as there are. */
  async #take(from: number, to: number): Promise<Uint8Array> {
    const start = from - this.#from;
    if (start < 0 || to - this.#from > this.#held.length) {
      this.#held = await this.#file.bytes(from, to);
      this.#from = from;
      return this.#held;
    }
    return this.#held.subarray(start, to - this.#from);
  }
}
