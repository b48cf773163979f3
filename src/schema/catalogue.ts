// What the target is known to have: tables, columns, types. A type is known once the target reported it or
// acknowledged a request that carried it, never merely because a point was seen.

import type {
  Column,
  ColumnType,
  Introduction,
  RunDetails,
  Shape,
  ShapeMatch,
  TargetColumn,
} from '../core/types/index.js';

type Columns = Map<string, ColumnType | null>;

const typeNames: Record<ColumnType, string> = {
  tag: 'a tag',
  float: 'a float (DOUBLE)',
  integer: 'an integer (BIGINT)',
  unsigned: 'an unsigned integer (BIGINT UNSIGNED)',
  boolean: 'a boolean',
  string: 'a string',
};

/** Named of what the load brought. */
const mostTables = 100;
const mostColumns = 12;

export class Catalogue {
  readonly #tables = new Map<string, Columns>();
  #size = 0;
  #newTables = 0;
  #newColumns = 0;
  #further = 0;
  /** What this load brought, by table; the first tables and the first columns of each. */
  readonly #introduced = new Map<string, { readonly isNew: boolean; columns: number; readonly names: string[] }>();

  constructor(columns: readonly TargetColumn[]) {
    for (const { table, name, type } of columns) this.#set(this.#table(table), name, type);
  }

  /** Tables and columns that came in by `pin` and `refresh`, that is: that this load brought to the target. */
  get introduced(): { tables: number; columns: number } {
    return { tables: this.#newTables, columns: this.#newColumns };
  }

  /** The same by name: the first 100 tables, and the first 12 columns of each. */
  get introductions(): RunDetails['introduced'] {
    const shown = [...this.#introduced].map(([table, { isNew, columns, names }]) => {
      return { table, isNew, columns: { shown: names, more: columns - names.length } };
    });
    return { shown, more: this.#further };
  }

  /** Columns of all tables. */
  get size(): number {
    return this.#size;
  }

  /** Compares a shape with what is known; changes nothing. */
  look(shape: Shape): ShapeMatch {
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
    const isNew = !this.#tables.has(table);
    if (isNew) this.#newTables += 1;
    const known = this.#table(table);
    const fresh = columns.filter(({ name }) => !known.has(name));
    for (const { name, type } of columns) this.#set(known, name, type);
    this.#newColumns += fresh.length;
    if (fresh.length > 0) this.#note(table, isNew, fresh);
  }

  #note(table: string, isNew: boolean, fresh: readonly { name: string }[]): void {
    let brought = this.#introduced.get(table);
    if (brought === undefined) {
      if (this.#introduced.size >= mostTables) {
        // One that gets columns twice is counted twice here: to know better would take its name.
        this.#further += 1;
        return;
      }
      brought = { isNew, columns: 0, names: [] };
      this.#introduced.set(table, brought);
    }
    brought.columns += fresh.length;
    for (const { name } of fresh) if (brought.names.length < mostColumns) brought.names.push(name);
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

function conflict(table: string, { name, type }: Column, known: ColumnType | null): ShapeMatch {
  const has = known === null ? 'of a type that line protocol cannot write' : typeNames[known];
  return {
    kind: 'conflict',
    reason: 'type-conflict',
    message: `column "${name}" of "${table}" is ${has}, this point has ${typeNames[type]} there`,
  };
}
