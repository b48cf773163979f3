// INSERT INTO: DuckDB evaluates the rows. Then the rows are written like points.

import { refusal } from '../request-refusal.js';
import type { Database } from '../storage/database.js';
import type { Store } from '../storage/store.js';
import { discardRows, type StoredTable, seriesOf, type TableColumn } from '../storage/table.js';
import type { StoredFieldValue } from '../writes/parse-values.js';
import { apply, timeConverter } from '../writes/write.js';
import { findTable } from './ddl.js';
import { query } from './query.js';
import { type Cell, cellText, type Result, resultOf } from './result.js';
import type { TokenCursor } from './tokens.js';

/** Inserts rows and returns their number as a result. */
export async function insert(store: Store, current: string, cursor: TokenCursor): Promise<Result> {
  const { database, table } = findTable(store, current, cursor);
  const names = cursor.accept('(') ? cursor.nameList() : ['time', ...table.columns.map((column) => column.name)];
  const { rows } = await query(store, current, cursor.rest());
  await store.exclusively(async () => {
    try {
      for (const row of rows) addRow(database, table, names, row);
      await apply(store, database, [table]);
    } finally {
      discardRows(table);
    }
  });
  return resultOf(['rows'], [[rows.length]]);
}

function addRow(database: Database, table: StoredTable, names: readonly string[], row: readonly Cell[]): void {
  const tags: [string, string][] = [];
  let time: bigint | null = null;
  names.forEach((name, i) => {
    const column = table.columns.find((each) => each.name === name);
    const cell = row[i] ?? null;
    if (name === 'time') time = readTime(cell);
    else if (column === undefined) throw refusal('010001', `Datafusion: Schema error: No field named ${name}`);
    else if (cell !== null && column.tag) tags.push([name, cellText(cell)]);
    else if (cell !== null) addField(table, column, cell);
  });
  table.rows.end(seriesOf(table, tags), timeConverter(database, 'ns')(time));
}

function addField(table: StoredTable, column: TableColumn, cell: Cell): void {
  const target = table.rows.column(column.name);
  target.use(column.type, false, table.rows.count);
  target.set(table.rows.count, fieldValue(column, cell));
  table.rows.fields++;
}

function fieldValue(column: TableColumn, cell: Cell): StoredFieldValue {
  const plain = cell !== null && typeof cell === 'object' ? ('double' in cell ? cell.double : cell.nanos) : cell;
  if (column.type === 'F64') return Number(plain);
  if (column.type === 'BOOL') return plain === true || plain === 'true';
  if (column.type === 'STRING') return String(plain);
  if (typeof plain === 'bigint') return plain;
  const whole = Math.trunc(Number(plain));
  if (!Number.isFinite(whole)) throw refusal('010001', `Datafusion: Error casting '${cellText(cell)}' to an integer`);
  return BigInt(whole);
}

/** Reads a time: an integer in ns, or text such as `2022-01-01T00:00:00.000000001`. */
function readTime(cell: Cell): bigint | null {
  if (cell === null) return null;
  if (typeof cell === 'bigint' || typeof cell === 'number') return BigInt(cell);
  if (typeof cell === 'object' && 'nanos' in cell) return cell.nanos;
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?)?Z?$/.exec(cellText(cell));
  const seconds = Date.parse(`${match?.[1]}T${match?.[2] ?? '00:00:00'}Z`) / 1000;
  if (Number.isNaN(seconds)) throw refusal('010001', `Datafusion: Error parsing timestamp from '${cellText(cell)}'`);
  return BigInt(seconds) * 1_000_000_000n + BigInt((match?.[3] ?? '').padEnd(9, '0'));
}
