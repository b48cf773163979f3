// One database in memory: its options, tables and what speeds up reading a body for it.

import type { DatabaseOptions } from '../sql/database-options.js';
import { newTable, type StoredSeries, type StoredTable } from './table.js';

/** Hands out the numbers of tables, which name their storage; never one twice. */
export type NextTable = () => number;

export class Database {
  readonly name: string;
  readonly options: DatabaseOptions;
  /** Measurement and tags as written → series. */
  readonly heads = new Map<string, StoredSeries>();
  /** Time buckets that exist. */
  readonly buckets = new Set<number>();
  /** Bytes written since the last flush, for the metrics. */
  cached = 0;
  readonly #tables = new Map<string, StoredTable>();
  readonly #next: NextTable;

  constructor(name: string, options: DatabaseOptions, next: NextTable) {
    this.name = name;
    this.options = options;
    this.#next = next;
  }

  /** The table of this name, also one that no write has created yet. */
  table(name: string): StoredTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = newTable(name, this.#next());
      this.#tables.set(name, table);
    }
    return table;
  }

  /** A table that exists. */
  find(name: string): StoredTable | undefined {
    const table = this.#tables.get(name);
    return table?.created ? table : undefined;
  }

  adopt(table: StoredTable): void {
    this.#tables.set(table.name, table);
  }

  /** Existing tables by name. */
  tables(): StoredTable[] {
    return [...this.#tables.values()].filter((table) => table.created).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  remove(name: string): void {
    this.#tables.delete(name);
    this.heads.clear();
  }

  /** Forgets tables and series that a refused request brought. */
  forgetUnborn(): void {
    this.heads.clear();
    for (const table of [...this.#tables.values()]) {
      if (!table.created) this.#tables.delete(table.name);
      for (const [key, series] of table.series) if (series.id < 0) table.series.delete(key);
    }
  }
}
