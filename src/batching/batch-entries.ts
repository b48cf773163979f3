// What a batch knows of each of its points: where it ends in the body, where its original is. Nearly all points lie in
// the body as they lay in the input, line by line: for such a stretch nothing is written down until somebody asks, and
// then it is read from the body. Only splits, rejects and stops ask.

import { END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SIDE, SLOT_WORDS, type Slot } from './arena.js';

const LF = 10;

/** Points that lie in the body as in the input, each ended by the one LF that is in it but for the last, which may have more. */
interface EntryStretch {
  readonly point: number;
  count: number;
  /** Offset in the body of the first, and just past the last. */
  readonly from: number;
  to: number;
  /** Of the first, relative to the batch's first. */
  readonly line: number;
  readonly offset: number;
}

export class Entries {
  readonly #slot: Slot;
  #stretches: EntryStretch[] = [];
  #count = 0;
  /** The five words of the last point: it is asked for with every batch. */
  readonly #last = new Float64Array(SLOT_WORDS);
  #lastStart = 0;

  constructor(slot: Slot) {
    this.#slot = slot;
  }

  /** Enters the next point. `side`: offset of its original there + 1, or 0. */
  add(end: number, side: number, original: number, line: number, offset: number): void {
    this.#lastStart = this.#last[END]!;
    this.#slot.index.set(this.#keep(end, side, original, line, offset), this.#count * SLOT_WORDS);
    this.#count += 1;
  }

  /**
   * Enters points that lie in the body as they lay in the input, on one line each; only the last may hold an LF itself.
   * `line` and `offset` are those of the first, `length` that of the last.
   */
  stretch(count: number, from: number, to: number, line: number, offset: number, length: number): void {
    const before = this.#stretches.at(-1);
    const goesOn = before !== undefined && before.point + before.count === this.#count;
    if (goesOn && line === before.line + before.count && offset - from === before.offset - before.from) {
      before.count += count;
      before.to = to;
    } else {
      this.#stretches.push({ point: this.#count, count, from, to, line, offset });
    }
    this.#count += count;
    this.#lastStart = to - 1 - length;
    this.#keep(to, 0, length, line + count - 1, offset + this.#lastStart - from);
  }

  /** A word about point `i`; the body must be complete. */
  word(i: number, which: number): number {
    if (i === this.#count - 1) return this.#last[which]!;
    return this.all()[i * SLOT_WORDS + which]!;
  }

  /** Offset in the body of point `i`. */
  start(i: number): number {
    if (i === this.#count - 1) return this.#lastStart;
    return i === 0 ? 0 : this.word(i - 1, END);
  }

  /** Every word of all points, in order. */
  all(): Uint32Array {
    for (const each of this.#stretches) this.#write(each);
    this.#stretches = [];
    return this.#slot.index.subarray(0, this.#count * SLOT_WORDS);
  }

  #keep(end: number, side: number, original: number, line: number, offset: number): Float64Array {
    const last = this.#last;
    last[END] = end;
    last[SIDE] = side;
    last[ORIGINAL] = original;
    last[LINE_DELTA] = line;
    last[OFFSET_DELTA] = offset;
    return last;
  }

  #write({ point, count, from, to, line, offset }: EntryStretch): void {
    const { index, body } = this.#slot;
    let start = from;
    for (let i = 0; i < count; i += 1) {
      const end = i === count - 1 ? to : body.indexOf(LF, start) + 1;
      const at = (point + i) * SLOT_WORDS;
      index[at + END] = end;
      index[at + SIDE] = 0;
      index[at + ORIGINAL] = end - 1 - start;
      index[at + LINE_DELTA] = line + i;
      index[at + OFFSET_DELTA] = offset + (start - from);
      start = end;
    }
  }
}
