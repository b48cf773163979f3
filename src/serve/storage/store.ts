// The databases on disk or in memory: catalogue, series and rows in DuckDB. Writes only append; rows that share series
// and time are merged when somebody is about to look. All calls run one after another.

import type { DuckDBAppender, DuckDBInstance } from '@duckdb/node-api';
import { type DatabaseOptions, defaultOptions } from '../sql/database-options.js';
import { appendRows, appendSeries } from './append-rows.js';
import { Database } from './database.js';
import {
  type Connection,
  type DuckDB,
  identifier,
  literal,
  loadDuckDB,
  openDuckDB,
  quote,
  sqlTypes,
} from './duckdb.js';
import { NEVER, newTable, type StoredSeries, type StoredTable, seriesOf, type TableColumn, visible } from './table.js';

const INTERNAL = quote('\ue003raw');
const MIB = 1 << 20;

function storageOf(kind: 'rows' | 'series', table: StoredTable): string {
  return `${INTERNAL}.${kind}_${table.id}`;
}

/** A name as it is kept in the catalogue: JSON, which has no NUL in it. */
function key(name: string): string {
  return literal(JSON.stringify(name));
}

function unkey(kept: unknown): string {
  return JSON.parse(String(kept)) as string;
}

/** Opens the store and reads its catalogue; a new one has the database `public`. */
export async function openStore(folder: string | null): Promise<Store> {
  const api = await loadDuckDB();
  const instance = await openDuckDB(api, folder);
  const store = new Store(api, instance, await instance.connect(), folder !== null);
  await store.exclusively(() => store.load());
  return store;
}

export class Store {
  readonly api: DuckDB;
  readonly connection: Connection;
  readonly databases = new Map<string, Database>();
  readonly #durable: boolean;
  readonly #instance: DuckDBInstance;
  readonly #appenders = new Map<StoredTable, DuckDBAppender>();
  #lastTable = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(api: DuckDB, instance: DuckDBInstance, connection: Connection, durable: boolean) {
    this.api = api;
    this.#durable = durable;
    this.#instance = instance;
    this.connection = connection;
  }

  /** Runs `work` when all work before it is done. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async load(): Promise<void> {
    this.databases.clear();
    await this.#run(`CREATE SCHEMA IF NOT EXISTS ${INTERNAL}`);
    await this.#run(`CREATE TABLE IF NOT EXISTS ${INTERNAL}.databases (name VARCHAR PRIMARY KEY, options VARCHAR)`);
    await this.#run(
      `CREATE TABLE IF NOT EXISTS ${INTERNAL}.tables (id INTEGER PRIMARY KEY, database VARCHAR, name VARCHAR, columns VARCHAR)`,
    );
    for (const [name, options] of await this.#rows(`SELECT name, options FROM ${INTERNAL}.databases`))
      this.#adopt(unkey(name), JSON.parse(String(options)) as DatabaseOptions);
    for (const row of await this.#rows(`SELECT id, database, name, columns FROM ${INTERNAL}.tables`)) {
      this.#lastTable = Math.max(this.#lastTable, Number(row[0]));
      const columns = JSON.parse(String(row[3])) as TableColumn[];
      const table = newTable(unkey(row[2]), Number(row[0]), columns, true);
      const database = this.databases.get(unkey(row[1]));
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
    await this.#run(`INSERT OR REPLACE INTO ${INTERNAL}.databases VALUES (${key(name)}, ${literal(options)})`);
  }

  async dropDatabase(database: Database): Promise<void> {
    for (const table of database.tables()) await this.dropTable(database, table);
    await this.#run(`DELETE FROM ${INTERNAL}.databases WHERE name = ${key(database.name)}`);
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

  /** Gives the table these columns: new, or what it has and more. */
  async setColumns(database: Database, table: StoredTable, columns: readonly TableColumn[]): Promise<void> {
    this.#closeAppender(table);
    if (table.created) await this.#addColumns(table, columns);
    else await this.#createTables(table, columns);
    table.created = true;
    table.columns = [...columns];
    await this.#run(
      `INSERT OR REPLACE INTO ${INTERNAL}.tables VALUES (${table.id}, ${key(database.name)}, ${key(table.name)}, ${literal(JSON.stringify(columns))})`,
    );
    await this.#createView(database, table);
  }

  async #createTables(table: StoredTable, columns: readonly TableColumn[]): Promise<void> {
    const list = (tags: boolean): string =>
      columns
        .filter((column) => column.tag === tags)
        .map((column) => `, ${definition(column)}`)
        .join('');
    await this.#run(`CREATE TABLE ${storageOf('rows', table)} (series INTEGER, time TIMESTAMP_NS${list(false)})`);
    await this.#run(`CREATE TABLE ${storageOf('series', table)} (id INTEGER${list(true)})`);
  }

  async #addColumns(table: StoredTable, columns: readonly TableColumn[]): Promise<void> {
    const known = new Set(table.columns.map((column) => column.name));
    for (const column of columns.filter((each) => !known.has(each.name)))
      await this.#run(
        `ALTER TABLE ${storageOf(column.tag ? 'series' : 'rows', table)} ADD COLUMN ${definition(column)}`,
      );
  }

  async #createView(database: Database, table: StoredTable): Promise<void> {
    if (!visible(table)) return;
    const columns = [...table.columns].sort((a, b) => Number(b.tag) - Number(a.tag));
    const list = columns.map(
      (column) => `${column.tag ? 's' : 'r'}.${identifier(`f:${column.name}`)} AS ${identifier(column.name)}`,
    );
    await this.#run(
      `CREATE OR REPLACE VIEW ${identifier(database.name)}.${identifier(table.name)} AS SELECT ${['r.time AS time', ...list].join(', ')} ` +
        `FROM ${storageOf('rows', table)} r JOIN ${storageOf('series', table)} s ON r.series = s.id`,
    );
  }

  /** Runs the work as one transaction. What appenders hold is part of it. */
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

  /** For writes: a transaction where data is kept, since acknowledged means committed; in memory rows may gather. */
  async writing<T>(work: () => Promise<T>): Promise<T> {
    if (this.#durable) return this.transaction(work);
    try {
      return await work();
    } catch (error) {
      this.#flush();
      await this.#recover();
      throw error;
    }
  }

  /** After a failure the catalogue in memory may be ahead of the stored one. */
  async #recover(): Promise<void> {
    this.#appenders.clear();
    await this.load();
  }

  #flush(): void {
    for (const appender of this.#appenders.values()) appender.flushSync();
  }

  /** Appends the rows that the table holds for this request. */
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
      const appender = await this.connection.createAppender(`series_${table.id}`, '\ue003raw');
      appendSeries(appender, table, fresh);
      appender.closeSync();
    }
    appendRows(this.api, await this.#appender(table), table);
  }

  /** Makes all rows visible, and merges those of one series and time field by field: the last value that is not null wins. */
  async merge(): Promise<void> {
    this.#flush();
    for (const database of this.databases.values())
      for (const table of database.tables()) if (table.overlapping) await this.#mergeTable(table);
  }

  async #mergeTable(table: StoredTable): Promise<void> {
    this.#closeAppender(table);
    const rows = storageOf('rows', table);
    const names = table.columns.filter((each) => !each.tag).map((column) => identifier(`f:${column.name}`));
    const merged = names.map((name) => `arg_max(${name}, rowid) AS ${name}`);
    const list = ['series', 'time', ...merged].join(', ');
    await this.transaction(async () => {
      await this.#run(
        `CREATE TABLE ${rows}_merged AS SELECT ${list} FROM ${rows} GROUP BY series, time ORDER BY min(rowid)`,
      );
      await this.#run(`DROP TABLE ${rows}`);
      await this.#run(`ALTER TABLE ${rows}_merged RENAME TO rows_${table.id}`);
    });
    table.overlapping = false;
  }

  async close(): Promise<void> {
    await this.exclusively(async () => {
      for (const table of [...this.#appenders.keys()]) this.#closeAppender(table);
      this.connection.closeSync();
      this.#instance.closeSync();
    });
  }

  async #appender(table: StoredTable): Promise<DuckDBAppender> {
    let appender = this.#appenders.get(table);
    if (appender === undefined) {
      appender = await this.connection.createAppender(`rows_${table.id}`, '\ue003raw');
      this.#appenders.set(table, appender);
    }
    return appender;
  }

  #closeAppender(table: StoredTable): void {
    this.#appenders.get(table)?.closeSync();
    this.#appenders.delete(table);
  }

  async #run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  async #rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.connection.run(sql)).getRows();
  }
}

function definition(column: TableColumn): string {
  return `${identifier(`f:${column.name}`)} ${sqlTypes[column.type]}`;
}
