// The SQL of the store. Each CnosDB table has one table of rows and one table of series, which a view joins.

import { identifier, literal, quote, sqlTypes } from './duckdb.js';
import type { StoredTable, TableColumn } from './table.js';

export const internalSchema = '\ue003raw';
export const INTERNAL = quote(internalSchema);

/** Returns the name of the DuckDB table that stores the rows or the series of a table. */
export function storageOf(kind: 'rows' | 'series', table: StoredTable): string {
  return `${INTERNAL}.${kind}_${table.id}`;
}

/** Returns the key of a name in the catalogue: a string literal of SQL with JSON, which escapes NUL characters. */
export function nameKey(name: string): string {
  return literal(JSON.stringify(name));
}

export const catalogueTables: readonly string[] = [
  `CREATE SCHEMA IF NOT EXISTS ${INTERNAL}`,
  `CREATE TABLE IF NOT EXISTS ${INTERNAL}.databases (name VARCHAR PRIMARY KEY, options VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${INTERNAL}.tables (id INTEGER PRIMARY KEY, database VARCHAR, name VARCHAR, columns VARCHAR)`,
];

function definition(column: TableColumn): string {
  return `${identifier(`f:${column.name}`)} ${sqlTypes[column.type]}`;
}

/** Returns the statements that create the storage of a table. */
export function createStorage(table: StoredTable, columns: readonly TableColumn[]): string[] {
  const list = (tags: boolean): string =>
    columns
      .filter((column) => column.tag === tags)
      .map((column) => `, ${definition(column)}`)
      .join('');
  return [
    `CREATE TABLE ${storageOf('rows', table)} (series INTEGER, time TIMESTAMP_NS${list(false)})`,
    `CREATE TABLE ${storageOf('series', table)} (id INTEGER${list(true)})`,
  ];
}

/** Returns the statements that add missing columns to the storage of a table. */
export function addColumns(table: StoredTable, columns: readonly TableColumn[]): string[] {
  const known = new Set(table.columns.map((column) => column.name));
  return columns
    .filter((each) => !known.has(each.name))
    .map((each) => `ALTER TABLE ${storageOf(each.tag ? 'series' : 'rows', table)} ADD COLUMN ${definition(each)}`);
}

/** Returns the statement that creates the view for queries: time, tags and fields. */
export function createView(database: string, table: StoredTable): string {
  const columns = [...table.columns].sort((a, b) => Number(b.tag) - Number(a.tag));
  const list = columns.map(
    (column) => `${column.tag ? 's' : 'r'}.${identifier(`f:${column.name}`)} AS ${identifier(column.name)}`,
  );
  return (
    `CREATE OR REPLACE VIEW ${identifier(database)}.${identifier(table.name)} AS SELECT ${['r.time AS time', ...list].join(', ')} ` +
    `FROM ${storageOf('rows', table)} r JOIN ${storageOf('series', table)} s ON r.series = s.id`
  );
}

/**
 * Returns the statements that merge rows with the same series and time. In each field, the last value that is not null
 * wins.
 */
export function mergeRows(table: StoredTable): string[] {
  const rows = storageOf('rows', table);
  const names = table.columns.filter((each) => !each.tag).map((column) => identifier(`f:${column.name}`));
  const list = ['series', 'time', ...names.map((name) => `arg_max(${name}, rowid) AS ${name}`)].join(', ');
  return [
    `CREATE TABLE ${rows}_merged AS SELECT ${list} FROM ${rows} GROUP BY series, time ORDER BY min(rowid)`,
    `DROP TABLE ${rows}`,
    `ALTER TABLE ${rows}_merged RENAME TO rows_${table.id}`,
  ];
}
