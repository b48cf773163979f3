// Executes CREATE, ALTER and DROP of databases and tables.

import { noDatabase, noTable, refusal } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import type { Store } from '../storage/store.js';
import type { StoredTable, TableColumn } from '../storage/table.js';
import type { StoredFieldType } from '../writes/parse-values.js';
import { defaultOptions, setOption } from './database-options.js';
import { columnTypes } from './describe-columns.js';
import { systemDatabases } from './information-schema.js';
import type { TokenCursor } from './tokens.js';

const changeable = new Set(['ttl', 'shard', 'vnode_duration', 'replica']);
const types = new Map(Object.entries(columnTypes).map(([type, name]) => [name, type as StoredFieldType]));

export function findDatabase(store: Store, name: string): Database {
  const database = store.databases.get(name);
  if (database === undefined) throw noDatabase(name);
  return database;
}

/** Reads a table name, `t` or `db.t`, and finds the table. */
export function findTable(
  store: Store,
  current: string,
  cursor: TokenCursor,
): { database: Database; table: StoredTable } {
  const { database, name } = tableName(store, current, cursor);
  const table = database.find(name);
  if (table === undefined) throw noTable(database.name, name);
  return { database, table };
}

function tableName(store: Store, current: string, cursor: TokenCursor): { database: Database; name: string } {
  const first = cursor.name();
  if (!cursor.accept('.')) return { database: findDatabase(store, current), name: first };
  return { database: findDatabase(store, first), name: cursor.name() };
}

export async function createDatabase(store: Store, cursor: TokenCursor): Promise<void> {
  const unlessThere = cursor.accept('if', 'not', 'exists');
  const name = cursor.name();
  cursor.accept('with');
  const options = defaultOptions();
  while (!cursor.done) readOption(cursor, (keyword, value) => setOption(options, keyword, value));
  if (store.databases.has(name)) {
    if (unlessThere) return;
    throw refusal('030018', `Database "${name}" already exists`);
  }
  if (name.includes('/') || name.trim() === '') throw cursor.expected('a database name without "/"');
  await store.transaction(() => store.createDatabase(name, options));
}

function readOption(cursor: TokenCursor, set: (keyword: string, value: string) => boolean): void {
  const keyword = cursor.name();
  cursor.accept('=');
  const value = cursor.next('a value').value;
  if (!set(keyword, value)) throw cursor.expected(`an option of a database, not ${keyword} '${value}'`);
}

export async function alterDatabase(store: Store, cursor: TokenCursor): Promise<void> {
  const database = findDatabase(store, cursor.name());
  cursor.accept('set');
  while (!cursor.done)
    readOption(cursor, (keyword, value) => changeable.has(keyword) && setOption(database.options, keyword, value));
  await store.transaction(() => store.saveOptions(database.name));
}

export async function dropDatabase(store: Store, cursor: TokenCursor): Promise<void> {
  const onlyIfThere = cursor.accept('if', 'exists');
  const name = cursor.name();
  if (cursor.accept('after')) cursor.next('a duration');
  cursor.end();
  if (systemDatabases.includes(name)) throw refusal('010065', `Can not drop system database: ${name}`);
  const database = store.databases.get(name);
  if (database !== undefined) await store.transaction(() => store.dropDatabase(database));
  else if (!onlyIfThere) throw noDatabase(name);
}

export async function createTable(store: Store, current: string, cursor: TokenCursor): Promise<void> {
  const unlessThere = cursor.accept('if', 'not', 'exists');
  const { database, name } = tableName(store, current, cursor);
  const columns = columnList(cursor);
  cursor.end();
  if (database.find(name) === undefined)
    await store.transaction(() => store.setColumns(database, database.table(name), columns));
  else if (!unlessThere) throw refusal('030020', `Table "${name}" already exists`);
}

function columnList(cursor: TokenCursor): TableColumn[] {
  const columns: TableColumn[] = [];
  cursor.expect('(');
  do {
    if (cursor.accept('tags')) columns.unshift(...tagList(cursor));
    else columns.push(fieldColumn(cursor));
  } while (cursor.accept(','));
  cursor.expect(')');
  if (columns.every((column) => column.tag)) throw cursor.expected('at least one field');
  return columns;
}

function tagList(cursor: TokenCursor): TableColumn[] {
  const names: string[] = [];
  cursor.expect('(');
  do names.push(cursor.name());
  while (cursor.accept(','));
  cursor.expect(')');
  return names.map((name) => tagColumn(name));
}

function tagColumn(name: string): TableColumn {
  return { name, type: 'STRING', tag: true, codec: 'DEFAULT' };
}

function fieldColumn(cursor: TokenCursor): TableColumn {
  const name = cursor.name();
  if (name === 'time') throw cursor.expected('no column named time, because every table has this column');
  const word = cursor.name().toUpperCase();
  const type = types.get(word === 'BIGINT' && cursor.accept('unsigned') ? 'BIGINT UNSIGNED' : word);
  if (type === undefined) throw cursor.expected(`a type that this server supports, not ${word}`);
  return { name, type, tag: false, codec: codec(cursor) };
}

function codec(cursor: TokenCursor): string {
  if (!cursor.accept('codec')) return 'DEFAULT';
  cursor.expect('(');
  const name = cursor.name().toUpperCase();
  cursor.expect(')');
  return name;
}

/** Runs ALTER TABLE ADD TAG or ADD FIELD. Columns cannot be dropped or changed. */
export async function alterTable(store: Store, current: string, cursor: TokenCursor): Promise<void> {
  const { database, table } = findTable(store, current, cursor);
  cursor.expect('add');
  const column = cursor.accept('tag') ? tagColumn(cursor.name()) : addedField(cursor);
  cursor.end();
  if (table.columns.some((each) => each.name === column.name))
    throw refusal('010022', `Column ${column.name} already exists in table ${table.name}`);
  await store.transaction(() => store.setColumns(database, table, [...table.columns, column]));
}

function addedField(cursor: TokenCursor): TableColumn {
  cursor.accept('field');
  return fieldColumn(cursor);
}

export async function dropTable(store: Store, current: string, cursor: TokenCursor): Promise<void> {
  const onlyIfThere = cursor.accept('if', 'exists');
  const { database, name } = tableName(store, current, cursor);
  const table = database.find(name);
  if (table !== undefined) await store.transaction(() => store.dropTable(database, table));
  else if (!onlyIfThere) throw noTable(database.name, name);
}
