// Stores for each point of a batch where it ends in the request body, and where its original input is. The entry of a
// point has five words. Most points are consecutive, unchanged lines of the input. For such points, only the word `END`
// is written at first. The other four words are written only when a split, a reject or a stop of the load needs them.

import { LENGTH, LINE, POINT_WORDS, SOURCE_LENGTH, SOURCE_START, START } from '../core/types/index.js';
import { END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SIDE, SLOT_WORDS, type Slot } from './arena.js';

/**
 * Consecutive points that are sent unchanged. Each point is one line of the input. Only the last point may be several
 * lines, because a string in it may contain an LF.
 */
interface EntryStretch {
  readonly point: number;
  count: number;
  /** Offset of the first point in the request body. */
  readonly from: number;
  /** Line number and input offset of the first point, minus those of the first point or reject of the batch. */
  readonly line: number;
  readonly offset: number;
}

/** Numbers that are added to the positions in `Points.index`, to get positions in the batch. */
interface EntryShift {
  readonly body: number;
  readonly side: number;
  readonly line: number;
  readonly offset: number;
}

export class Entries {
  readonly #slot: Slot;
  #stretches: EntryStretch[] = [];
  #count = 0;
  /** The five words of the last point. Unlike the words in the slot, these words are always complete. */
  readonly #last = new Float64Array(SLOT_WORDS);

  constructor(slot: Slot) {
    this.#slot = slot;
  }

  /**
   * Adds the next point. `side` is 1 plus the offset of the original input in `Slot.side`, or 0 if the body contains
   * the original input.
   */
  add(end: number, side: number, original: number, line: number, offset: number): void {
    this.#slot.index.set(this.#setLast(end, side, original, line, offset), this.#count * SLOT_WORDS);
    this.#count += 1;
  }

  /**
   * Adds the unchanged points of an `EntryStretch`. `index` is their part of `Points.index`. The first point begins at
   * offset `from` of the body. `line` and `offset` are its position in the input, minus the position of the first point
   * or reject of the batch.
   */
  stretch(index: Uint32Array, from: number, line: number, offset: number): void {
    const words = this.#slot.index;
    const count = index.length / POINT_WORDS;
    let end = from;
    let at = this.#count * SLOT_WORDS + END;
    for (let word = LENGTH; word < index.length; word += POINT_WORDS, at += SLOT_WORDS) {
      end += index[word]! + 1;
      words[at] = end;
    }
    const before = this.#stretches.at(-1);
    const adjacent = before !== undefined && before.point + before.count === this.#count;
    if (adjacent && line === before.line + before.count && offset - from === before.offset - before.from) {
      before.count += count;
    } else {
      this.#stretches.push({ point: this.#count, count, from, line, offset });
    }
    this.#count += count;
    const length = index[index.length - POINT_WORDS + LENGTH]!;
    this.#setLast(end, 0, length, line + count - 1, offset + end - 1 - length - from);
  }

  /**
   * Adds rewritten points. `index` is their part of `Points.index`. The points follow each other in the body.
   * `Slot.side` contains the original input of the points.
   */
  addRewritten(index: Uint32Array, shift: EntryShift): void {
    const words = this.#slot.index;
    let at = this.#count * SLOT_WORDS;
    for (let word = 0; word < index.length; word += POINT_WORDS, at += SLOT_WORDS) {
      words[at + END] = index[word + START]! + index[word + LENGTH]! + 1 + shift.body;
      words[at + SIDE] = index[word + SOURCE_START]! + 1 + shift.side;
      words[at + ORIGINAL] = index[word + SOURCE_LENGTH]!;
      words[at + LINE_DELTA] = index[word + LINE]! + shift.line;
      words[at + OFFSET_DELTA] = index[word + SOURCE_START]! + shift.offset;
    }
    this.#count += index.length / POINT_WORDS;
    this.#last.set(words.subarray(at - SLOT_WORDS, at));
  }

  /** Returns word `which` (such as END) of point `i`. */
  word(i: number, which: number): number {
    if (which === END) return this.#slot.index[i * SLOT_WORDS + END]!;
    if (i === this.#count - 1) return this.#last[which]!;
    return this.all()[i * SLOT_WORDS + which]!;
  }

  /** Returns the offset of point `i` in the body. */
  start(i: number): number {
    return i === 0 ? 0 : this.word(i - 1, END);
  }

  /** Returns the words of all points, in order. */
  all(): Uint32Array {
    for (const each of this.#stretches) this.#write(each);
    this.#stretches = [];
    return this.#slot.index.subarray(0, this.#count * SLOT_WORDS);
  }

  #setLast(end: number, side: number, original: number, line: number, offset: number): Float64Array {
    const last = this.#last;
    last[END] = end;
    last[SIDE] = side;
    last[ORIGINAL] = original;
    last[LINE_DELTA] = line;
    last[OFFSET_DELTA] = offset;
    return last;
  }

  #write({ point, count, from, line, offset }: EntryStretch): void {
    const { index } = this.#slot;
    let start = from;
    for (let i = 0; i < count; i += 1) {
      const at = (point + i) * SLOT_WORDS;
      const end = index[at + END]!;
      index[at + SIDE] = 0;
      index[at + ORIGINAL] = end - 1 - start;
      index[at + LINE_DELTA] = line + i;
      index[at + OFFSET_DELTA] = offset + (start - from);
      start = end;
    }
  }
}

/**
 * Returns how many bytes of `Slot.side` the point at `word` in `Points.index` needs. A point that was rewritten or lost
 * trailing blanks needs its whole original input. Any other point needs 0 bytes, because the body contains its original
 * input.
 */
export function sideBytes(index: Uint32Array, word: number): number {
  const length = index[word + SOURCE_LENGTH]!;
  return index[word + START] === index[word + SOURCE_START] && index[word + LENGTH] === length ? 0 : length;
}
