// The tables, columns and types that the target is known to have. A column is known once the target has listed it or
// has acknowledged a request that contains it. Reading a point from an input does not add columns.

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
/** Returns the key that identifies a column within its table. */
type ColumnKey = (column: { readonly name: string; readonly type: ColumnType | null }) => string;

const columnName: ColumnKey = ({ name }) => name;
/**
 * Gives a tag and a field of the same name different keys. The prefix NUL is safe, because names never begin with NUL.
 */
const tagOrField: ColumnKey = ({ name, type }) => (type === 'tag' ? `\0${name}` : name);

const typeNames: Record<ColumnType, string> = {
  tag: 'a tag',
  float: 'a float (DOUBLE)',
  integer: 'an integer (BIGINT)',
  unsigned: 'an unsigned integer (BIGINT UNSIGNED)',
  boolean: 'a boolean',
  string: 'a string',
};

/** The catalogue keeps the names of at most 100 introduced tables, and of at most 12 new columns of each table. */
const maxTables = 100;
const maxColumns = 12;

export class Catalogue {
  readonly #tables = new Map<string, Columns>();
  /** Number of fields of each table, by the name of the table. */
  readonly #fields = new Map<string, number>();
  #size = 0;
  #newTables = 0;
  #newColumns = 0;
  #further = 0;
  readonly #key: ColumnKey;
  /** Tables that this load introduced or extended, at most `maxTables`, with the names of their first new columns. */
  readonly #introduced = new Map<string, { readonly isNew: boolean; columns: number; readonly names: string[] }>();

  /** @param sharedNames true if a tag and a field of one table may have the same name */
  constructor(columns: readonly TargetColumn[], sharedNames = false) {
    this.#key = sharedNames ? tagOrField : columnName;
    for (const { table, name, type } of columns) this.#set(table, name, type);
  }

  /** Numbers of tables and columns that this load introduced to the target. */
  get introduced(): { tables: number; columns: number } {
    return { tables: this.#newTables, columns: this.#newColumns };
  }

  /** For the first 100 tables that this load introduced or extended, the names of at most 12 new columns. */
  get introductions(): RunDetails['introduced'] {
    const shown = [...this.#introduced].map(([table, { isNew, columns, names }]) => {
      return { table, isNew, columns: { shown: names, more: columns - names.length } };
    });
    return { shown, more: this.#further };
  }

  /** Number of columns of all tables. */
  get size(): number {
    return this.#size;
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  /** Number of fields of a table; 0 for an unknown table. */
  fields(table: string): number {
    return this.#fields.get(table) ?? 0;
  }

  /** Compares a shape (a table with columns) with the known columns. */
  match(shape: Shape): ShapeMatch {
    const columns = this.#tables.get(shape.table);
    let missing = columns === undefined;
    for (const { name, type } of shape.columns) {
      const known = columns?.get(this.#key({ name, type }));
      if (known === undefined) missing = true;
      else if (known !== type) return conflict(shape.table, { name, type }, known);
    }
    return { kind: missing ? 'introduces' : 'known' };
  }

  /** Adds the columns of shapes that the target acknowledged. */
  pin(shapes: readonly Shape[]): void {
    for (const { table, columns } of shapes) this.#add(table, columns);
  }

  /**
   * Adds the columns that the target lists for one table. Columns of the shapes `introduced` count as introduced by
   * this load.
   */
  refresh(table: string, columns: readonly TargetColumn[], introduced: readonly Shape[] = []): void {
    const keys = new Set(introduced.flatMap((shape) => (shape.table === table ? shape.columns.map(this.#key) : [])));
    const own = columns.filter((column) => keys.has(this.#key(column)));
    if (own.length > 0) this.#add(table, own);
    for (const { name, type } of columns) this.#set(table, name, type);
  }

  /**
   * Returns an empty set of shapes for one batch.
   * @param exclusive true if all points of a table must have the same columns
   */
  introduction(exclusive = true): Introduction {
    return new ShapeSet(this.#key, exclusive);
  }

  #table(name: string): Columns {
    let columns = this.#tables.get(name);
    if (columns === undefined) {
      columns = new Map();
      this.#tables.set(name, columns);
    }
    return columns;
  }

  /** Adds columns. New columns count as introduced by this load. */
  #add(table: string, columns: readonly { name: string; type: ColumnType | null }[]): void {
    const isNew = !this.#tables.has(table);
    if (isNew) this.#newTables += 1;
    const known = this.#table(table);
    const fresh = columns.filter((column) => !known.has(this.#key(column)));
    for (const { name, type } of columns) this.#set(table, name, type);
    this.#newColumns += fresh.length;
    if (fresh.length > 0) this.#note(table, isNew, fresh);
  }

  #note(table: string, isNew: boolean, fresh: readonly { name: string }[]): void {
    let entry = this.#introduced.get(table);
    if (entry === undefined) {
      if (this.#introduced.size >= maxTables) {
        // Counts a table again each time it gets new columns, because remembering the counted tables would take memory.
        this.#further += 1;
        return;
      }
      entry = { isNew, columns: 0, names: [] };
      this.#introduced.set(table, entry);
    }
    entry.columns += fresh.length;
    for (const { name } of fresh) if (entry.names.length < maxColumns) entry.names.push(name);
  }

  #set(table: string, name: string, type: ColumnType | null): void {
    const columns = this.#table(table);
    const key = this.#key({ name, type });
    if (!columns.has(key)) {
      this.#size += 1;
      if (type !== 'tag') this.#fields.set(table, this.fields(table) + 1);
    }
    columns.set(key, type);
  }
}

/**
 * The tables and columns that one batch introduces. If `exclusive`, all points that introduce columns of a table have
 * the same columns. CnosDB distributes the points of a request to vnodes, and each vnode assigns numbers to its missing
 * columns. If vnodes received different new columns, these numbers would differ, and values would be stored under wrong
 * columns.
 */
class ShapeSet implements Introduction {
  readonly #key: ColumnKey;
  readonly #shapes: Shape[] = [];
  readonly #types = new Map<string, Map<string, ColumnType>>();
  readonly #exclusive: boolean;

  constructor(key: ColumnKey, exclusive: boolean) {
    this.#key = key;
    this.#exclusive = exclusive;
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  add(shape: Shape): boolean {
    const key = this.#key;
    const types = new Map(shape.columns.map((column) => [key(column), column.type]));
    const before = this.#types.get(shape.table);
    if (before === undefined) this.#types.set(shape.table, types);
    else {
      if ([...types].some(([name, type]) => (before.get(name) ?? type) !== type)) return false;
      // The code below runs for any number of points of a batch. So a shape without new columns must not allocate
      // lasting memory.
      if ([...types.keys()].every((name) => before.has(name))) return !this.#exclusive || types.size === before.size;
      if (this.#exclusive) return false;
      for (const [name, type] of types) before.set(name, type);
    }
    this.#shapes.push(shape);
    return true;
  }
}

function conflict(table: string, { name, type }: Column, known: ColumnType | null): ShapeMatch {
  const existing = known === null ? 'of a type that line protocol cannot write' : typeNames[known];
  return {
    kind: 'conflict',
    reason: 'type-conflict',
    message: `column "${name}" of "${table}" is ${existing}, but the point has ${typeNames[type]}`,
  };
}
