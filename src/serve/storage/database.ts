// One database in memory: its options, tables and parser caches.

import type { DatabaseOptions } from '../sql/database-options.js';
import { newTable, type StoredSeries, type StoredTable } from './table.js';

/** Returns the next unused table number. The number names the table's storage. */
export type NextTable = () => number;

export class Database {
  readonly name: string;
  readonly options: DatabaseOptions;
  /** Series. The key is the text of measurement and tags as a request contains them, with escapes. */
  readonly heads = new Map<string, StoredSeries>();
  /** Numbers of the existing time buckets. */
  readonly buckets = new Set<number>();
  /** Bytes written since the last flush, for a metric. */
  cached = 0;
  readonly #tables = new Map<string, StoredTable>();
  readonly #next: NextTable;

  constructor(name: string, options: DatabaseOptions, next: NextTable) {
    this.name = name;
    this.options = options;
    this.#next = next;
  }

  /** Returns the table with this name. A new table counts as existing only after its first successful write. */
  table(name: string): StoredTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = newTable(name, this.#next());
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Returns an existing table; undefined for any other name. */
  find(name: string): StoredTable | undefined {
    const table = this.#tables.get(name);
    return table?.created ? table : undefined;
  }

  adopt(table: StoredTable): void {
    this.#tables.set(table.name, table);
  }

  /** Lists existing tables, sorted by name. */
  tables(): StoredTable[] {
    return [...this.#tables.values()].filter((table) => table.created).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  remove(name: string): void {
    this.#tables.delete(name);
    this.heads.clear();
  }

  /** Removes the tables and series that a refused request introduced. */
  removeUncreated(): void {
    this.heads.clear();
    for (const table of [...this.#tables.values()]) {
      if (!table.created) this.#tables.delete(table.name);
      for (const [key, series] of table.series) if (series.id < 0) table.series.delete(key);
    }
  }
}
