// Appends rows to DuckDB, synchronously. A row consists of a series number, a time and fields. The tags of a series are
// stored once.

import type { DuckDBAppender, DuckDBDataChunk, DuckDBType } from '@duckdb/node-api';
import type { StoredFieldType } from '../writes/parse-values.js';
import type { RowColumn, RowColumns } from '../writes/row-columns.js';
import type { DuckDB } from './duckdb.js';
import type { StoredSeries, StoredTable } from './table.js';

const CHUNK = 2048;

function typeOf(api: DuckDB, type: StoredFieldType): DuckDBType {
  const types = { F64: api.DOUBLE, I64: api.BIGINT, U64: api.UBIGINT, BOOL: api.BOOLEAN, STRING: api.VARCHAR };
  return types[type];
}

/** Appends the rows of a request. If the type of a column differs from the type in the table, stores null instead. */
export function appendRows(api: DuckDB, appender: DuckDBAppender, table: StoredTable): void {
  const fields = table.columns.filter((column) => !column.tag);
  const types = [api.INTEGER, api.TIMESTAMP_NS, ...fields.map((field) => typeOf(api, field.type))];
  const chunk = api.DuckDBDataChunk.create(types);
  const columns = fields.map((field) => {
    const column = table.rows.columns.get(field.name);
    return column !== undefined && column.type === field.type && !column.tag ? column : null;
  });
  for (let from = 0; from < table.rows.count; from += CHUNK) {
    chunk.reset();
    chunk.rowCount = Math.min(CHUNK, table.rows.count - from);
    fillKeys(api, chunk, table.rows, from);
    columns.forEach((column, i) => {
      fillColumn(chunk, i + 2, column, from);
    });
    appender.appendDataChunk(chunk);
  }
}

function fillKeys(api: DuckDB, chunk: DuckDBDataChunk, rows: RowColumns<StoredSeries>, from: number): void {
  const ids = chunk.getColumnVector(0) as unknown as { setItem(i: number, value: number): void; flush(): void };
  const times = chunk.getColumnVector(1) as unknown as { setItem(i: number, value: object): void; flush(): void };
  for (let i = 0; i < chunk.rowCount && from + i < rows.count; i++) {
    ids.setItem(i, rows.series[from + i].id);
    times.setItem(i, new api.DuckDBTimestampNanosecondsValue(rows.times[from + i]));
  }
  ids.flush();
  times.flush();
}

function fillColumn(chunk: DuckDBDataChunk, at: number, column: RowColumn | null, from: number): void {
  const vector = chunk.getColumnVector(at) as unknown as { setItem(i: number, value: unknown): void; flush(): void };
  const count = chunk.rowCount;
  for (let i = 0; i < count; i++) vector.setItem(i, column === null ? null : column.get(from + i));
  vector.flush();
}

/** Appends the number and the tags of each series. */
export function appendSeries(appender: DuckDBAppender, table: StoredTable, series: readonly StoredSeries[]): void {
  const names = table.columns.filter((column) => column.tag).map((column) => column.name);
  for (const each of series) {
    const values = new Map(each.tags);
    appender.appendInteger(each.id);
    for (const name of names) {
      const value = values.get(name);
      if (value === undefined) appender.appendNull();
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
}
