// Numbers shapes by their 64-bit hash in an exact open-addressed table. The kernel reads the same table. Numbers stay valid
// for the lifetime of the format.

import { parseShape } from '../../core/points/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';

/** A slot holds both halves of the hash, number + 1 (0 when free), and a spare word. */
export const SHAPE_SLOT_BYTES = 16;

/** Slots of a table for this many shapes: a power of two, at most half full. */
export function shapeSlots(maxShapes: number): number {
  let slots = 16;
  while (slots < 2 * maxShapes) slots *= 2;
  return slots;
}

/** The table, and the shape of each number. */
export class Shapes {
  readonly #table: Int32Array;
  readonly #maxShapes: number;
  readonly #shapes: Shape[] = [];

  constructor(table: Int32Array, maxShapes: number) {
    this.#table = table;
    this.#maxShapes = maxShapes;
  }

  /** Count of numbered shapes. */
  get count(): number {
    return this.#shapes.length;
  }

  /** Returns the shape of a number. */
  shape(number: number): Shape {
    const shape = this.#shapes[number];
    if (shape === undefined) throw new RangeError(`no shape ${number}: ${this.#shapes.length} are known`);
    return shape;
  }

  /** Returns the number of the shape with this hash. Parses a new shape from `point`, unless the table is full. */
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
