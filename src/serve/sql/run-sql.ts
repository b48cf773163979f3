// Runs one SQL statement: chooses the module that executes it.

import { refusal } from '../request-refusal.js';
import type { Store } from '../storage/store.js';
import { alterDatabase, alterTable, createDatabase, createTable, dropDatabase, dropTable } from './ddl.js';
import { insert } from './insert.js';
import { query } from './query.js';
import { type Result, resultOf } from './result.js';
import { describe, show } from './show.js';
import { type SqlToken, statements, syntaxError, TokenCursor, tokenize } from './tokens.js';

const queries = new Set(['select', 'with', 'values', 'explain', '(']);
const nothing = resultOf([], []);
/** Longest statement, characters. Splitting a longer text into tokens would block other requests. */
const maxSqlLength = 4 * 1024 * 1024;

/** Runs a statement. Returns null for DDL and empty text. Throws RequestRefusal. */
export async function runSql(store: Store, database: string, sql: string): Promise<Result | null> {
  if (sql.length > maxSqlLength)
    throw refusal('010001', `Datafusion: Resources exhausted: a statement of more than ${maxSqlLength} characters`);
  const found = statements(tokenize(sql));
  if (found.length === 0) return null;
  if (found.length > 1) throw refusal('010013', `Multi-statement not allow, found num:${found.length}, sql:${sql}`);
  const [tokens] = found;
  const cursor = new TokenCursor(tokens);
  // Queries run in parallel with writes; other statements run one at a time.
  if (queries.has(tokens[0].value)) return await query(store, database, tokens);
  if (cursor.accept('insert', 'into')) return await insert(store, database, cursor);
  const result = await store.exclusively(() => route(store, database, cursor, tokens[0]));
  return result === nothing ? null : result;
}

async function route(store: Store, database: string, cursor: TokenCursor, first: SqlToken): Promise<Result> {
  if (cursor.accept('show')) return show(store, database, cursor);
  if (cursor.accept('describe')) return describe(store, database, cursor);
  await change(store, database, cursor, first);
  return nothing;
}

function change(store: Store, database: string, cursor: TokenCursor, first: SqlToken): Promise<void> {
  if (cursor.accept('create', 'database')) return createDatabase(store, cursor);
  if (cursor.accept('alter', 'database')) return alterDatabase(store, cursor);
  if (cursor.accept('drop', 'database')) return dropDatabase(store, cursor);
  if (cursor.accept('create', 'table')) return createTable(store, database, cursor);
  if (cursor.accept('alter', 'table')) return alterTable(store, database, cursor);
  if (cursor.accept('drop', 'table')) return dropTable(store, database, cursor);
  if (cursor.accept('compact', 'database')) return compact(store, cursor);
  throw syntaxError(`Expected an SQL statement, found: ${first.text}`);
}

async function compact(store: Store, cursor: TokenCursor): Promise<void> {
  const name = cursor.name();
  const database = store.databases.get(name);
  if (database === undefined) throw refusal('010062', `Database ${name} not found.`);
  database.cached = 0;
  await store.merge();
}
