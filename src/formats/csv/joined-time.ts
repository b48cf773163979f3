// A time in two columns, as in `--time-column date,time`. A folder such as `date=2026-11-29` can be one of them.

import type { Reason } from '../reasons.js';
import { type Cells, type RowFiller, TEXT } from '../rows/cells.js';

/** A column of the rows, or the text of a folder that all rows share. */
export type TimePart = number | Uint8Array;

/** Joins two cells with a blank in a column after the real ones. */
export class JoinedTime implements RowFiller {
  readonly bytes = 0;
  readonly #memory: Uint8Array;
  readonly #parts: readonly TimePart[];
  readonly #next: RowFiller | null;

  /** @param next adds further cells to the same row */
  constructor(memory: Uint8Array, parts: readonly TimePart[], next: RowFiller | null) {
    this.#memory = memory;
    this.#parts = parts;
    this.#next = next;
  }

  begin(): void {}

  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null {
    const texts = this.#parts.map((part) =>
      typeof part === 'number' ? this.#memory.slice(cells.starts[part], cells.ends[part]) : part,
    );
    const joined = Buffer.from(texts.map((text) => Buffer.from(text).toString('latin1')).join(' '), 'latin1');
    if (joined.length > end - scratch) return 'too-long';
    this.#memory.set(joined, scratch);
    cells.reserve(real + 1);
    cells.kinds[real] = TEXT;
    cells.starts[real] = scratch;
    cells.ends[real] = scratch + joined.length;
    return this.#next?.fill(cells, real, scratch + joined.length, end) ?? null;
  }
}
