// Estimates the memory for reading a row group: the dictionary and one page of each column, or all pages of a column
// with lists. The largest row group is checked before the first row. `PageMeter` later checks the actual pages of every
// row group against the same budget.

import { InputError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { count, size } from '../../core/text.js';
import type { FileBytes, MemoryBudget } from '../../core/types/index.js';
import { columnMemoryBytes } from '../rows/rows-layout.js';
import type { Chunk, Footer } from './metadata/footer.js';
import type { Leaf } from './metadata/parquet-schema.js';
import { type SelectedColumns, selectedLeaves } from './metadata/selected-columns.js';
import { entriesOf, type PageHeader, PageHeaders, type PageRange } from './pages/page-headers.js';
import type { ReadProgress } from './read-progress.js';

/**
 * Bytes of memory per byte of pages: for the pages, decoder buffers and garbage. Measured: reading took 26 to 59 MiB
 * for 19 to 28 MiB of pages.
 */
const overhead = 1.75;
const fixedBytes = 12 * 1_048_576 + columnMemoryBytes;
// Memory for each entry (value or null) of a page, in addition to the encoded bytes of the page.
/** Bytes for an entry in a column of numbers: 2 for its two levels, 8 for the decoded number. */
const perNumber = 10;
/** Bytes for an entry in a column of texts: 2 for its two levels, 12 for three 32-bit offsets and lengths. */
const perText = 14;
/** Bytes for an entry of a page with a dictionary: 2 for its two levels, 4 for the dictionary index. */
const perIndex = 6;
/**
 * Bytes for an entry of a dictionary, in addition to its encoded bytes. This is an upper bound: a text needs 8 bytes,
 * for the offsets of its start and its end. Other values need fewer bytes.
 */
const perDictionaryEntry = 16;

function perEntry({ width }: Leaf): number {
  return width === 0 ? perText : perNumber;
}

function packedBytes(codec: string, size: number): number {
  return codec === 'UNCOMPRESSED' ? 0 : size;
}

/** Estimates from the footer how many bytes of memory all pages of one column in one row group need. */
function chunkBytes({ from, to, bytes, values, codec }: Chunk, leaf: Leaf): number {
  return bytes + packedBytes(codec, to - from) + values * perEntry(leaf);
}

/** Estimates from its header how many bytes of memory a page needs. */
function pageBytes(header: PageHeader, leaf: Leaf, codec: string): number {
  const { dictionary_page_header: dictionary, data_page_header: v1, data_page_header_v2: v2 } = header;
  const encoding = (v1 ?? v2)?.encoding ?? '';
  const entry = encoding.endsWith('_DICTIONARY') ? perIndex : perEntry(leaf);
  const entries = dictionary === undefined ? entry * entriesOf(header) : perDictionaryEntry * dictionary.num_values;
  return header.uncompressed_page_size + packedBytes(codec, header.compressed_page_size) + entries;
}

function total(pages: number): number {
  return fixedBytes + overhead * pages;
}

/** Throws InputError if the largest row group needs more memory than the budget. */
export async function assertFits(
  file: FileBytes,
  footer: Footer,
  columns: SelectedColumns,
  budget: MemoryBudget,
  name: string,
  progress: ReadProgress,
): Promise<void> {
  const leaves = selectedLeaves(columns);
  const whole = footer.groups.map(({ chunks }) =>
    chunks.length === 0 ? 0 : leaves.reduce((sum, leaf) => sum + chunkBytes(chunks[leaf.index]!, leaf), 0),
  );
  const largest = whole.reduce((max, bytes, i) => (bytes > whole[max]! ? i : max), 0);
  const group = footer.groups[largest];
  if (group === undefined || total(whole[largest]!) <= budget.bytes) return;
  let pages = 0;
  for (const [i, leaf] of leaves.entries()) {
    const chunk = group.chunks[leaf.index]!;
    const isList = i >= columns.flat.length;
    pages += isList ? chunkBytes(chunk, leaf) : await largestPages(file, chunk, leaf, progress);
  }
  if (total(pages) > budget.bytes) throw rowGroupError(name, footer, largest, total(pages), budget);
}

/**
 * Reads all page headers of one column in a row group. Returns how many bytes of memory the dictionary and the largest
 * page of the column need together.
 */
async function largestPages(file: FileBytes, chunk: Chunk, leaf: Leaf, progress: ReadProgress): Promise<number> {
  const headers = new PageHeaders(file, chunk, false);
  let dictionary = 0;
  let page = 0;
  // A damaged header ends the estimate here. The damage is reported later, when the page is read.
  for (;;) {
    const range = await headers.next().catch(() => null);
    if (range === null) return dictionary + page;
    await progress.check();
    const bytes = pageBytes(range.header, leaf, chunk.codec);
    if (range.header.dictionary_page_header === undefined) page = Math.max(page, bytes);
    else dictionary = Math.max(dictionary, bytes);
  }
}

/**
 * Adds up the memory of the loaded pages of one row group. Throws when the sum exceeds the budget. The check of the
 * footer is not enough, because page headers may state larger pages than the footer.
 */
export class PageMeter {
  readonly #limit: number;
  readonly #exceeded: (bytes: number) => RowGroupError;
  #bytes = 0;

  constructor(name: string, footer: Footer, group: number, budget: MemoryBudget) {
    this.#limit = budget.bytes;
    this.#exceeded = (bytes) => rowGroupError(name, footer, group, bytes, budget);
  }

  /**
   * Returns a function that the reader must call before it reads each page of the column. `keepsPages` is true for a
   * column in a list, because all its pages remain in memory.
   */
  column(leaf: Leaf, codec: string, keepsPages: boolean): (page: PageRange) => void {
    let dictionary = 0;
    let page = 0;
    return ({ header }) => {
      const bytes = pageBytes(header, leaf, codec);
      const isDictionary = header.dictionary_page_header !== undefined;
      const freed = isDictionary ? dictionary : keepsPages ? 0 : page;
      if (isDictionary) dictionary = bytes;
      else page = bytes;
      this.#bytes += bytes - freed;
      if (total(this.#bytes) > this.#limit) throw this.#exceeded(total(this.#bytes));
    };
  }
}

/**
 * Error for a row group that needs more memory than allowed. `group`: index of the row group. `bytes`: estimated memory
 * of the row group.
 */
export class RowGroupError extends InputError {
  readonly group: number;
  readonly bytes: number;

  constructor(message: Problem, group: number, bytes: number) {
    super(message);
    this.group = group;
    this.bytes = bytes;
  }
}

export function rowGroupError(
  name: string,
  footer: Footer,
  group: number,
  bytes: number,
  budget: MemoryBudget,
): RowGroupError {
  const limit = budget.limitFor(bytes);
  const rows = count(footer.groups[group]!.rows);
  const problem = {
    tried: `reading ${name}`,
    expected: `row groups that take at most ${size(budget.bytes)} of memory, as --memory-limit allows`,
    found: `row group ${group + 1} of ${footer.groups.length} with ${rows} rows, which takes about ${size(bytes)}`,
    fix: `${limit === null ? '' : `set --memory-limit ${limit}, `}read fewer columns with --fields, or write the file again with smaller row groups or pages`,
  };
  return new RowGroupError(problem, group, bytes);
}
