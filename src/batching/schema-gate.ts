// Decides whether a point is accepted, rejected, or sent in a separate batch. The decision depends on the point's table
// and columns (its shape). Once the decision is final, it is read from an array for each further point of the shape.

import type { Introduction, Points, Shape, ShapeMatch } from '../core/types/index.js';
import { UNCOUNTED_SHAPE } from '../core/types/index.js';
import type { OpenBatch } from './open-batch.js';

/** Compares shapes with the known columns of the target. The catalogue implements this interface. */
export interface SchemaGuard {
  /** True if a batch that introduces tables or columns must begin with an introducing point. */
  readonly exclusive: boolean;
  match(shape: Shape): ShapeMatch;
  /** Number of known fields of a table in the target. */
  fields(table: string): number;
  /** Number of all known columns. The number grows whenever `fields` of a table grows. */
  readonly columns: number;
  introduction(): Introduction;
}

/** Result of `judge` for a point that introduces a table or column. Such a point must not enter this batch. */
export const introducesSchema = -1;
/** Result of `judge` for a point that must be rejected, for example because a column has another type in the target. */
export const isRejected = -2;

// Final decisions about a shape, stored in `#state`. A 0 in `#state` means that the decision is not final.
const known = 1;
const conflicting = 2;

/** Decides about the points of one format. Each format has its own shape numbers, so each format needs its own gate. */
export class SchemaGate {
  readonly #guard: SchemaGuard;
  #state = new Uint8Array(1024);
  #values = new Uint32Array(1024);
  #plain = new Int32Array(1024).fill(-1);
  /** By shape number: 1 plus the index of the last batch that introduces the shape; 0 if no batch does. */
  #introducedBy = new Uint32Array(1024);
  /** By shape number: table of the shape. */
  readonly #tables: string[] = [];
  /** By shape number: number of fields of the shape's table, as of the last `refresh`. */
  #slots = new Uint32Array(1024);
  #columns = 0;
  #uncountedSlots = 0;
  readonly #conflicts = new Map<number, { reason: string; message: string }>();

  constructor(guard: SchemaGuard) {
    this.#guard = guard;
  }

  /** Number of values of a point, by shape number; -1 for a shape with a column that is not known in the target. */
  get plain(): Int32Array {
    return this.#plain;
  }

  /** By shape number: number of fields of the shape's table, as of the last `refresh`. */
  get slots(): Uint32Array {
    return this.#slots;
  }

  /**
   * Updates the field counts of tables. One call before each run of points is enough, because the catalogue grows only
   * when a response from the target arrives, never while points are added.
   */
  refresh(): void {
    if (this.#columns === this.#guard.columns) return;
    this.#columns = this.#guard.columns;
    for (const [number, table] of this.#tables.entries())
      if (table !== undefined) this.#slots[number] = this.#guard.fields(table);
  }

  /**
   * Returns the number of field slots in the row of the point that `judge` has just accepted: one for each known field
   * of its table. If new columns give the point more values than known fields, returns the number of values.
   */
  slotsOf(number: number, values: number): number {
    return Math.max(values, number === UNCOUNTED_SHAPE ? this.#uncountedSlots : this.#slots[number]!);
  }

  /**
   * Decides about point `i`: returns its number of values, `introducesSchema` or `isRejected`. Adds the columns of an
   * introducing point to `open.introduction`, so the caller must then add the point to `open`.
   * @param number shape number of the point
   * @param ordinal index of the open batch
   */
  judge(open: OpenBatch, run: Points, i: number, number: number, ordinal: number): number {
    if (this.#state[number] === known) return this.#values[number]!;
    const counted = number !== UNCOUNTED_SHAPE;
    if (counted) {
      this.#grow(number);
      if (this.#state[number] === conflicting) return isRejected;
      if (this.#introducedBy[number] === ordinal + 1) return this.#values[number]!;
    }
    const shape = counted ? run.shape(number) : run.shapeOf(i);
    const match = this.#guard.match(shape);
    const values = shape.columns.filter(({ type }) => type !== 'tag').length;
    if (match.kind === 'conflict') this.#conflicts.set(number, match);
    const slots = this.#guard.fields(shape.table);
    if (!counted) this.#uncountedSlots = slots;
    else {
      this.#tables[number] = shape.table;
      this.#slots[number] = slots;
      this.#values[number] = values;
      if (match.kind !== 'introduces') this.#state[number] = match.kind === 'known' ? known : conflicting;
      if (match.kind === 'known') this.#plain[number] = values;
    }
    if (match.kind === 'known') return values;
    if (match.kind === 'conflict') return isRejected;
    if (!introduce(open, shape, this.#guard)) return introducesSchema;
    if (counted) this.#introducedBy[number] = ordinal + 1;
    return values;
  }

  /** Returns why points of a shape are rejected. */
  conflict(number: number): { reason: string; message: string } {
    return this.#conflicts.get(number)!;
  }

  #grow(number: number): void {
    if (number < this.#state.length) return;
    const size = 2 ** Math.ceil(Math.log2(number + 1));
    this.#state = grown(this.#state, new Uint8Array(size));
    this.#values = grown(this.#values, new Uint32Array(size));
    this.#introducedBy = grown(this.#introducedBy, new Uint32Array(size));
    this.#slots = grown(this.#slots, new Uint32Array(size));
    this.#plain = grown(this.#plain, new Int32Array(size).fill(-1));
  }
}

/**
 * Adds a shape to the new tables and columns of the batch. Returns false if the points of the shape must wait for
 * another batch.
 */
function introduce(open: OpenBatch, shape: Shape, guard: SchemaGuard): boolean {
  if (guard.exclusive && open.introduction === null && !open.empty) return false;
  open.introduction ??= guard.introduction();
  return open.introduction.add(shape);
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
