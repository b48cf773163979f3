// Tables, columns and series in memory. A stored row contains the number of its series instead of tags.

import type { StoredFieldType } from '../writes/parse-values.js';
import { type RowColumn, RowColumns } from '../writes/row-columns.js';

/** A column. Only DESCRIBE uses `codec`. */
export interface TableColumn {
  readonly name: string;
  readonly type: StoredFieldType;
  readonly tag: boolean;
  readonly codec: string;
}

export interface StoredSeries {
  readonly table: StoredTable;
  /** Distinct tags, sorted by name. */
  readonly tags: readonly (readonly [string, string])[];
  /** Number of the series; −1 until the first write of the series is stored. */
  id: number;
  /** Latest stored time in ns. A point with a later time does not overwrite a row. */
  last: bigint;
  /** Number of the last request that contains the series. */
  request: number;
}

export interface StoredTable {
  readonly name: string;
  readonly id: number;
  /** False until the first write of the table is stored. */
  created: boolean;
  columns: TableColumn[];
  readonly series: Map<string, StoredSeries>;
  /** Value of `id` for the next series. */
  nextSeries: number;
  /** Rows of the current request. */
  rows: RowColumns<StoredSeries>;
  /** Columns of `rows`. The key is the name of the field as a request contains it, with escapes. */
  readonly written: Map<string, RowColumn>;
  /** Fields in the order in which points usually have them. `written` is the name in the request, with the `=`. */
  readonly usualFields: { readonly written: Uint8Array; readonly column: RowColumn }[];
  /** True if two stored rows may have the same series and time. Then the rows are merged before the next query. */
  overlapping: boolean;
}

export const NEVER = -(2n ** 63n);
const LARGE_REQUEST = 1 << 16;

export function newTable(name: string, id: number, columns: TableColumn[] = [], created = false): StoredTable {
  return {
    name,
    id,
    created,
    columns,
    series: new Map(),
    nextSeries: 0,
    rows: new RowColumns(),
    written: new Map(),
    usualFields: [],
    overlapping: false,
  };
}

/** Returns the series with these tags, which may be in any order. The first of several tags with one name wins. */
export function seriesOf(table: StoredTable, tags: readonly (readonly [string, string])[]): StoredSeries {
  const sorted = [...tags].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const distinct = sorted.filter((tag, i) => i === 0 || tag[0] !== sorted[i - 1][0]);
  const key = JSON.stringify(distinct);
  let series = table.series.get(key);
  if (series === undefined) {
    series = { table, tags: distinct, id: -1, last: NEVER, request: -1 };
    table.series.set(key, series);
  }
  return series;
}

/** Discards the rows of a request. After a large request, also frees the memory. */
export function discardRows(table: StoredTable): void {
  if (table.rows.count > LARGE_REQUEST) {
    table.rows = new RowColumns();
    table.written.clear();
    table.usualFields.length = 0;
  } else table.rows.reset();
}

/** Tests whether SQL can read a table. A table with a slash in its name can be written, but not queried. */
export function visible(table: StoredTable): boolean {
  return table.created && !table.name.includes('/');
}
