// Reads the pages of one column in one row group. Keeps only the dictionary and the current page in memory.

import { crc32 } from 'node:zlib';
import type { FileBytes } from '../../../core/types/index.js';
import type { Chunk } from '../metadata/footer.js';
import { dictionaryOf, noPage, type Page, type PageDecoder, pageOf } from './data-page.js';
import { entriesOf, PageHeaders, type PageRange } from './page-headers.js';
import { noValues, type PageValues } from './page-values.js';

/** Called before each page is read. May delay the read, or throw an error to stop it. */
export type PageGate = (page: PageRange) => Promise<void> | void;

export class ColumnPages {
  readonly #headers: PageHeaders;
  readonly #decoder: PageDecoder;
  readonly #gate: PageGate;
  #dictionary: PageValues = noValues;

  constructor(file: FileBytes, chunk: Chunk, decoder: PageDecoder, gate: PageGate) {
    this.#headers = new PageHeaders(file, chunk);
    this.#decoder = decoder;
    this.#gate = gate;
  }

  /**
   * Skips whole pages as long as they contain at most `skip` entries in total. Then returns the next data page, and the
   * number of skipped entries. At the end of the column, the page is empty. Throws if a page is damaged.
   */
  async next(skip: number): Promise<{ page: Page; skipped: number }> {
    let skipped = 0;
    for (;;) {
      const range = await this.#headers.next();
      if (range === null) return { page: noPage, skipped };
      await this.#gate(range);
      const { header } = range;
      const isDictionary = header.dictionary_page_header !== undefined;
      const entries = entriesOf(header);
      if (!isDictionary && entries <= skip - skipped) {
        skipped += entries;
        continue;
      }
      const body = await this.#headers.body(range);
      if (header.crc !== undefined && crc32(body) >>> 0 !== header.crc >>> 0)
        throw new Error('a page with a wrong checksum');
      if (isDictionary) this.#dictionary = dictionaryOf(this.#decoder, header, body);
      else {
        const page = pageOf(this.#decoder, header, body, this.#dictionary);
        this.#headers.free();
        return { page, skipped };
      }
    }
  }
}
