// Holds the points of one request for one table, as columns. The next request reuses the memory of the columns, because
// requests are applied one after another, and appending to DuckDB is synchronous.

import { type RequestRefusal, refusal } from '../request-refusal.js';
import type { StoredFieldType, StoredFieldValue } from './parse-values.js';

type RowValues = Float64Array | BigInt64Array | BigUint64Array | Uint8Array | string[];

const FIRST_CAPACITY = 1024;

function allocate(type: StoredFieldType, size: number): RowValues {
  if (type === 'F64') return new Float64Array(size);
  if (type === 'I64') return new BigInt64Array(size);
  if (type === 'U64') return new BigUint64Array(size);
  return type === 'BOOL' ? new Uint8Array(size) : new Array<string>(size);
}

function grown(values: RowValues, size: number): RowValues {
  if (Array.isArray(values)) return values;
  const copy = new (values.constructor as new (size: number) => Exclude<RowValues, string[]>)(size);
  (copy as Uint8Array).set(values as Uint8Array);
  return copy;
}

/** One column of a request. A tag column does not contain values, because tags belong to the series. */
export class RowColumn {
  readonly name: string;
  tag = false;
  /** Type of the values; null if the request lacks the column. */
  type: StoredFieldType | null = null;
  /** Index of the first row with the column. */
  firstRow = 0;
  filled = new Uint8Array(FIRST_CAPACITY);
  #values = new Map<StoredFieldType, RowValues>();
  #current: RowValues = [];
  #last = -1;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Sets the type at the first call in a request. Returns a refusal if a later call has another type, otherwise null.
   */
  use(type: StoredFieldType, tag: boolean, row: number): RequestRefusal | null {
    if (this.type === type) return null;
    if (this.type !== null) return mixedTypes(type);
    this.type = type;
    this.tag = tag;
    this.firstRow = row;
    let values = this.#values.get(type);
    if (values === undefined) {
      values = allocate(type, this.filled.length);
      this.#values.set(type, values);
    }
    this.#current = values;
    return null;
  }

  /** Tests whether the row already has a value. If a point repeats a field, only the first value is stored. */
  has(row: number): boolean {
    return this.#last === row;
  }

  set(row: number, value: StoredFieldValue): void {
    if (row >= this.filled.length) this.#grow(row);
    this.#current[row] = value as never;
    this.filled[row] = 1;
    this.#last = row;
  }

  /** Returns the value of a row; null for a row without a value. */
  get(row: number): StoredFieldValue | null {
    if (row >= this.filled.length || this.filled[row] === 0) return null;
    const value = this.#current[row];
    return this.type === 'BOOL' ? value === 1 : value;
  }

  reset(rows: number): void {
    this.filled.fill(0, 0, Math.min(rows, this.filled.length));
    this.type = null;
    this.tag = false;
    this.#last = -1;
  }

  #grow(row: number): void {
    const size = Math.max(row + 1, this.filled.length * 2);
    const filled = new Uint8Array(size);
    filled.set(this.filled);
    this.filled = filled;
    for (const [type, values] of this.#values) this.#values.set(type, grown(values, size));
    if (this.type !== null) this.#current = this.#values.get(this.type) ?? [];
  }
}

function mixedTypes(type: StoredFieldType): RequestRefusal {
  return refusal('050014', `line to batch error: Expected ${type.toLowerCase()} column`);
}

/** The rows of a request for one table. */
export class RowColumns<Series> {
  count = 0;
  fields = 0;
  readonly series: Series[] = [];
  times = new BigInt64Array(FIRST_CAPACITY);
  readonly columns = new Map<string, RowColumn>();

  column(name: string): RowColumn {
    let column = this.columns.get(name);
    if (column === undefined) {
      column = new RowColumn(name);
      this.columns.set(name, column);
    }
    return column;
  }

  /** Completes a row. */
  end(series: Series, time: bigint): void {
    if (this.count === this.times.length) this.times = grown(this.times, this.count * 2) as BigInt64Array<ArrayBuffer>;
    this.times[this.count] = time;
    this.series[this.count++] = series;
  }

  reset(): void {
    for (const column of this.columns.values()) column.reset(this.count + 1);
    this.count = 0;
    this.fields = 0;
    this.series.length = 0;
  }

  /** Lists the columns of the request in the order in which CnosDB adds them to a table. */
  used(): RowColumn[] {
    return [...this.columns.values()]
      .filter((column) => column.type !== null)
      .sort((a, b) => a.firstRow - b.firstRow || Number(b.tag) - Number(a.tag) || (a.name < b.name ? -1 : 1));
  }
}
