// Assigns a number to each shape (a database table with a set of columns). Shapes are found by their 64-bit hash, in a
// hash table with open addressing. The fast path (kernel) reads the same hash table. Numbers stay valid for the
// lifetime of the format.

import { parseShape } from '../../core/points/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';

/**
 * Size of a slot of the table, bytes. A slot has four words: the low half of the hash, the high half, the shape's
 * number plus 1 (0 in a free slot), and an unused word.
 */
export const SHAPE_SLOT_BYTES = 16;

/** Returns the number of slots for this many shapes: a power of two that is at least twice the number of shapes. */
export function shapeSlots(maxShapes: number): number {
  let slots = 16;
  while (slots < 2 * maxShapes) slots *= 2;
  return slots;
}

/** Finds the number of a shape by the shape's hash, and a shape by its number. */
export class Shapes {
  readonly #table: Int32Array;
  readonly #maxShapes: number;
  readonly #shapes: Shape[] = [];

  constructor(table: Int32Array, maxShapes: number) {
    this.#table = table;
    this.#maxShapes = maxShapes;
  }

  /** Number of shapes in the table. */
  get count(): number {
    return this.#shapes.length;
  }

  /** Returns the shape with this number. Throws RangeError for an unknown number. */
  shape(number: number): Shape {
    const shape = this.#shapes[number];
    if (shape === undefined) throw new RangeError(`no shape ${number}: ${this.#shapes.length} are known`);
    return shape;
  }

  /**
   * Returns the number of the shape whose hash has the halves `low` and `high`. For a new shape, parses `point` and
   * assigns a number. Returns UNCOUNTED_SHAPE if the table is full.
   */
  number(low: number, high: number, point: Uint8Array): number {
    const table = this.#table;
    const a = low | 0;
    const b = high | 0;
    let at = (a * 4) & (table.length - 1);
    while (table[at + 2] !== 0) {
      if (table[at] === a && table[at + 1] === b) return table[at + 2]! - 1;
      at = (at + 4) & (table.length - 1);
    }
    if (this.#shapes.length === this.#maxShapes) return UNCOUNTED_SHAPE;
    this.#shapes.push(parseShape(point));
    table[at] = a;
    table[at + 1] = b;
    table[at + 2] = this.#shapes.length;
    return this.#shapes.length - 1;
  }
}
