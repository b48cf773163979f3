// Stores the databases on disk or in memory: catalogue, series and rows are in DuckDB.
// Writes only append; a query first merges rows that share series and time.

import type { DuckDBAppender, DuckDBInstance } from '@duckdb/node-api';
import { MIB } from '../../core/units.js';
import { type DatabaseOptions, defaultOptions } from '../sql/database-options.js';
import { appendRows, appendSeries } from './append-rows.js';
import { Database } from './database.js';
import { type Connection, type DuckDB, identifier, literal, loadDuckDB, openDuckDB } from './duckdb.js';
import { type QueryLimits, QueryRunner } from './query-runner.js';
import { NEVER, newTable, type StoredSeries, type StoredTable, seriesOf, type TableColumn, visible } from './table.js';
import * as sql from './table-sql.js';

const { INTERNAL, storageOf, nameKey } = sql;

function nameOf(key: unknown): string {
  return JSON.parse(String(key)) as string;
}

/** Opens the store and reads its catalogue. A new store has the database `public`. */
export async function openStore(folder: string | null, limits: QueryLimits): Promise<Store> {
  const api = await loadDuckDB();
  const instance = await openDuckDB(api, folder);
  const store = new Store(api, instance, await instance.connect(), folder !== null, limits);
  await store.exclusively(() => store.load());
  return store;
}

export class Store {
  readonly api: DuckDB;
  readonly connection: Connection;
  readonly queries: QueryRunner;
  readonly databases = new Map<string, Database>();
  readonly #durable: boolean;
  readonly #instance: DuckDBInstance;
  readonly #appenders = new Map<StoredTable, DuckDBAppender>();
  #lastTable = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(api: DuckDB, instance: DuckDBInstance, connection: Connection, durable: boolean, limits: QueryLimits) {
    this.api = api;
    this.#durable = durable;
    this.#instance = instance;
    this.connection = connection;
    this.queries = new QueryRunner(instance, limits);
  }

  /** Runs `work` after all earlier work has ended. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async load(): Promise<void> {
    this.databases.clear();
    await this.#run(...sql.catalogueTables);
    for (const [name, options] of await this.#rows(`SELECT name, options FROM ${INTERNAL}.databases`))
      this.#adopt(nameOf(name), JSON.parse(String(options)) as DatabaseOptions);
    for (const row of await this.#rows(`SELECT id, database, name, columns FROM ${INTERNAL}.tables`)) {
      this.#lastTable = Math.max(this.#lastTable, Number(row[0]));
      const columns = JSON.parse(String(row[3])) as TableColumn[];
      const table = newTable(nameOf(row[2]), Number(row[0]), columns, true);
      const database = this.databases.get(nameOf(row[1]));
      if (database === undefined) continue;
      database.adopt(table);
      await this.#loadSeries(table);
      await this.#loadBuckets(database, table);
    }
    if (!this.databases.has('public'))
      await this.createDatabase('public', { ...defaultOptions(), maxMemcacheSize: 512 * MIB, memcachePartitions: 16 });
  }

  async #loadSeries(table: StoredTable): Promise<void> {
    const tags = table.columns.filter((column) => column.tag).map((column) => column.name);
    for (const [id, ...values] of await this.#rows(`SELECT * FROM ${storageOf('series', table)}`)) {
      const present = tags.map((name, i) => [name, values[i]] as const).filter((tag) => tag[1] !== null);
      seriesOf(
        table,
        present.map(([name, value]) => [name, String(value)] as const),
      ).id = Number(id);
      table.nextSeries = Math.max(table.nextSeries, Number(id) + 1);
    }
    const byId = new Map([...table.series.values()].map((series) => [series.id, series]));
    const latest = `SELECT series, epoch_ns(max(time)), count(*) > count(DISTINCT time) FROM ${storageOf('rows', table)} GROUP BY series`;
    for (const [id, last, twice] of await this.#rows(latest)) {
      const series = byId.get(Number(id));
      if (series !== undefined) series.last = BigInt(String(last));
      if (twice === true) table.overlapping = true;
    }
  }

  async #loadBuckets(database: Database, table: StoredTable): Promise<void> {
    const bucket = `CAST(floor(epoch_ns(time) / ${database.options.vnodeDuration}) AS BIGINT)`;
    const found = await this.#rows(`SELECT DISTINCT ${bucket} FROM ${storageOf('rows', table)}`);
    for (const [number] of found) database.buckets.add(Number(number));
  }

  #adopt(name: string, options: DatabaseOptions): void {
    this.databases.set(name, new Database(name, options, () => ++this.#lastTable));
  }

  async createDatabase(name: string, options: DatabaseOptions): Promise<void> {
    await this.#run(`CREATE SCHEMA IF NOT EXISTS ${identifier(name)}`);
    this.#adopt(name, options);
    await this.saveOptions(name);
  }

  async saveOptions(name: string): Promise<void> {
    const options = JSON.stringify(this.databases.get(name)?.options);
    await this.#run(`INSERT OR REPLACE INTO ${INTERNAL}.databases VALUES (${nameKey(name)}, ${literal(options)})`);
  }

  async dropDatabase(database: Database): Promise<void> {
    for (const table of database.tables()) await this.dropTable(database, table);
    await this.#run(`DELETE FROM ${INTERNAL}.databases WHERE name = ${nameKey(database.name)}`);
    this.databases.delete(database.name);
  }

  async dropTable(database: Database, table: StoredTable): Promise<void> {
    this.#closeAppender(table);
    await this.#run(`DROP VIEW IF EXISTS ${identifier(database.name)}.${identifier(table.name)}`);
    await this.#run(`DROP TABLE ${storageOf('rows', table)}`);
    await this.#run(`DROP TABLE ${storageOf('series', table)}`);
    await this.#run(`DELETE FROM ${INTERNAL}.tables WHERE id = ${table.id}`);
    database.remove(table.name);
  }

  /** Creates the table, or adds the columns that the table lacks. */
  async setColumns(database: Database, table: StoredTable, columns: readonly TableColumn[]): Promise<void> {
    this.#closeAppender(table);
    await this.#run(...(table.created ? sql.addColumns(table, columns) : sql.createStorage(table, columns)));
    table.created = true;
    table.columns = [...columns];
    await this.#run(
      `INSERT OR REPLACE INTO ${INTERNAL}.tables VALUES (${table.id}, ${nameKey(database.name)}, ${nameKey(table.name)}, ${literal(JSON.stringify(columns))})`,
    );
    if (visible(table)) await this.#run(sql.createView(database.name, table));
  }

  /** Runs the work as one transaction, which includes pending appends. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    this.#flush();
    try {
      await this.#run('BEGIN');
      const result = await work();
      this.#flush();
      await this.#run('COMMIT');
      return result;
    } catch (error) {
      await this.#run('ROLLBACK').catch(() => undefined);
      await this.#recover();
      throw error;
    }
  }

  /**
   * Runs a write. With a data folder, a write is a transaction, because an acknowledged write must be on disk. In
   * memory, DuckDB may buffer appends.
   */
  async writeThrough<T>(work: () => Promise<T>): Promise<T> {
    if (this.#durable) return this.transaction(work);
    try {
      return await work();
    } catch (error) {
      this.#flush();
      await this.#recover();
      throw error;
    }
  }

  /** Reloads the catalogue. After a failure, the catalogue in memory may have columns that were not stored. */
  async #recover(): Promise<void> {
    this.#appenders.clear();
    await this.load();
  }

  #flush(): void {
    for (const appender of this.#appenders.values()) appender.flushSync();
  }

  /** Appends the table's rows of this request. */
  async append(table: StoredTable): Promise<void> {
    const { rows } = table;
    const fresh: StoredSeries[] = [];
    for (let row = 0; row < rows.count; row++) {
      const series = rows.series[row];
      if (series.id < 0) {
        series.id = table.nextSeries++;
        fresh.push(series);
      }
      if (rows.times[row] > series.last) series.last = rows.times[row];
      else if (series.last !== NEVER) table.overlapping = true;
    }
    if (fresh.length > 0) {
      const appender = await this.connection.createAppender(`series_${table.id}`, sql.internalSchema);
      appendSeries(appender, table, fresh);
      appender.closeSync();
    }
    appendRows(this.api, await this.#appender(table), table);
  }

  /** Makes all rows visible to queries, and merges rows that share series and time. */
  async merge(): Promise<void> {
    this.#flush();
    for (const database of this.databases.values())
      for (const table of database.tables()) if (table.overlapping) await this.#mergeTable(table);
  }

  async #mergeTable(table: StoredTable): Promise<void> {
    this.#closeAppender(table);
    await this.transaction(() => this.#run(...sql.mergeRows(table)));
    table.overlapping = false;
  }

  /** Interrupts queries, completes writes and closes the database. Returns false if DuckDB still runs a query. */
  async close(): Promise<boolean> {
    const isIdle = await this.queries.close();
    await this.exclusively(async () => {
      for (const table of [...this.#appenders.keys()]) this.#closeAppender(table);
      this.connection.closeSync();
      if (isIdle) this.#instance.closeSync();
    });
    return isIdle;
  }

  async #appender(table: StoredTable): Promise<DuckDBAppender> {
    let appender = this.#appenders.get(table);
    if (appender === undefined) {
      appender = await this.connection.createAppender(`rows_${table.id}`, sql.internalSchema);
      this.#appenders.set(table, appender);
    }
    return appender;
  }

  #closeAppender(table: StoredTable): void {
    this.#appenders.get(table)?.closeSync();
    this.#appenders.delete(table);
  }

  async #run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.connection.run(statement);
  }

  async #rows(statement: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.connection.run(statement)).getRows();
  }
}
