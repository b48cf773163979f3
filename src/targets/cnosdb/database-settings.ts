// Reads what CnosDB shows of a database and its columns. Tolerant of the versions: 2.3 and 2.4.1 show five settings.

import type { ColumnType, DatabaseSettings, InputPrecision, Precision, TargetColumn } from '../../core/types/index.js';

/** A row of an SQL answer. */
export type SettingsRow = Readonly<Record<string, unknown>>;

const dayMs = 86_400_000;

// As the Rust crate humantime writes and reads them; a year is 365.25 days there, a month a twelfth of it.
const units: readonly (readonly [RegExp, number])[] = [
  [/^y(ears?|r)?$/i, 365.25 * dayMs],
  [/^(M|months?)$/, (365.25 * dayMs) / 12],
  [/^w(eeks?)?$/i, 7 * dayMs],
  [/^d(ays?)?$/i, dayMs],
  [/^h(ours?|r)?$/i, 3_600_000],
  [/^m(in(utes?)?)?$/, 60_000],
  [/^s(ec(onds?)?)?$/i, 1000],
  [/^ms(ec)?$|^millis$/, 1],
];

const binary: Record<string, number> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30, T: 2 ** 40 };

/** ms of `1year`, `30days`, `1y 2M`; null for INF. Throws SyntaxError. */
export function durationMs(text: string): number | null {
  if (/^inf(inite|inity)?$/i.test(text.trim())) return null;
  const parts = [...text.matchAll(/(\d+)\s*([a-z]+)/gi)];
  const known = parts.map(([, count, unit = '']) => {
    const ms = units.find(([pattern]) => pattern.test(unit) || pattern.test(unit.toLowerCase()))?.[1];
    return Number(count) * (/^(us|ns|micros|nanos)/.test(unit) ? 0 : (ms ?? Number.NaN));
  });
  const sum = known.reduce((total, ms) => total + ms, 0);
  if (parts.length === 0 || Number.isNaN(sum)) throw new SyntaxError(`not a duration: ${text}`);
  return sum;
}

/** Bytes of `128 MiB`, `64K`; null when there is nothing to read. */
export function sizeBytes(text: string): number | null {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?\s*$/i.exec(text);
  return found === null ? null : Math.round(Number(found[1]) * (binary[(found[2] ?? '').toUpperCase()] ?? 1));
}

/** As text, whatever a server that is none sends. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Parses the body of an SQL answer; an empty one is no rows. Throws SyntaxError when it is not JSON rows. */
export function rowsOf(body: string): SettingsRow[] {
  if (body.trim() === '') return [];
  const read: unknown = JSON.parse(body);
  if (!Array.isArray(read) || !read.every((row) => typeof row === 'object' && row !== null))
    throw new SyntaxError('not an array of rows');
  return read as SettingsRow[];
}

/** `DESCRIBE DATABASE` → settings. Throws SyntaxError, saying what could not be read. */
export function settingsOf(row: SettingsRow): DatabaseSettings {
  const shown = new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), textOf(value)]));
  const text = (name: string): string => shown.get(name) ?? '';
  // Spelled `percision` by some 2.x servers.
  const precision = (shown.get('precision') ?? text('percision')).toLowerCase();
  if (precision !== 'ns' && precision !== 'us' && precision !== 'ms')
    throw new SyntaxError(`not a precision: '${precision}'`);
  const vnode = text('vnode_duration');
  return {
    precision,
    ttlMs: durationMs(text('ttl')),
    shard: Number(shown.get('shard') ?? 1),
    replica: Number(shown.get('replica') ?? 1),
    vnodeDurationMs: vnode === '' ? null : durationMs(vnode),
    maxMemcacheBytes: sizeBytes(text('max_memcache_size')),
    strictWrite: text('strict_write').toLowerCase() === 'true',
  };
}

const perMs: Record<InputPrecision, number> = { s: 0.001, ms: 1, us: 1000, ns: 1_000_000 };

/** How many input timestamps fall on one of the database's; 1 or less: none is lost. */
export function timesMerged(database: Precision, input: InputPrecision): number {
  return perMs[input] / perMs[database];
}

const types: Record<string, ColumnType> = {
  BIGINT: 'integer',
  'BIGINT UNSIGNED': 'unsigned',
  DOUBLE: 'float',
  BOOLEAN: 'boolean',
  STRING: 'string',
};

/** Asks for all columns of a database. */
export function columnsQuestion(db: string): string {
  return (
    'SELECT table_name, column_name, column_type, data_type FROM information_schema.columns' +
    ` WHERE database_name = '${db.replaceAll("'", "''")}'`
  );
}

/** Rows of information_schema.columns, or of DESCRIBE TABLE (`table` then), without the time column. */
export function columnsOf(rows: readonly SettingsRow[], table?: string): TargetColumn[] {
  return rows
    .filter((row) => row.column_type !== 'TIME')
    .map((row) => ({
      table: table ?? textOf(row.table_name),
      name: textOf(row.column_name),
      type: row.column_type === 'TAG' ? 'tag' : (types[textOf(row.data_type).toUpperCase()] ?? null),
    }));
}
