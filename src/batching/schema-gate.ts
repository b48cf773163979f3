// What becomes of a point because of its shape. A shape is looked at until the answer can no longer change; from then on
// it is one read of a table.

import type { Introduction, Points, Shape, ShapeMatch } from '../core/types/index.js';
import { UNCOUNTED_SHAPE } from '../core/types/index.js';
import type { OpenBatch } from './open-batch.js';

/** What the batcher asks about shapes; the catalogue answers. */
export interface SchemaGuard {
  /** Whether a point that introduces something may only follow others like it in a batch. */
  readonly introducesAlone: boolean;
  look(shape: Shape): ShapeMatch;
  introduction(): Introduction;
}

/** Instead of a number of values: the point introduces something and must not ride along in this batch. */
export const introducesSchema = -1;
/** Instead of a number of values: the point contradicts what the target has. */
export const isRejected = -2;

// 0: not settled yet.
const known = 1;
const conflicting = 2;

/** Judges the points of one format object: shape numbers mean what they mean there. */
export class SchemaGate {
  readonly #guard: SchemaGuard;
  #state = new Uint8Array(1024);
  #values = new Uint32Array(1024);
  #plain = new Int32Array(1024).fill(-1);
  /** Ordinal + 1 of the last batch that introduces this shape. */
  #introducedBy = new Uint32Array(1024);
  readonly #conflicts = new Map<number, { reason: string; message: string }>();

  constructor(guard: SchemaGuard) {
    this.#guard = guard;
  }

  /** Values of a point by the number of its shape, where that is all there is to know of it; else -1. */
  get plain(): Int32Array {
    return this.#plain;
  }

  /**
   * Values of point `i`, or what else is to be done with it. A point that introduces something is entered in the batch's
   * introduction: whoever asks takes the point into that batch, or the batch would claim what it does not bring.
   */
  judge(filling: OpenBatch, run: Points, i: number, number: number, ordinal: number): number {
    if (this.#state[number] === known) return this.#values[number]!;
    const counted = number !== UNCOUNTED_SHAPE;
    if (counted) {
      this.#ensure(number);
      if (this.#state[number] === conflicting) return isRejected;
      if (this.#introducedBy[number] === ordinal + 1) return this.#values[number]!;
    }
    const shape = counted ? run.shape(number) : run.shapeOf(i);
    const look = this.#guard.look(shape);
    const values = shape.columns.filter(({ type }) => type !== 'tag').length;
    if (look.kind === 'conflict') this.#conflicts.set(number, look);
    if (counted) {
      this.#values[number] = values;
      if (look.kind !== 'introduces') this.#state[number] = look.kind === 'known' ? known : conflicting;
      if (look.kind === 'known') this.#plain[number] = values;
    }
    if (look.kind === 'known') return values;
    if (look.kind === 'conflict') return isRejected;
    if (!introduce(filling, shape, this.#guard)) return introducesSchema;
    if (counted) this.#introducedBy[number] = ordinal + 1;
    return values;
  }

  /** Why the point that was judged last, or any of its shape, is rejected. */
  conflict(number: number): { reason: string; message: string } {
    return this.#conflicts.get(number)!;
  }

  #ensure(number: number): void {
    if (number < this.#state.length) return;
    const size = 2 ** Math.ceil(Math.log2(number + 1));
    this.#state = grown(this.#state, new Uint8Array(size));
    this.#values = grown(this.#values, new Uint32Array(size));
    this.#introducedBy = grown(this.#introducedBy, new Uint32Array(size));
    this.#plain = grown(this.#plain, new Int32Array(size).fill(-1));
  }
}

/** Enters the shape with the batch; false when it has to have a batch of its own. */
function introduce(filling: OpenBatch, shape: Shape, guard: SchemaGuard): boolean {
  if (guard.introducesAlone && filling.introduction === null && !filling.empty) return false;
  filling.introduction ??= guard.introduction();
  return filling.introduction.add(shape);
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
