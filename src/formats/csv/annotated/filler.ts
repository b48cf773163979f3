// Completes the cells of a row as the annotations require: defaults, constants, computed columns, numbers in plain
// notation, and the column of a Flux field.

import { isUtf8 } from 'node:buffer';
import { DOT } from '../../../core/ascii.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import type { Reason } from '../../reasons.js';
import { BARE, type Cells, type RowFiller } from '../../rows/cells.js';
import { nameProblem } from '../../rows/mapping/mapping.js';
import type { AnnotatedTable, Flux } from './annotated-table.js';

export class Filler implements RowFiller {
  readonly #table: AnnotatedTable;
  readonly #bytes: Uint8Array;
  readonly #texts: Uint8Array;
  readonly #fallbacks: readonly { readonly column: number; readonly from: number; readonly to: number }[];
  readonly #byName = new Map<string, number | Reason>();
  #columns: number;
  #at = 0;

  constructor(table: AnnotatedTable, bytes: Uint8Array) {
    this.#table = table;
    this.#bytes = bytes;
    this.#columns = table.columns;
    this.#texts = Buffer.concat(table.fallbacks.map(({ value }) => Buffer.from(value)));
    let from = 0;
    this.#fallbacks = table.fallbacks.map(({ column, value }) => {
      const to = from + Buffer.byteLength(value);
      const range = { column, from, to };
      from = to;
      return range;
    });
  }

  get bytes(): number {
    return this.#texts.length;
  }

  /**
   * Copies the constant texts of the annotations to offset `at` of the memory. The copies must not be overwritten while
   * rows are read.
   */
  begin(at: number): void {
    this.#at = at;
    this.#bytes.set(this.#texts, at);
  }

  /**
   * Sets the cells that the annotations define.
   * @param real number of cells in the row of the input
   * @param scratch start of the memory for new texts, which ends at `end`
   * @returns the reason why the row cannot become a point; null for a valid row
   */
  fill(cells: Cells, real: number, scratch: number, end: number): Reason | null {
    cells.reserve(this.#columns);
    for (const { column, from, to } of this.#fallbacks) {
      if (column >= real || (cells.kinds[column] === BARE && cells.starts[column] === cells.ends[column]))
        setCell(cells, column, this.#at + from, this.#at + to);
    }
    let at = this.#computeCells(cells, scratch, end);
    for (const { column, format } of this.#table.numbers) {
      if (at < 0) break;
      at = this.#plainNumber(cells, column, format, at, end);
    }
    if (at < 0) return 'too-long';
    return this.#table.flux === null ? null : this.#placeField(cells, this.#table.flux);
  }

  #computeCells(cells: Cells, scratch: number, end: number): number {
    let at = scratch;
    for (const { column, pieces } of this.#table.computed) {
      const from = at;
      for (const piece of pieces) {
        const text =
          typeof piece === 'string' ? Buffer.from(piece) : this.#bytes.subarray(cells.starts[piece], cells.ends[piece]);
        if (text.length > end - at) return -1;
        this.#bytes.set(text, at);
        at += text.length;
      }
      setCell(cells, column, from, at);
    }
    return at;
  }

  /** Converts `1.234,5` with the format `,.` to `1234.5`. */
  #plainNumber(cells: Cells, column: number, format: string, scratch: number, end: number): number {
    const bytes = this.#bytes;
    const stop = cells.ends[column]!;
    if (stop - cells.starts[column]! > end - scratch) return -1;
    let at = scratch;
    for (let p = cells.starts[column]!; p < stop; p++) {
      const place = format.indexOf(String.fromCharCode(bytes[p]!));
      if (place <= 0) bytes[at++] = place === 0 ? DOT : bytes[p]!;
    }
    cells.starts[column] = scratch;
    cells.ends[column] = at;
    return at;
  }

  /**
   * Turns the row's `_value` cell into the cell of the field that `_field` names. Each field has its own column. A new
   * field name adds a column.
   */
  #placeField(cells: Cells, { name, value, declared }: Flux): Reason | null {
    const bytes = this.#bytes.subarray(cells.starts[name], cells.ends[name]);
    const key = Buffer.from(bytes).toString();
    // Two different names that are not UTF-8 could decode to the same text. So a name must be UTF-8.
    const column = this.#byName.get(key) ?? (isUtf8(bytes) ? this.#addField(key, declared) : 'invalid-utf8');
    if (typeof column === 'string') return column;
    cells.reserve(this.#columns);
    cells.kinds.fill(0, this.#table.columns, this.#columns);
    cells.kinds[column] = cells.kinds[value]!;
    cells.starts[column] = cells.starts[value]!;
    cells.ends[column] = cells.ends[value]!;
    return null;
  }

  #addField(name: string, { type, reading }: Flux['declared']): number | Reason {
    const { mapping } = this.#table;
    if (this.#columns >= MAX_COLUMNS) return 'too-many-columns';
    const isTag = mapping.constants.names.has(name) || mapping.tags.some((tag) => tag.name === name);
    const problem = isTag ? 'tag-and-field-same-name' : nameProblem(name, true);
    if (problem === null) mapping.addField(this.#columns, { as: name, type, reading });
    const column = problem ?? this.#columns++;
    this.#byName.set(name, column);
    return column;
  }
}

function setCell(cells: Cells, column: number, from: number, to: number): void {
  cells.kinds[column] = BARE;
  cells.starts[column] = from;
  cells.ends[column] = to;
}
