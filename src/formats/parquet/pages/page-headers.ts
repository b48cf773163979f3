// Reads the page headers of one column in one row group. Checks the types and ranges of their fields.

import { parquetHeader } from 'hyparquet/src/column.js';
import { z } from 'zod';
import type { FileBytes } from '../../../core/types/index.js';
import type { Chunk } from '../metadata/footer.js';
import { checked } from '../metadata/footer-schema.js';
import { structEnd, ThriftError } from '../metadata/thrift.js';

/** Number of bytes to read with a page header, so that one read is enough for several small pages. */
const readAhead = 64 * 1024;
/**
 * Number of bytes to read after the body of a page. They contain the header of the next page, unless that header is
 * unusually long.
 */
const headerBytes = 512;
/** Largest accepted header, bytes. Statistics of long texts can enlarge a header, but not to this size. */
const maxHeader = 4 * 1024 * 1024;
const nothing = new Uint8Array(0);

const count = z.int32().min(0);
const dataPage = z.object({
  num_values: count,
  encoding: z.string(),
  definition_level_encoding: z.string().optional(),
  repetition_level_encoding: z.string().optional(),
});
const dataPageV2 = z.object({
  num_values: count,
  encoding: z.string(),
  definition_levels_byte_length: count,
  repetition_levels_byte_length: count,
  is_compressed: z.boolean(),
});
const pageHeader = z.object({
  uncompressed_page_size: count,
  compressed_page_size: count,
  crc: z.int32().optional(),
  data_page_header: dataPage.optional(),
  dictionary_page_header: z.object({ num_values: count }).optional(),
  data_page_header_v2: dataPageV2.optional(),
});

export type PageHeader = z.infer<typeof pageHeader>;

/** A page: its header, and the range [from, to) of its body in the file. */
export interface PageRange {
  readonly header: PageHeader;
  readonly from: number;
  readonly to: number;
}

/** Returns the number of entries in a data page; 0 for a dictionary page. */
export function entriesOf({ data_page_header: v1, data_page_header_v2: v2 }: PageHeader): number {
  return v1?.num_values ?? v2?.num_values ?? 0;
}

export class PageHeaders {
  readonly #file: FileBytes;
  readonly #chunk: Chunk;
  /** Offset of the next page header in the file. */
  #at: number;
  /** Bytes of the file that were read last. `#bufferStart` is their offset in the file. */
  #buffer: Uint8Array = nothing;
  #bufferStart = 0;
  #entriesLeft: number;
  readonly #readAhead: number;

  /** @param readsBodies false if the caller reads only headers: the reader then does not read ahead */
  constructor(file: FileBytes, chunk: Chunk, readsBodies = true) {
    this.#readAhead = readsBodies ? readAhead : headerBytes;
    this.#file = file;
    this.#chunk = chunk;
    this.#at = chunk.from;
    this.#entriesLeft = chunk.values;
  }

  /** Reads the next page header. Returns null after the last entry of the chunk. Throws if the header is damaged. */
  async next(): Promise<PageRange | null> {
    if (this.#entriesLeft === 0) return null;
    const buffered = this.#bufferStart + this.#buffer.length - this.#at;
    for (let want = buffered > 0 ? buffered : this.#readAhead; ; want = Math.max(8 * want, this.#readAhead)) {
      const end = Math.min(this.#chunk.to, this.#at + want);
      const bytes = await this.#take(this.#at, end);
      try {
        return this.#header(bytes);
      } catch (error) {
        const isWhole = end === this.#chunk.to || bytes.length < end - this.#at || want >= maxHeader;
        if (!(error instanceof ThriftError) || isWhole) throw error;
      }
    }
  }

  #header(bytes: Uint8Array): PageRange {
    const length = structEnd(bytes, 0);
    const decoded = parquetHeader({ view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 });
    const header = checked(pageHeader, decoded);
    const from = this.#at + length;
    const to = from + header.compressed_page_size;
    if (to > this.#chunk.to) throw new Error('a page longer than its column');
    const entries = entriesOf(header);
    if (entries > this.#entriesLeft) throw new Error('a page with more values than its column');
    this.#entriesLeft -= entries;
    this.#at = to;
    return { header, from, to };
  }

  /** Reads the body of a page. Throws if the file ends inside the body. */
  async body({ from, to }: PageRange): Promise<Uint8Array> {
    const isBuffered = from >= this.#bufferStart && to <= this.#bufferStart + this.#buffer.length;
    const taken = await this.#take(from, isBuffered ? to : Math.min(this.#chunk.to, to + headerBytes));
    const bytes = taken.subarray(0, to - from);
    if (bytes.length < to - from) throw new Error('the end of the file within a page');
    return bytes;
  }

  /** Copies the unread bytes of a large buffer to a new buffer, so that the memory of the large buffer becomes free. */
  free(): void {
    if (this.#buffer.length <= readAhead) return;
    this.#buffer = this.#buffer.slice(this.#at - this.#bufferStart);
    this.#bufferStart = this.#at;
  }

  /** Returns the bytes [from, to) of the file, or fewer bytes if the file ends before `to`. */
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
