// Tables, their columns and series as the server holds them in memory. A series is numbered, so that a stored row
// carries one integer instead of its tags.

import type { StoredFieldType } from '../writes/parse-values.js';
import { type RowColumn, RowColumns } from '../writes/row-columns.js';

/** `codec` is only shown, never used. */
export interface TableColumn {
  readonly name: string;
  readonly type: StoredFieldType;
  readonly tag: boolean;
  readonly codec: string;
}

export interface StoredSeries {
  readonly table: StoredTable;
  /** Sorted by name, each name once. */
  readonly tags: readonly (readonly [string, string])[];
  /** −1 until a write with it was applied. */
  id: number;
  /** Latest time stored, ns. A later one cannot overwrite anything. */
  last: bigint;
  /** The request that saw it last. */
  request: number;
}

export interface StoredTable {
  readonly name: string;
  readonly id: number;
  /** False while no write that names it has been applied. */
  created: boolean;
  columns: TableColumn[];
  readonly series: Map<string, StoredSeries>;
  /** Number of the next new series. */
  nextSeries: number;
  /** Rows of the request being read. */
  rows: RowColumns<StoredSeries>;
  /** Field names as written → column of `rows`. */
  readonly written: Map<string, RowColumn>;
  /** Fields in the order in which points tend to have them: the name as written, `=` included, and its column. */
  readonly habit: { readonly written: Uint8Array; readonly column: RowColumn }[];
  /** Stored rows may share series and time: to be merged before anyone looks. */
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
    habit: [],
    overlapping: false,
  };
}

/** Series with these tags, in any order; of two values for one tag the first stays. */
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

/** Forgets the rows of a request, and the memory of an unusually large one. */
export function forgetRows(table: StoredTable): void {
  if (table.rows.count > LARGE_REQUEST) {
    table.rows = new RowColumns();
    table.written.clear();
    table.habit.length = 0;
  } else table.rows.reset();
}

/** A table whose name holds a slash can be written to, but nobody gets to see it. */
export function visible(table: StoredTable): boolean {
  return table.created && !table.name.includes('/');
}
