// Executes SHOW and DESCRIBE statements.

import type { Store } from '../storage/store.js';
import { visible } from '../storage/table.js';
import { describeOptions } from './database-options.js';
import { findDatabase, findTable } from './ddl.js';
import { describeColumns } from './describe-columns.js';
import { systemDatabases } from './information-schema.js';
import { type Result, resultOf } from './result.js';
import type { TokenCursor } from './tokens.js';

const NODE = '1001';
const nsPerMs = 1e6;

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
  return cursor.nameList();
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

/**
 * Lists the replica groups. The database option SHARD is the number of groups in each time bucket. Each group has one
 * member, because this server is a single node.
 */
function showReplicas(store: Store): Result {
  const rows = [...store.databases.values()].flatMap(({ name, buckets, options }) =>
    [...buckets].flatMap((bucket) => {
      const [start, end] = [bucket, bucket + 1].map((each) => utc(each * options.vnodeDuration));
      return Array.from({ length: options.shard }, () => [`${NODE}*`, name, start, end] as const);
    }),
  );
  return resultOf(
    ['replica_id', 'location', 'database', 'start_time', 'end_time'],
    rows.map((row, i) => [i + 1, ...row]),
  );
}

/** Formats a time as `2026-01-01 00:00:00 UTC`. */
function utc(nanos: number): string {
  return `${new Date(nanos / nsPerMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
