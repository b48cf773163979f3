// Parses CnosDB's description of a database and its columns. Versions differ: 2.3 and 2.4.1 show only five settings.

import type {
  ColumnType,
  DatabaseSettings,
  InputPrecision,
  Precision,
  Shape,
  TargetColumn,
} from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import { durationMs, sizeBytes, textOf } from '../http/server-values.js';
import { quoted, quotedText, type SqlRow } from './sql.js';

/** Parses a row of `DESCRIBE DATABASE`. Throws a SyntaxError that names the wrong setting. */
export function settingsOf(row: SqlRow): DatabaseSettings {
  const settings = new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), textOf(value)]));
  const text = (name: string): string => settings.get(name) ?? '';
  // Some 2.x servers spell the key `percision`.
  const precision = (settings.get('precision') ?? text('percision')).toLowerCase();
  if (precision !== 'ns' && precision !== 'us' && precision !== 'ms')
    throw new SyntaxError(`not a precision: '${precision.slice(0, 80)}'`);
  const vnode = text('vnode_duration');
  return {
    precision,
    ttlMs: durationMs(text('ttl')),
    shard: countOf(settings.get('shard')),
    replica: countOf(settings.get('replica')),
    vnodeDurationMs: vnode === '' ? null : durationMs(vnode) || null,
    maxMemcacheBytes: sizeBytes(text('max_memcache_size')),
    strictWrite: text('strict_write').toLowerCase() === 'true',
  };
}

function countOf(text: string | undefined): number {
  const count = Number(text ?? 1);
  if (!Number.isSafeInteger(count) || count < 1) throw new SyntaxError(`not a count: '${String(text).slice(0, 80)}'`);
  return count;
}

/**
 * Returns how many different timestamps of the input become the same timestamp in the database, such as 1000 for ns in
 * an input and us in the database. If the result is at most 1, all timestamps remain distinct.
 */
export function timesMerged(database: Precision, input: InputPrecision): number {
  return unitsPerMs[input] / unitsPerMs[database];
}

const types: Readonly<Record<string, ColumnType>> = {
  BIGINT: 'integer',
  'BIGINT UNSIGNED': 'unsigned',
  DOUBLE: 'float',
  BOOLEAN: 'boolean',
  STRING: 'string',
};

/** Builds the query for all columns of a database. */
export function columnsStatement(db: string): string {
  return (
    'SELECT table_name, column_name, column_type, data_type FROM information_schema.columns' +
    ` WHERE database_name = ${quotedText(db)}`
  );
}

/** Builds the statement that creates a table unless the table exists. */
export function createTableStatement({ table, columns }: Shape): string {
  const tags = columns.filter(({ type }) => type === 'tag').map(({ name }) => quoted(name));
  const fields = columns
    .filter(({ type }) => type !== 'tag')
    .map(({ name, type }) => `${quoted(name)} ${sqlTypes.get(type)}`);
  const parts = [...fields, ...(tags.length === 0 ? [] : [`TAGS(${tags.join(', ')})`])];
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (${parts.join(', ')})`;
}

const sqlTypes = new Map(Object.entries(types).map(([name, type]) => [type, name]));

/** Parses rows of information_schema.columns, or of DESCRIBE TABLE for one `table`. Omits the time column. */
export function columnsOf(rows: readonly SqlRow[], table?: string): TargetColumn[] {
  return rows
    .filter((row) => row.column_type !== 'TIME')
    .map((row) => ({
      table: table ?? textOf(row.table_name),
      name: textOf(row.column_name),
      type: row.column_type === 'TAG' ? 'tag' : (types[textOf(row.data_type).toUpperCase()] ?? null),
    }));
}
