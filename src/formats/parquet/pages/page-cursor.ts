// Reads the entries of one column one after the other, and locates the bytes of their values.

import type { ColumnPages } from './column-pages.js';
import type { Page } from './data-page.js';
import { noValues, type PageValues } from './page-values.js';

export class PageCursor {
  values: PageValues = noValues;
  /** After `locate`, the value consists of the bytes [from, to) of `source`. */
  source: Uint8Array = noValues.bytes;
  from = 0;
  to = 0;
  // These fields are copied from the current page. Reading them from the page would take more time for each value.
  definitions: Uint8Array | null = null;
  indexes: Int32Array | null = null;
  /** Index of the next value in the current page. Nulls have no index. */
  nextValue = 0;
  /** Definition level of an entry that is not null. */
  readonly maxLevel: number;
  readonly #pages: ColumnPages;
  #repetitions: Uint8Array | null = null;
  #hasPrefixes = false;
  #count = 0;
  #leftInPage = 0;
  /** Pages that were read ahead, and their total number of entries. Pages are read ahead only for columns in lists. */
  readonly #queue: Page[] = [];
  #queued = 0;
  /**
   * The text that was read last. With DELTA_BYTE_ARRAY, a text is stored without the leading bytes that it shares with
   * the previous text.
   */
  #text = Buffer.alloc(0);
  #textLength = 0;

  constructor(pages: ColumnPages, maxLevel: number) {
    this.#pages = pages;
    this.maxLevel = maxLevel;
  }

  /** Number of unread entries in memory. */
  get left(): number {
    return this.#leftInPage + this.#queued;
  }

  /** Skips `skip` entries, then reads pages until an entry is in memory. Returns false at the end of the column. */
  async fill(skip: number): Promise<boolean> {
    let toSkip = skip;
    while (this.left <= toSkip) {
      toSkip -= this.left;
      const { page, skipped } = await this.#pages.next(toSkip);
      if (page.count === 0) return false;
      toSkip -= skipped;
      this.#open(page);
    }
    for (; toSkip > 0; toSkip--) this.next();
    return true;
  }

  /** Reads all pages of the column in this row group, because a list may continue on the next page. */
  async fillAll(): Promise<void> {
    for (;;) {
      const { page } = await this.#pages.next(0);
      if (page.count === 0) return;
      this.#queued += page.count;
      this.#queue.push(page);
    }
  }

  #open({ count, definitions, repetitions, values, indexes }: Page): void {
    this.definitions = definitions;
    this.#repetitions = repetitions;
    this.indexes = indexes;
    this.#hasPrefixes = values.shared !== null;
    this.#count = count;
    this.#leftInPage = count;
    this.nextValue = 0;
    this.values = values;
  }

  /** Index of the next entry in the current page. */
  get entry(): number {
    return this.#count - this.#leftInPage;
  }

  /** Skips `entries` entries of the current page. Afterwards, `nextValue` is the index of the next value. */
  advance(entries: number, nextValue: number): void {
    this.#leftInPage -= entries;
    this.nextValue = nextValue;
  }

  /** Opens the next page if no entries are left in this page. Returns the position of the next entry in its page. */
  #entry(): number {
    while (this.#leftInPage === 0) {
      const page = this.#queue.shift();
      if (page === undefined) throw new Error('fewer values than rows');
      this.#queued -= page.count;
      this.#open(page);
    }
    return this.entry;
  }

  /** Definition level of the next entry. */
  get definition(): number {
    const entry = this.#entry();
    return this.definitions?.[entry] ?? this.maxLevel;
  }

  /** Repetition level of the next entry; 0 if the entry begins a row. */
  get repetition(): number {
    if (this.left === 0) return 0;
    const entry = this.#entry();
    return this.#repetitions?.[entry] ?? 0;
  }

  /** Reads the next entry. Returns the index of its value; -1 for null. */
  next(): number {
    const entry = this.#entry();
    this.#leftInPage--;
    if (this.definitions !== null && this.definitions[entry] !== this.maxLevel) return -1;
    const index = this.nextValue++;
    if (this.#hasPrefixes) this.#completeText(this.values, index);
    return this.indexes === null ? index : this.indexes[index]!;
  }

  /** Sets `source`, `from` and `to` to the bytes of the value with this index. */
  locate(value: number, width: number): void {
    const { bytes, starts, ends, shared, from } = this.values;
    if (shared !== null) {
      this.source = this.#text;
      this.from = 0;
      this.to = this.#textLength;
      return;
    }
    this.source = bytes;
    this.from = starts === null ? from + value * width : starts[value]!;
    this.to = ends === null ? this.from + width : ends[value]!;
  }

  #completeText({ bytes, starts, ends, shared }: PageValues, value: number): void {
    const head = shared![value]!;
    const [from, to] = [starts![value]!, ends![value]!];
    const length = head + to - from;
    if (length > this.#text.length) {
      const grown = Buffer.alloc(2 * length);
      this.#text.copy(grown);
      this.#text = grown;
    }
    this.#text.set(bytes.subarray(from, to), head);
    this.#textLength = length;
  }
}
