// Runs queries: rewrites CnosDB's SQL for DuckDB, and converts DuckDB's column names to CnosDB's names.

import type { DuckDBPreparedStatement, DuckDBValue, StatementType } from '@duckdb/node-api';
import { noDatabase, noTable, RequestRefusal, refusal } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import { type Connection, decodeName, identifier } from '../storage/duckdb.js';
import type { Store } from '../storage/store.js';
import { INFORMATION, refreshInformation } from './information-schema.js';
import type { Cell, Result } from './result.js';
import type { SqlToken } from './tokens.js';
import { syntaxError } from './tokens.js';

const comparisons = new Set(['=', '<', '>', '<=', '>=', '<>', '!=', 'between', 'and']);

/** Runs a read-only statement in parallel with writes. Throws RequestRefusal. */
export async function query(store: Store, database: string, tokens: readonly SqlToken[]): Promise<Result> {
  const found = store.databases.get(database);
  try {
    return await store.queries.run(async (connection) => {
      await store.exclusively(async () => {
        await store.merge();
        if (tokens.some((token) => token.value === 'information_schema')) await refreshInformation(store, connection);
      });
      await connection.run(`USE ${identifier(found?.name ?? 'public')}`);
      const statement = await prepareRead(store, connection, tokens);
      const { result, rows } = await store.queries.fetch(statement);
      const table = firstTable(tokens);
      return {
        columns: result.columnNames().map((name) => columnName(name, table, tokens)),
        rows: convert(store, result, rows),
      };
    });
  } catch (error) {
    throw explain(error, database, found);
  }
}

/**
 * Prepares a statement that only reads. EXPLAIN ANALYZE executes the explained statement, so this statement must also
 * only read.
 */
async function prepareRead(
  store: Store,
  connection: Connection,
  tokens: readonly SqlToken[],
): Promise<DuckDBPreparedStatement> {
  const { SELECT, EXPLAIN } = store.api.StatementType;
  const explained = explainedTokens(tokens);
  if (explained !== null) await prepareAs(connection, explained, SELECT);
  return await prepareAs(connection, tokens, explained === null ? SELECT : EXPLAIN);
}

async function prepareAs(
  connection: Connection,
  tokens: readonly SqlToken[],
  type: StatementType,
): Promise<DuckDBPreparedStatement> {
  const extracted = await connection.extractStatements(rewrite(tokens));
  const statement = extracted.count === 1 ? await extracted.prepare(0) : null;
  if (statement?.statementType !== type)
    throw syntaxError(`Expected a statement that only reads, such as SELECT, found: ${tokens[0]?.text ?? 'EOF'}`);
  return statement;
}

/** Returns the statement that EXPLAIN explains; null for a statement without EXPLAIN. */
function explainedTokens(tokens: readonly SqlToken[]): readonly SqlToken[] | null {
  if (tokens[0]?.value !== 'explain') return null;
  let from = 1;
  while (['analyze', 'verbose'].includes(tokens[from]?.value ?? '')) from++;
  if (tokens[from]?.text === '(') from = 1 + tokens.findIndex((token) => token.text === ')');
  return tokens.slice(from);
}

interface ColumnTypes {
  columnTypeId(i: number): number;
}

function convert(store: Store, types: ColumnTypes, rows: readonly (readonly DuckDBValue[])[]): Cell[][] {
  const { DOUBLE, FLOAT } = store.api.DuckDBTypeId;
  return rows.map((row) =>
    row.map((value, i) => {
      const type = types.columnTypeId(i);
      return typeof value === 'number' && (type === DOUBLE || type === FLOAT) ? { double: value } : cell(value);
    }),
  );
}

function cell(value: DuckDBValue): Cell {
  if (value === null || typeof value !== 'object') return value;
  if ('nanos' in value && typeof value.nanos === 'bigint') return { nanos: value.nanos };
  if ('micros' in value && typeof value.micros === 'bigint' && !('days' in value))
    return { nanos: value.micros * 1000n };
  if ('scale' in value && 'width' in value) return { double: Number(value.toString()) };
  return String(value);
}

/** Builds DuckDB's SQL from tokens. */
function rewrite(tokens: readonly SqlToken[]): string {
  const words: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token.kind === 'quoted') words.push(identifier(token.value));
    else if (token.value === 'information_schema' && tokens[i + 1]?.text === '.') words.push(identifier(INFORMATION));
    else if (token.value === 'now' && tokens[i + 1]?.text === '(' && tokens[i + 2]?.text === ')') {
      words.push(`TIMESTAMP '${new Date().toISOString().slice(0, -1)}'`);
      i += 2;
    } else if (token.kind === 'number' && isTime(tokens, i)) words.push(`make_timestamp_ns(${token.text})`);
    else words.push(token.kind === 'word' ? token.value : token.text);
  }
  return words.join(' ');
}

/** Recognises a bare integer that is compared with `time`. Such an integer is a time in nanoseconds. */
function isTime(tokens: readonly SqlToken[], at: number): boolean {
  if (!/^\d+$/.test(tokens[at].text)) return false;
  if (comparisons.has(tokens[at + 1]?.value) && tokens[at + 2]?.value === 'time') return true;
  if (!comparisons.has(tokens[at - 1]?.value)) return false;
  if (tokens[at - 2]?.value === 'time') return true;
  return tokens[at - 1].value === 'and' && tokens[at - 3]?.value === 'between' && tokens[at - 4]?.value === 'time';
}

function firstTable(tokens: readonly SqlToken[]): string {
  const from = tokens.findIndex((token) => token.kind === 'word' && token.value === 'from');
  const dot = tokens[from + 2]?.text === '.';
  return from < 0 ? '' : (tokens[from + (dot ? 3 : 1)]?.value ?? '');
}

/** Converts DuckDB's name of a column without an alias to CnosDB's name: `sum(usage)` becomes `SUM(cpu.usage)`. */
function columnName(name: string, table: string, tokens: readonly SqlToken[]): string {
  const decoded = decodeName(name);
  if (decoded === 'count_star()') return 'COUNT(UInt8(1))';
  if (tokens.some((token) => token.kind === 'number' && token.text === decoded)) return `Int64(${decoded})`;
  const call = /^(count|sum|min|max|avg)\((DISTINCT )?"?([\p{L}\p{N}_]+)"?\)$/iu.exec(decoded);
  if (call === null) return decoded;
  return `${call[1].toUpperCase()}(${call[2] ?? ''}${table}.${call[3]})`;
}

/** Converts DuckDB's errors to CnosDB's errors. */
function explain(error: unknown, database: string, found: Database | undefined): unknown {
  if (!(error instanceof Error) || error instanceof RequestRefusal) return error;
  const missing = /Table with name (.*?) does not exist/.exec(error.message);
  if (missing !== null) return found === undefined ? noDatabase(database) : noTable(database, decodeName(missing[1]));
  const first = decodeName(error.message.split('\n')[0]);
  if (/^Parser Error/.test(first)) return syntaxError(first);
  if (/^Out of Memory/i.test(first)) return refusal('010001', `Datafusion: Resources exhausted: ${first}`);
  return refusal('010001', `Datafusion: Error during planning: ${first}`);
}
