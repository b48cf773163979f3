// SHOW and DESCRIBE: what there is, as results.

import type { Store } from '../storage/store.js';
import { visible } from '../storage/table.js';
import { describeOptions } from './database-options.js';
import { findDatabase, findTable } from './ddl.js';
import { describeColumns } from './describe-columns.js';
import { systemDatabases } from './information-schema.js';
import { type Result, resultOf } from './result.js';
import { showReplicas } from './show-replicas.js';
import type { TokenCursor } from './tokens.js';

export function show(store: Store, current: string, cursor: TokenCursor): Result {
  if (cursor.accept('databases')) return showDatabases(store);
  if (cursor.accept('tables')) return showTables(store, cursor.accept('on') ? cursor.name() : current);
  if (cursor.accept('series')) return showSeries(store, current, cursor);
  if (cursor.accept('tag', 'values')) return showTagValues(store, current, cursor);
  if (cursor.accept('replicas')) return showReplicas(store);
  throw cursor.expected('DATABASES, TABLES, REPLICAS, SERIES or TAG VALUES');
}

function showDatabases(store: Store): Result {
  const names = [...systemDatabases, ...store.databases.keys()].sort();
  return resultOf(
    ['database_name'],
    names.map((name) => [name]),
  );
}

function showTables(store: Store, database: string): Result {
  const tables = findDatabase(store, database).tables().filter(visible);
  return resultOf(
    ['table_name'],
    tables.map((table) => [table.name]),
  );
}

function showSeries(store: Store, current: string, cursor: TokenCursor): Result {
  const on = cursor.accept('on') ? cursor.name() : current;
  cursor.expect('from');
  const { table } = findTable(store, on, cursor);
  cursor.end();
  const keys = [...table.series.values()].map((series) =>
    [table.name, ...series.tags.map(([name, value]) => `${name}=${value}`)].join(','),
  );
  return resultOf(
    ['key'],
    keys.map((key) => [key]),
  );
}

function showTagValues(store: Store, current: string, cursor: TokenCursor): Result {
  const on = cursor.accept('on') ? cursor.name() : current;
  cursor.expect('from');
  const { table } = findTable(store, on, cursor);
  cursor.expect('with', 'key');
  const wanted = keys(cursor);
  cursor.end();
  const found = new Map<string, readonly [string, string]>();
  for (const series of table.series.values())
    for (const tag of series.tags) if (wanted.includes(tag[0])) found.set(JSON.stringify(tag), tag);
  return resultOf(
    ['key', 'value'],
    [...found.keys()].sort().map((key) => found.get(key) ?? []),
  );
}

function keys(cursor: TokenCursor): string[] {
  if (cursor.accept('=')) return [cursor.name()];
  cursor.expect('in', '(');
  const names = [cursor.name()];
  while (cursor.accept(',')) names.push(cursor.name());
  cursor.expect(')');
  return names;
}

export function describe(store: Store, current: string, cursor: TokenCursor): Result {
  if (cursor.accept('database')) {
    const shown = describeOptions(findDatabase(store, cursor.name()).options);
    return resultOf(Object.keys(shown), [Object.values(shown)]);
  }
  cursor.expect('table');
  const { database, table } = findTable(store, current, cursor);
  const rows = describeColumns(database, table).map((each) => [each.name, each.dataType, each.type, each.codec]);
  return resultOf(['column_name', 'data_type', 'column_type', 'compression_codec'], rows);
}
