// Where reading stands in one column: at an entry of a page, and at the value that it stands for, if it stands for one.

import type { ColumnPages } from './column.js';
import type { Page } from './page.js';
import { noValues, type Values } from './values.js';

export class Cursor {
  /** Entries that are held and still to be read. */
  left = 0;
  values: Values = noValues;
  /** Whether they are a dictionary, so that they come more than once. */
  isDictionary = false;
  /** The value of the entry passed last: bytes [from, to) of `source`. Told by `locate`. */
  source: Uint8Array = noValues.bytes;
  from = 0;
  to = 0;
  readonly #pages: ColumnPages;
  readonly #highest: number;
  #page: Page | null = null;
  /** What comes behind it, where all of a column is held. */
  readonly #later: Page[] = [];
  #inPage = 0;
  #at = 0;
  #next = 0;
  /** The text before, where texts are written as what differs from it. */
  #text = Buffer.alloc(0);
  #textLength = 0;

  constructor(pages: ColumnPages, highest: number) {
    this.#pages = pages;
    this.#highest = highest;
  }

  /** Reads on until there is an entry, behind the next `skip` ones; false at the end of the column. Throws for what is damaged. */
  async fill(skip: number): Promise<boolean> {
    let pass = skip;
    while (this.left <= pass) {
      pass -= this.left;
      const { page, skipped } = await this.#pages.next(pass);
      if (page.count === 0) return false;
      pass -= skipped;
      this.left = page.count;
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
      this.left += page.count;
      this.#later.push(page);
    }
  }

  #turn(page: Page): void {
    this.#page = page;
    this.#inPage = page.count;
    this.#at = 0;
    this.#next = 0;
    this.values = page.values;
    this.isDictionary = page.places !== null;
  }

  /** The page of the next entry. */
  #current(): Page {
    while (this.#inPage === 0) this.#turn(this.#later.shift()!);
    return this.#page!;
  }

  /** Level of the next entry, and at which list it goes on; 0 where a row begins. */
  get definition(): number {
    return this.#current().definitions?.[this.#at] ?? this.#highest;
  }

  get repetition(): number {
    return this.left === 0 ? 0 : (this.#current().repetitions?.[this.#at] ?? 0);
  }

  /** Goes on behind the next entry. @returns the number of its value; -1 where it has none */
  pass(): number {
    if (this.#inPage === 0) this.#current();
    const page = this.#page!;
    const at = this.#at++;
    this.left--;
    this.#inPage--;
    if (page.definitions !== null && page.definitions[at] !== this.#highest) return -1;
    const next = this.#next++;
    if (page.values.shared !== null) this.#share(page.values, next);
    return page.places === null ? next : page.places[next]!;
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

  #share({ bytes, starts, ends, shared }: Values, value: number): void {
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
