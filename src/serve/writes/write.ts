// Stores a body of line protocol, or refuses it. Checks run in the order of CnosDB:
// text, grammar, database, time, types within the request, types of the tables.

import { isUtf8 } from 'node:buffer';
import { noDatabase, notApplied, type RequestRefusal, refusal } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import type { Store } from '../storage/store.js';
import { discardRows, type StoredTable, type TableColumn } from '../storage/table.js';
import { BodyParser, type TimeConverter } from './body-parser.js';
import type { RowColumn } from './row-columns.js';

export type WritePrecision = 'ns' | 'us' | 'ms';

const perUnit = { ns: 1n, us: 1_000n, ms: 1_000_000n };
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
let requests = 0;

/**
 * Stores all points of the body, or refuses the whole body. After a type conflict, tables that were created before the
 * conflict remain without rows.
 */
export function write(store: Store, name: string, body: Buffer, precision: WritePrecision): Promise<void> {
  return store.exclusively(async () => {
    if (!isUtf8(body)) throw refusal('040015', 'Invalid utf-8 sequence: invalid utf-8 sequence');
    const database = store.databases.get(name);
    const reading = database ?? store.databases.get('public');
    if (reading === undefined) throw noDatabase(name);
    const parser = new BodyParser(body, reading, timeConverter(reading, precision), ++requests);
    try {
      parser.parse();
      if (database === undefined) throw noDatabase(name);
      await apply(store, database, parser.tables);
      database.cached = (database.cached + body.length) % database.options.maxMemcacheSize;
    } catch (error) {
      discard(parser.tables);
      reading.removeUncreated();
      throw error;
    }
    discard(parser.tables);
  });
}

function discard(tables: readonly StoredTable[]): void {
  for (const table of tables) discardRows(table);
}

/** Stores the current rows of the tables. */
export async function apply(store: Store, database: Database, tables: readonly StoredTable[]): Promise<void> {
  if (tables.length === 0) return;
  const refused = await store.writeThrough(async (): Promise<RequestRefusal | null> => {
    for (const table of tables) {
      const columns = columnsWith(database, table);
      if (!Array.isArray(columns)) return columns;
      if (columns.length > table.columns.length || !table.created) await store.setColumns(database, table, columns);
    }
    for (const table of tables) await store.append(table);
    return null;
  });
  if (refused !== null) throw refused;
}

/** Returns the columns of the table after this request, or the refusal of the request. */
function columnsWith(database: Database, table: StoredTable): TableColumn[] | RequestRefusal {
  const used = table.rows.used();
  if (table.rows.columns.get('time')?.type) return notApplied('Time column not found in flatbuffer columns');
  if (table.rows.fields === 0) return notApplied('Field column not found in flatbuffer columns');
  if (database.options.strictWrite) return table.created ? table.columns : notApplied(`Table ${table.name} not found`);
  const known = new Map(table.columns.map((column) => [column.name, column]));
  const added: TableColumn[] = [];
  for (const column of used) {
    const present = known.get(column.name);
    if (present === undefined)
      added.push({ name: column.name, type: column.type ?? 'F64', tag: column.tag, codec: 'DEFAULT' });
    else if (present.type !== column.type || present.tag !== column.tag) return conflict(column, present);
  }
  return [...table.columns, ...added];
}

function conflict(found: RowColumn, expected: TableColumn): RequestRefusal {
  const got = found.tag ? 'TAG' : found.type;
  const wanted = expected.tag ? 'TAG' : expected.type;
  return notApplied(`DataSchemaError: Column '${found.name}' type error, found ${got} expected ${wanted}`);
}

/**
 * Builds the conversion from the written time, in the unit `precision`, to the stored time in ns. For a point without a
 * time, the written time is the current time in ns. With a `precision` of us or ms, this number is too large, and the
 * point is refused.
 */
export function timeConverter(database: Database, precision: WritePrecision): TimeConverter {
  const unit = perUnit[precision];
  const stored = perUnit[database.options.precision.toLowerCase() as WritePrecision];
  const now = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
  const checkBucket = bucketCheck(database, Number(now));
  return (written) => {
    const time = (written ?? now) * unit;
    if (time > MAX || time < MIN) throw refusal('050014', 'timestamp overflow');
    if (time === MAX) throw refusal('030016', `Error: create bucket unknown error db:${database.name} ${time}`);
    if (time === MIN) throw expired();
    checkBucket(Number(time));
    return stored === 1n ? time : (time / stored) * stored;
  };
}

function expired(): RequestRefusal {
  return refusal('030034', 'Operation not support: create expired bucket');
}

/** Returns a function that throws if a time is older than the TTL and no point is in its time bucket yet. */
function bucketCheck(database: Database, now: number): (time: number) => void {
  const { ttl, vnodeDuration } = database.options;
  let current = Number.NaN;
  return (time) => {
    const bucket = Math.floor(time / vnodeDuration);
    if (bucket === current) return;
    if (ttl !== null && time < now - ttl && !database.buckets.has(bucket)) throw expired();
    database.buckets.add(bucket);
    current = bucket;
  };
}
