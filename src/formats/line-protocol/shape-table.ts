// Numbers for shapes, found by their 64-bit hash in an exact open-addressed table that lies in the memory it shares
// with the kernel. It never forgets: numbers hold for as long as the format lives.

import { parseShape } from '../../core/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';

/** A slot: low and high half of the hash, number + 1 (0: empty), nothing. */
export const SHAPE_SLOT_BYTES = 16;

/** Slots of a table for so many shapes: a power of two, at most half of them ever taken. */
export function shapeSlots(maxShapes: number): number {
  let slots = 16;
  while (slots < 2 * maxShapes) slots *= 2;
  return slots;
}

/** The table and, beside it, what each number stands for. */
export class Shapes {
  readonly #table: Int32Array;
  readonly #maxShapes: number;
  readonly #shapes: Shape[] = [];

  constructor(table: Int32Array, maxShapes: number) {
    this.#table = table;
    this.#maxShapes = maxShapes;
  }

  /** How many have a number. */
  get count(): number {
    return this.#shapes.length;
  }

  /** Shape of a number that `number` gave out. */
  shape(number: number): Shape {
    const shape = this.#shapes[number];
    if (shape === undefined) throw new RangeError(`asked for shape ${number} — ${this.#shapes.length} are known`);
    return shape;
  }

  /** Number of the shape with this hash; a new one is parsed from `point`, unless the table is full. */
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
