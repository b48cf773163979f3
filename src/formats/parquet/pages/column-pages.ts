// The pages of one column in one row group. Only the current page and the dictionary stay in memory.

import { crc32 } from 'node:zlib';
import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { FileBytes } from '../../../core/types/index.js';
import type { Chunk } from '../metadata/footer.js';
import { structEnd, ThriftError } from '../metadata/thrift.js';
import { dictionaryOf, noPage, type Page, type PageDecoder, pageOf } from './data-page.js';
import { noValues, type PageValues } from './page-values.js';

/** Number of bytes read at once where pages are small. */
const readAhead = 64 * 1024;
/** Statistics of long texts enlarge a header; a header beyond this size is damage. */
const maxHeader = 4 * 1024 * 1024;

const nothing = new Uint8Array(0);

export class ColumnPages {
  readonly #file: FileBytes;
  readonly #chunk: Chunk;
  readonly #decoder: PageDecoder;
  /** File offset of the next page header. */
  #at: number;
  /** Bytes of the file from `#bufferStart` on. */
  #buffer: Uint8Array = nothing;
  #bufferStart = 0;
  #dictionary: PageValues = noValues;
  #valuesLeft: number;
  #bytesLeft: number;

  constructor(file: FileBytes, chunk: Chunk, decoder: PageDecoder) {
    this.#file = file;
    this.#chunk = chunk;
    this.#decoder = decoder;
    this.#at = chunk.from;
    this.#valuesLeft = chunk.values;
    this.#bytesLeft = chunk.bytes;
  }

  /**
   * Reads the next page with entries. Skips whole pages first, up to `skip` entries.
   * Returns an empty page at the end of the column. Throws for damage.
   */
  async next(skip: number): Promise<{ page: Page; skipped: number }> {
    let skipped = 0;
    while (this.#valuesLeft > 0) {
      const { header, body } = await this.#header();
      if (header.dictionary_page_header !== undefined) {
        this.#dictionary = dictionaryOf(this.#decoder, header, await this.#body(header, body));
        continue;
      }
      const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
      if (count === undefined || count === 0) {
        this.#at = body + header.compressed_page_size;
        continue;
      }
      if (count < 0 || count > this.#valuesLeft) throw new Error('a page with more values than its column');
      this.#valuesLeft -= count;
      if (count <= skip - skipped) {
        skipped += count;
        this.#at = body + header.compressed_page_size;
        continue;
      }
      const page = pageOf(this.#decoder, header, await this.#body(header, body), this.#dictionary);
      // A large buffer holds nothing of the next page; free it.
      if (this.#buffer.length > readAhead) this.#buffer = nothing;
      return { page, skipped };
    }
    return { page: noPage, skipped };
  }

  /** Reads the next page header. `body` is the file offset behind it. */
  async #header(): Promise<{ header: PageHeader; body: number }> {
    for (let want = readAhead; ; want *= 8) {
      const bytes = await this.#take(this.#at, Math.min(this.#chunk.to, this.#at + want));
      try {
        const length = structEnd(bytes, 0);
        const header = parquetHeader({ view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 });
        const body = this.#at + length;
        this.#check(header, body);
        return { header, body };
      } catch (error) {
        const isWhole = bytes.length < want || want >= maxHeader;
        if (!(error instanceof ThriftError) || isWhole) throw error;
      }
    }
  }

  #check(header: PageHeader, body: number): void {
    const { compressed_page_size: packed, uncompressed_page_size: size, dictionary_page_header: dictionary } = header;
    if (!(packed >= 0 && packed <= this.#chunk.to - body)) throw new Error('a page longer than its column');
    // The total in the footer includes headers, so it is never less than the sum of the pages.
    if (!(size >= 0 && size <= this.#bytesLeft)) throw new Error('pages of more bytes than the footer states');
    const minWidth = this.#decoder.leaf.width || 4;
    if (dictionary !== undefined && !(dictionary.num_values >= 0 && dictionary.num_values * minWidth <= size))
      throw new Error('a dictionary with more values than bytes for them');
    this.#bytesLeft -= size;
  }

  async #body(header: PageHeader, from: number): Promise<Uint8Array> {
    const to = from + header.compressed_page_size;
    this.#at = to;
    const bytes = await this.#take(from, to);
    if (bytes.length < to - from) throw new Error('the end of the file within a page');
    if (header.crc !== undefined && crc32(bytes) >>> 0 !== header.crc >>> 0)
      throw new Error('a page with a wrong checksum');
    return bytes;
  }

  /** Reads bytes [from, to) of the file, or fewer at its end. */
  async #take(from: number, to: number): Promise<Uint8Array> {
    const start = from - this.#bufferStart;
    if (start < 0 || to - this.#bufferStart > this.#buffer.length) {
      this.#buffer = await this.#file.bytes(from, to);
      this.#bufferStart = from;
      return this.#buffer;
    }
    return this.#buffer.subarray(start, to - this.#bufferStart);
  }
}
