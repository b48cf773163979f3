// A time in two columns, as in `--time-column date,time`. A folder such as `date=2026-11-29` can replace one column.

import { SPACE } from '../../core/ascii.js';
import type { Reason } from '../reasons.js';
import { type Cells, type KernelFilling, type RowFiller, TEXT } from '../rows/cells.js';

/** Index of a column in the rows, or the text of a folder. The folder text is the same for all rows. */
export type TimePart = number | Uint8Array;

/** Joins two cells with a space. The result is the cell of an additional column after the columns of the header. */
export class JoinedTime implements RowFiller {
  readonly bytes = 0;
  readonly kernel: KernelFilling | undefined;
  readonly #memory: Uint8Array;
  readonly #parts: readonly TimePart[];
  readonly #next: RowFiller | null;

  /** @param next filler to apply to the row afterwards; null if no other filler is needed */
  constructor(memory: Uint8Array, parts: readonly TimePart[], next: RowFiller | null) {
    this.#memory = memory;
    this.#parts = parts;
    this.#next = next;
    const [date, clock] = parts;
    const isKnown =
      typeof date === 'number' && typeof clock === 'number' && (next === null || next.kernel !== undefined);
    this.kernel = isKnown ? { ...next?.kernel, time: [date, clock] } : undefined;
  }

  begin(): void {}

  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null {
    const texts = this.#parts.map((part) =>
      typeof part === 'number' ? this.#memory.subarray(cells.starts[part], cells.ends[part]) : part,
    );
    const joined = texts.reduce((length, text) => length + 1 + text.length, -1);
    if (joined > end - scratch) return 'too-long';
    let at = scratch;
    for (const [i, text] of texts.entries()) {
      if (i > 0) this.#memory[at++] = SPACE;
      this.#memory.set(text, at);
      at += text.length;
    }
    cells.reserve(real + 1);
    cells.kinds[real] = TEXT;
    cells.starts[real] = scratch;
    cells.ends[real] = scratch + joined;
    return this.#next?.fill(cells, real, scratch + joined, end) ?? null;
  }
}
