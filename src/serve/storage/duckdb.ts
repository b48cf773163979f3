// Loads the optional peer dependency DuckDB, and encodes CnosDB's names for DuckDB. DuckDB's names are case-insensitive
// and exclude some characters; CnosDB's names are case-sensitive and may contain any character.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as duckdb from '@duckdb/node-api';
import { StateError, UsageError } from '../../core/errors.js';
import { withPackages } from '../../core/version.js';
import type { StoredFieldType } from '../writes/parse-values.js';

export type DuckDB = typeof duckdb;
export type Connection = duckdb.DuckDBConnection;

/** Loads DuckDB. Throws UsageError with the command that installs it. */
export async function loadDuckDB(): Promise<DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    const problem = {
      tried: 'loading DuckDB, in which serve stores its data',
      expected: 'the package @duckdb/node-api',
      found: 'no such package: bulk-load does not install it',
      fix: `run: ${withPackages(['@duckdb/node-api@1.5.5-r.5'], 'bulk-load serve')}`,
    };
    throw new UsageError([problem], { cause });
  }
}

/** Opens the database of a folder, or a database in memory. SQL statements cannot access files or change settings. */
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
      {
        tried: `opening the data of serve${folder === null ? '' : ` in ${folder}`}`,
        expected: 'a writable folder that no other process uses',
        found: cause instanceof Error ? cause.message : String(cause),
        fix: 'name another folder with --data, or stop the other process',
      },
      { cause },
    );
  }
}

const UPPER = '\ue000';
const NUL = '\ue001';
const EMPTY = '\ue002';

/**
 * Encodes a name for DuckDB with private-use characters of Unicode. One such character follows each letter that was
 * upper-case, because names in DuckDB are case-insensitive. Others stand for NUL and for the empty name, which DuckDB
 * does not allow.
 */
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

/** Quotes text as an SQL identifier. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Encodes and quotes a CnosDB name as a DuckDB identifier. */
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
