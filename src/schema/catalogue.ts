// What the target is known to have: tables, columns, types. A type is known once the target reported it or
// acknowledged a request that carried it, never merely because a point was seen.

import type { Column, ColumnType, Introduction, Look, Shape, TargetColumn } from '../model.js';

type Columns = Map<string, ColumnType | null>;

const typeNames: Record<ColumnType, string> = {
  tag: 'a tag',
  float: 'a float (DOUBLE)',
  integer: 'an integer (BIGINT)',
  unsigned: 'an unsigned integer (BIGINT UNSIGNED)',
  boolean: 'a boolean',
  string: 'a string',
};

export class Catalogue {
  readonly #tables = new Map<string, Columns>();
  #size = 0;
  #newTables = 0;
  #newColumns = 0;

  constructor(columns: readonly TargetColumn[]) {
    for (const { table, name, type } of columns) this.#set(this.#table(table), name, type);
  }

  /** Tables and columns that came in by `pin` and `refresh`, that is: that this load brought to the target. */
  get introduced(): { tables: number; columns: number } {
    return { tables: this.#newTables, columns: this.#newColumns };
  }

  /** Columns of all tables. */
  get size(): number {
    return this.#size;
  }

  /** Compares a shape with what is known; changes nothing. */
  look(shape: Shape): Look {
    const columns = this.#tables.get(shape.table);
    let missing = columns === undefined;
    for (const { name, type } of shape.columns) {
      const known = columns?.get(name);
      if (known === undefined) missing = true;
      else if (known !== type) return conflict(shape.table, { name, type }, known);
    }
    return { kind: missing ? 'introduces' : 'known' };
  }

  /** The target acknowledged a request with these shapes in it: their columns are there, with these types. */
  pin(shapes: readonly Shape[]): void {
    for (const { table, columns } of shapes) this.#learn(table, columns);
  }

  /** The target was asked and has these columns of one table. */
  refresh(table: string, columns: readonly TargetColumn[]): void {
    if (columns.length > 0) this.#learn(table, columns);
  }

  /** A fresh, empty set of shapes for one batch. */
  introduction(): Introduction {
    return new Proposed();
  }

  #table(name: string): Columns {
    let columns = this.#tables.get(name);
    if (columns === undefined) {
      columns = new Map();
      this.#tables.set(name, columns);
    }
    return columns;
  }

  #learn(table: string, columns: readonly { name: string; type: ColumnType | null }[]): void {
    if (!this.#tables.has(table)) this.#newTables += 1;
    const known = this.#table(table);
    for (const { name, type } of columns) {
      if (!known.has(name)) this.#newColumns += 1;
      this.#set(known, name, type);
    }
  }

  #set(columns: Columns, name: string, type: ColumnType | null): void {
    if (!columns.has(name)) this.#size += 1;
    columns.set(name, type);
  }
}

class Proposed implements Introduction {
  readonly #shapes: Shape[] = [];
  readonly #types = new Map<string, Map<string, ColumnType>>();

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  add(shape: Shape): boolean {
    const types = this.#types.get(shape.table) ?? new Map<string, ColumnType>();
    if (shape.columns.some(({ name, type }) => (types.get(name) ?? type) !== type)) return false;
    // Past the bound on shapes every point comes by here: one that adds nothing must take no memory.
    if (shape.columns.every(({ name }) => types.has(name))) return true;
    for (const { name, type } of shape.columns) types.set(name, type);
    this.#types.set(shape.table, types);
    this.#shapes.push(shape);
    return true;
  }
}

function conflict(table: string, { name, type }: Column, known: ColumnType | null): Look {
  const has = known === null ? 'of a type that line protocol cannot write' : typeNames[known];
  return {
    kind: 'conflict',
    reason: 'type-conflict',
    message: `column "${name}" of "${table}" is ${has}, this point has ${typeNames[type]} there`,
  };
}
