// information_schema: the catalogue as DuckDB tables, rewritten before a query reads them.

import { type Connection, identifier, literal } from '../storage/duckdb.js';
import type { Store } from '../storage/store.js';
import { visible } from '../storage/table.js';
import { defaultOptions, describeOptions } from './database-options.js';
import { describeColumns } from './describe-columns.js';
import { type Cell, cellText } from './result.js';

export const INFORMATION = '\ue003information';

/** Internal databases of CnosDB, which this server lists as empty databases. */
export const systemDatabases = ['cluster_schema', 'usage_schema'];

/** Rewrites all tables of information_schema. They are temporary tables of the connection. */
export async function refreshInformation(store: Store, connection: Connection): Promise<void> {
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(INFORMATION)}`);
  await fill(connection, 'columns', columnsHead, columns(store));
  await fill(connection, 'tables', tablesHead, tables(store));
  await fill(connection, 'databases', databasesHead(), databases(store));
}

type InformationColumn = readonly (readonly [string, string])[];

const columnsHead: InformationColumn = [
  ['tenant_name', 'VARCHAR'],
  ['database_name', 'VARCHAR'],
  ['table_name', 'VARCHAR'],
  ['column_name', 'VARCHAR'],
  ['column_type', 'VARCHAR'],
  ['ordinal_position', 'UBIGINT'],
  ['column_default', 'VARCHAR'],
  ['is_nullable', 'BOOLEAN'],
  ['data_type', 'VARCHAR'],
  ['compression_codec', 'VARCHAR'],
];
const tablesHead: InformationColumn = ['tenant', 'database', 'name', 'type', 'engine', 'options'].map((name) => [
  `table_${name}`,
  'VARCHAR',
]);

function databasesHead(): InformationColumn {
  const shown = Object.entries(describeOptions(defaultOptions()));
  const types = { string: 'VARCHAR', number: 'UBIGINT', boolean: 'BOOLEAN' } as const;
  const options = shown.map(([name, value]) => [name, types[typeof value as keyof typeof types]] as const);
  return [['tenant_name', 'VARCHAR'], ['database_name', 'VARCHAR'], ...options];
}

function columns(store: Store): Cell[][] {
  const rows: Cell[][] = [];
  for (const database of store.databases.values())
    for (const table of database.tables().filter(visible))
      describeColumns(database, table).forEach((column, i) => {
        const nullable = column.type !== 'TIME';
        const place = [database.name, table.name, column.name, column.type, i];
        rows.push(['cnosdb', ...place, 'NULL', nullable, column.dataType, column.codec]);
      });
  return rows;
}

function tables(store: Store): Cell[][] {
  return [...store.databases.values()].flatMap((database) =>
    database
      .tables()
      .filter(visible)
      // CnosDB also returns the text `TODO` in this column (information_schema_provider, factory/tables.rs).
      .map((table) => ['cnosdb', database.name, table.name, 'TABLE', 'TSKV', 'TODO']),
  );
}

function databases(store: Store): Cell[][] {
  const system = { ...defaultOptions(), maxMemcacheSize: 2 << 20, memcachePartitions: 16 };
  const named = [...store.databases.values()].map((each) => [each.name, each.options] as const);
  return [...systemDatabases.map((name) => [name, system] as const), ...named].map(([name, options]) => [
    'cnosdb',
    name,
    ...Object.values(describeOptions(options)),
  ]);
}

async function fill(
  connection: Connection,
  name: string,
  head: InformationColumn,
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  const table = `${identifier(INFORMATION)}.${identifier(name)}`;
  const list = head.map(([column, type]) => `${identifier(column)} ${type}`).join(', ');
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${identifier(`i_${name}`)} (${list})`);
  const values = rows.map((row) => `(${row.map(value).join(', ')})`);
  if (values.length > 0) await connection.run(`INSERT INTO ${identifier(`i_${name}`)} VALUES ${values.join(', ')}`);
  await connection.run(`CREATE OR REPLACE VIEW ${table} AS SELECT * FROM temp.${identifier(`i_${name}`)}`);
}

function value(cell: Cell): string {
  return typeof cell === 'string' ? literal(cell) : cellText(cell);
}
