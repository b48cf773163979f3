// What the scripted cluster has stored: databases, their columns, and rows by series and time (last one wins, field
// by field), so that a resend changes nothing and a lost or altered point shows.

import type { FieldType, FieldValue, ParsedPoint } from './lines.js';

export type StoredType = 'tag' | FieldType;

/** What a request is refused with: CnosDB's code and message, sent as 422. */
export class StoreError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Database {
  /** As DESCRIBE DATABASE shows them; unknown keys are shown as well. */
  readonly settings: Record<string, string | number | boolean>;
  readonly tables: Map<string, Map<string, StoredType>>;
  /** Key: table, tags and time in ns, as JSON. */
  readonly rows: Map<string, Map<string, FieldValue>>;
}

const scale: Record<string, bigint> = { ns: 1n, us: 1000n, ms: 1_000_000n };
const names: Record<StoredType, string> = {
  tag: 'TAG',
  float: 'F64',
  integer: 'I64',
  unsigned: 'U64',
  boolean: 'BOOL',
  string: 'STRING',
};

export function emptyDatabase(settings: Database['settings'] = {}): Database {
  const shown = { ttl: 'INF', shard: 1, vnode_duration: '1year', replica: 1, precision: 'NS' };
  const rest = { max_memcache_size: '128 MiB', strict_write: false };
  return { settings: { ...shown, ...rest, ...settings }, tables: new Map(), rows: new Map() };
}

function columnsOf(point: ParsedPoint): (readonly [string, StoredType])[] {
  return [
    ...point.tags.map(([name]) => [name, 'tag'] as const),
    ...point.fields.map(([name, type]) => [name, type] as const),
  ];
}

/** Tables and columns (`table` or `table.column`) that these points would add. */
export function additions(database: Database, points: readonly ParsedPoint[]): string[] {
  const found = new Set<string>();
  for (const point of points) {
    const table = database.tables.get(point.table);
    if (table === undefined) found.add(point.table);
    for (const [name] of columnsOf(point)) if (!table?.has(name)) found.add(`${point.table}.${name}`);
  }
  return [...found];
}

/** The key a point is stored under. `precision` is the request's; a missing time counts as 0. */
function rowKey(point: ParsedPoint, precision = 'ns'): string {
  return JSON.stringify([point.table, point.tags, String((point.time ?? 0n) * (scale[precision] ?? 1n))]);
}

/** Stores all points or none. Throws StoreError when a column has another type. */
export function apply(database: Database, points: readonly ParsedPoint[], precision: string): void {
  checkTypes(database, points);
  for (const point of points) {
    const table = database.tables.get(point.table) ?? new Map<string, StoredType>();
    database.tables.set(point.table, table);
    for (const [name, type] of columnsOf(point)) table.set(name, type);
    const key = rowKey(point, precision);
    const row = database.rows.get(key) ?? new Map<string, FieldValue>();
    database.rows.set(key, row);
    for (const [name, , value] of point.fields) row.set(name, value);
  }
}

function checkTypes(database: Database, points: readonly ParsedPoint[]): void {
  const within = new Map<string, StoredType>();
  for (const point of points) {
    for (const [name, type] of columnsOf(point)) {
      const known = database.tables.get(point.table)?.get(name);
      if (known !== undefined && known !== type)
        throw new StoreError(
          '050014',
          `Apply engine failed: DataSchemaError: Column '${name}' type error, found ${names[type]} expected ${names[known]}`,
        );
      const key = JSON.stringify([point.table, name]);
      if ((within.get(key) ?? type) !== type)
        throw new StoreError('050014', `line to batch error: Expected ${names[type].toLowerCase()} column`);
      within.set(key, type);
    }
  }
}
