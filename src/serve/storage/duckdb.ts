// The optional peer dependency, and the names by which things are known inside DuckDB: its names are
// case-insensitive and free of some characters, CnosDB's are neither.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as duckdb from '@duckdb/node-api';
import { StateError, UsageError } from '../../core/errors.js';
import type { StoredFieldType } from '../writes/parse-values.js';

export type DuckDB = typeof duckdb;
export type Connection = duckdb.DuckDBConnection;

/** Throws UsageError with the command that brings the dependency along. */
export async function loadDuckDB(): Promise<DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    const text =
      'serve stores in DuckDB and could not load @duckdb/node-api; it is not installed with bulk-load. Run: ' +
      'npx -p bulk-load -p @duckdb/node-api@1.5.5-r.5 bulk-load serve';
    throw new UsageError([text], { cause });
  }
}

/** Opens the database file of a folder, or one in memory. No SQL can reach files or change settings afterwards. */
export async function openDuckDB(api: DuckDB, folder: string | null): Promise<duckdb.DuckDBInstance> {
  const path = folder === null ? ':memory:' : join(folder, 'bulk-load-serve.duckdb');
  const spill = folder === null ? join(tmpdir(), `bulk-load-serve-${process.pid}`) : join(folder, 'spill');
  try {
    return await api.DuckDBInstance.create(path, {
      memory_limit: '1GiB',
      threads: '2',
      temp_directory: spill,
      preserve_insertion_order: 'true',
      enable_external_access: 'false',
      lock_configuration: 'true',
    });
  } catch (cause) {
    throw new StateError(
      `opening the store of serve failed; expected a folder to write to, not used by another process: ${String(cause)}`,
      { cause },
    );
  }
}

const UPPER = '\ue000';
const NUL = '\ue001';
const EMPTY = '\ue002';

/** A name as DuckDB gets it: what it would fold or not take is marked with private-use characters. */
function encodeName(name: string): string {
  if (name === '') return EMPTY;
  return name.replaceAll('\0', NUL).replace(/[A-Z]/g, (letter) => letter.toLowerCase() + UPPER);
}

export function decodeName(name: string): string {
  return name
    .replace(/([a-z])\ue000/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll(NUL, '\0')
    .replaceAll(EMPTY, '');
}

/** Any text as an identifier in SQL. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A CnosDB name as an identifier in DuckDB's SQL. */
export function identifier(name: string): string {
  return quote(encodeName(name));
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export const sqlTypes: Record<StoredFieldType, string> = {
  F64: 'DOUBLE',
  I64: 'BIGINT',
  U64: 'UBIGINT',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
};
