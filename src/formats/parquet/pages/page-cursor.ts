// Where reading stands in one column: at an entry of a page, and at the value that it stands for, if it stands for one.

import type { ColumnPages } from './column-pages.js';
import type { Page } from './data-page.js';
import { noValues, type PageValues } from './page-values.js';

export class PageCursor {
  values: PageValues = noValues;
  /** Whether they are a dictionary, so that they come more than once. */
  isDictionary = false;
  /** The value of the entry passed last: bytes [from, to) of `source`. Told by `locate`. */
  source: Uint8Array = noValues.bytes;
  from = 0;
  to = 0;
  readonly #pages: ColumnPages;
  readonly #highest: number;
  /** Of the page, so that a value is found without a way through it. */
  #definitions: Uint8Array | null = null;
  #repetitions: Uint8Array | null = null;
  #places: Int32Array | null = null;
  #isShared = false;
  #count = 0;
  #inPage = 0;
  #next = 0;
  /** What comes behind it, where all of a column is held, and entries in there. */
  readonly #later: Page[] = [];
  #behind = 0;
  /** The text before, where texts are written as what differs from it. */
  #text = Buffer.alloc(0);
  #textLength = 0;

  constructor(pages: ColumnPages, highest: number) {
    this.#pages = pages;
    this.#highest = highest;
  }

  /** Entries that are held and still to be read. */
  get left(): number {
    return this.#inPage + this.#behind;
  }

  /** Reads on until there is an entry, behind the next `skip` ones; false at the end of the column. Throws for what is damaged. */
  async fill(skip: number): Promise<boolean> {
    let pass = skip;
    while (this.left <= pass) {
      pass -= this.left;
      const { page, skipped } = await this.#pages.next(pass);
      if (page.count === 0) return false;
      pass -= skipped;
      this.#turn(page);
    }
    for (; pass > 0; pass--) this.pass();
    return true;
  }

  /** Reads all that is left of the column: what is in a list may go on in the next page. */
  async fillAll(): Promise<void> {
    for (;;) {
      const { page } = await this.#pages.next(0);
      if (page.count === 0) return;
      this.#behind += page.count;
      this.#later.push(page);
    }
  }

  #turn({ count, definitions, repetitions, values, places }: Page): void {
    this.#definitions = definitions;
    this.#repetitions = repetitions;
    this.#places = places;
    this.#isShared = values.shared !== null;
    this.#count = count;
    this.#inPage = count;
    this.#next = 0;
    this.values = values;
    this.isDictionary = places !== null;
  }

  /** Number in its page of the next entry. */
  #at(): number {
    while (this.#inPage === 0) {
      const page = this.#later.shift()!;
      this.#behind -= page.count;
      this.#turn(page);
    }
    return this.#count - this.#inPage;
  }

  /** Level of the next entry, and at which list it goes on; 0 where a row begins. */
  get definition(): number {
    const at = this.#at();
    return this.#definitions?.[at] ?? this.#highest;
  }

  get repetition(): number {
    if (this.left === 0) return 0;
    const at = this.#at();
    return this.#repetitions?.[at] ?? 0;
  }

  /** Goes on behind the next entry. @returns the number of its value; -1 where it has none */
  pass(): number {
    const at = this.#at();
    this.#inPage--;
    if (this.#definitions !== null && this.#definitions[at] !== this.#highest) return -1;
    const next = this.#next++;
    if (this.#isShared) this.#share(this.values, next);
    return this.#places === null ? next : this.#places[next]!;
  }

  /** Where the bytes of a value lie. */
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

  #share({ bytes, starts, ends, shared }: PageValues, value: number): void {
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
