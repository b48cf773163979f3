// The few statements that a loader says to CnosDB, answered from the scripted cluster's store in CnosDB's own form.

import { type Database, emptyDatabase, type StoredType, StoreError } from './store.js';

const types: Record<StoredType, string> = {
  tag: 'STRING',
  float: 'DOUBLE',
  integer: 'BIGINT',
  unsigned: 'BIGINT UNSIGNED',
  boolean: 'BOOLEAN',
  string: 'STRING',
};

type Row = Record<string, string | number | boolean>;

const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();

function database(databases: Map<string, Database>, name: string): Database {
  const found = databases.get(name);
  if (found === undefined) throw new StoreError('030017', `Database not found: "${name}"`);
  return found;
}

function columns(table: string, of: Map<string, StoredType>): Row[] {
  const time = { table_name: table, column_name: 'time', column_type: 'TIME', data_type: 'TIMESTAMP(NANOSECOND)' };
  const rest = [...of].map(([name, type]) => ({
    table_name: table,
    column_name: name,
    column_type: type === 'tag' ? 'TAG' : 'FIELD',
    data_type: types[type],
  }));
  return [time, ...rest];
}

function create(databases: Map<string, Database>, name: string, options: string): Row[] {
  if (databases.has(name)) return [];
  const settings: Record<string, string | number> = {};
  for (const [, key = '', text, number] of options.matchAll(/(\w+)\s+(?:'([^']*)'|(\d+))/g))
    settings[key.toLowerCase()] = text ?? Number(number);
  databases.set(name, emptyDatabase(settings));
  return [];
}

/** Rows of the answer. Throws StoreError. `db` is the request's. `shows`: whether the node has heard of a table or column. */
export function answerSql(
  databases: Map<string, Database>,
  db: string,
  statement: string,
  shows: (table: string, column?: string) => boolean,
): Row[] {
  const shown = (table: string, of: Map<string, StoredType>): Map<string, StoredType> =>
    new Map([...of].filter(([column]) => shows(table, column)));
  const name = '("(?:[^"]|"")*"|\\w+)';
  const text = statement.trim().replace(/;$/, '');
  const created = text.match(new RegExp(`^CREATE DATABASE (?:IF NOT EXISTS )?${name}(?: WITH ([\\s\\S]*))?$`, 'i'));
  if (created) return create(databases, unquoted(created[1] ?? ''), created[2] ?? '');
  const described = text.match(new RegExp(`^DESCRIBE DATABASE ${name}$`, 'i'));
  if (described) return [database(databases, unquoted(described[1] ?? '')).settings];
  const compacted = text.match(new RegExp(`^COMPACT DATABASE ${name}$`, 'i'));
  if (compacted) return [];
  const table = text.match(new RegExp(`^DESCRIBE TABLE ${name}$`, 'i'));
  if (table) {
    const wanted = unquoted(table[1] ?? '');
    const found = database(databases, db).tables.get(wanted);
    if (found === undefined || !shows(wanted, undefined))
      throw new StoreError('030019', `Table not found: "cnosdb.${db}.${wanted}"`);
    return columns(wanted, shown(wanted, found));
  }
  const listed = text.match(/information_schema\.columns\b[\s\S]*database_name\s*=\s*'((?:[^']|'')*)'/i);
  if (!listed) throw new StoreError('010009', `sql parser error: Expected an SQL statement, found: ${text}`);
  const wanted = databases.get((listed[1] ?? '').replaceAll("''", "'"));
  const tables = [...(wanted?.tables ?? [])].filter(([each]) => shows(each));
  return tables.flatMap(([each, of]) => columns(each, shown(each, of)));
}
