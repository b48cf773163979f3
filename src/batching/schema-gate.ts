// Decides by the shape of a point whether the point is accepted, rejected, or sent in a separate batch. After the
// decision about a shape is final, each point of the shape costs one table read.

import type { Introduction, Points, Shape, ShapeMatch } from '../core/types/index.js';
import { UNCOUNTED_SHAPE } from '../core/types/index.js';
import type { OpenBatch } from './open-batch.js';

/** Provides decisions about shapes, from the catalogue. */
export interface SchemaGuard {
  /** True if only a batch that begins with an introducing point may contain introducing points. */
  readonly exclusive: boolean;
  match(shape: Shape): ShapeMatch;
  /** Number of fields that the target is known to have in a table. */
  fields(table: string): number;
  /** Number of all known columns. It grows whenever `fields` of a table grows. */
  readonly columns: number;
  introduction(): Introduction;
}

/** Returned by `judge` instead of a number of values: the point introduces a table or column and needs another batch. */
export const introducesSchema = -1;
/** Returned by `judge` instead of a number of values: the point contradicts a column of the target. */
export const isRejected = -2;

// State of a shape; 0 while the decision is not final.
const known = 1;
const conflicting = 2;

/** Decides about the points of one format, because each format has its own shape numbers. */
export class SchemaGate {
  readonly #guard: SchemaGuard;
  #state = new Uint8Array(1024);
  #values = new Uint32Array(1024);
  #plain = new Int32Array(1024).fill(-1);
  /** Ordinal + 1 of the last batch that introduces a shape, by shape number. */
  #introducedBy = new Uint32Array(1024);
  /** Table by shape number. `#slots` holds the number of fields of the table as of the last `refresh`. */
  readonly #tables: string[] = [];
  #slots = new Uint32Array(1024);
  #columns = 0;
  #uncountedSlots = 0;
  readonly #conflicts = new Map<number, { reason: string; message: string }>();

  constructor(guard: SchemaGuard) {
    this.#guard = guard;
  }

  /** Number of values by shape number; -1 for a shape that is not known to the target. */
  get plain(): Int32Array {
    return this.#plain;
  }

  /** Number of fields of the table by shape number, as of the last `refresh`. */
  get slots(): Uint32Array {
    return this.#slots;
  }

  /** Updates the field counts of tables. Columns arrive only with responses of the target, so one call per run is enough. */
  refresh(): void {
    if (this.#columns === this.#guard.columns) return;
    this.#columns = this.#guard.columns;
    for (const [number, table] of this.#tables.entries())
      if (table !== undefined) this.#slots[number] = this.#guard.fields(table);
  }

  /** Returns the field slots in the row of the point judged last. An introducing point may have more fields than its table. */
  slotsOf(number: number, values: number): number {
    return Math.max(values, number === UNCOUNTED_SHAPE ? this.#uncountedSlots : this.#slots[number]!);
  }

  /**
   * Returns the number of values of point `i`, or `introducesSchema` or `isRejected`. Adds the columns of an introducing point
   * to the batch's introduction, so the caller must then take the point into that batch.
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

/** Adds a shape to the introduction of the batch; false if the shape needs another batch. */
function introduce(open: OpenBatch, shape: Shape, guard: SchemaGuard): boolean {
  if (guard.exclusive && open.introduction === null && !open.empty) return false;
  open.introduction ??= guard.introduction();
  return open.introduction.add(shape);
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
