// The column names of one point, to find duplicates. The set uses open addressing and compares names exactly, so that
// the time stays linear in the number of columns.

/** Largest number of columns in a point. */
export const MAX_COLUMNS = 16_384;
const SLOTS = 2 * MAX_COLUMNS;
const WORDS = 4;

/** Result of `add`: `new` for a new name, `full` for a full set, otherwise the kind of the column with this name. */
export type Added = 'new' | 'full' | 'tag' | 'field';

/**
 * A set of names, stored as ranges of bytes. `clear` takes constant time, because it only starts a new generation of
 * entries.
 */
export class ColumnSet {
  readonly #slots = new Int32Array(SLOTS * WORDS);
  #generation = 0;
  #count = 0;

  static readonly memoryBytes = SLOTS * WORDS * 4;

  clear(): void {
    this.#count = 0;
    this.#generation++;
    if (this.#generation > 0x3fff_ffff) {
      this.#slots.fill(0);
      this.#generation = 1;
    }
  }

  /** Adds the name in [from, to); `hash` is any hash of the name. */
  add(bytes: Uint8Array, from: number, to: number, hash: number, isTag: boolean): Added {
    if (this.#count === MAX_COLUMNS) return 'full';
    const slots = this.#slots;
    const stamp = this.#generation * 2 + (isTag ? 1 : 0);
    let at = (hash & (SLOTS - 1)) * WORDS;
    while (slots[at]! >> 1 === this.#generation) {
      if (slots[at + 1] === hash && same(bytes, slots[at + 2]!, slots[at + 3]!, from, to)) {
        return slots[at]! & 1 ? 'tag' : 'field';
      }
      at = (at + WORDS) & (SLOTS * WORDS - 1);
    }
    slots[at] = stamp;
    slots[at + 1] = hash;
    slots[at + 2] = from;
    slots[at + 3] = to;
    this.#count++;
    return 'new';
  }
}

function same(bytes: Uint8Array, a: number, aTo: number, b: number, bTo: number): boolean {
  if (aTo - a !== bTo - b) return false;
  while (a < aTo && bytes[a] === bytes[b]) {
    a++;
    b++;
  }
  return a === aTo;
}
