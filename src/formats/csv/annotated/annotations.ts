// Reads the annotation rows of annotated CSV, as InfluxDB writes and reads them. Annotation rows precede the header and
// describe the columns.

import { UsageError } from '../../../core/errors.js';
import { type ColumnDeclaration, datatypeNames, datatypeOf } from './datatypes.js';

const known = /^#(datatype|group|default|constant|concat|timezone)(?: +|$)/i;

/**
 * A column that the rows do not contain. `#constant` gives the text of the column; `#concat` composes the text from
 * other columns.
 */
export interface VirtualColumn {
  readonly label: string;
  readonly declared: ColumnDeclaration;
  /** The constant text; for a `#concat` column, the template, such as `${first} ${last}`. */
  readonly value: string;
  readonly computed: boolean;
}

/** Tests whether the cells of the header declare the columns: `cpu|tag,count|long|0,time|dateTime`. */
export function isTypedHeader(cells: readonly string[]): boolean {
  const types = cells.filter((cell) => cell.includes('|')).map((cell) => datatypeOf(cell.slice(cell.indexOf('|') + 1)));
  return (
    types.length > 0 &&
    types.every((type) => type !== null) &&
    types.some((type) => type?.part === 'measurement' || type?.part === 'time')
  );
}

export function isAnnotation(cell: string): boolean {
  return known.test(cell);
}

export class Annotations {
  readonly virtual: VirtualColumn[] = [];
  /** The text of `#timezone`; null without this annotation. */
  timezone: string | null = null;
  #datatypes: { readonly cells: readonly string[]; readonly line: number } = { cells: [], line: 0 };
  #group: readonly string[] = [];
  #defaults: readonly string[] = [];

  /** Adds an annotation row. Throws UsageError for an invalid row. */
  add(row: readonly string[], line: number): void {
    const [whole, name = ''] = known.exec(row[0]!)!;
    // In `#datatype measurement,tag`, the first cell contains the annotation's name and the datatype of the first
    // column.
    const cells = [row[0]!.slice(whole.length), ...row.slice(1)];
    switch (name.toLowerCase()) {
      case 'datatype':
        this.#datatypes = { cells, line };
        break;
      case 'group':
        this.#group = cells;
        break;
      case 'default':
        this.#defaults = cells;
        break;
      case 'timezone':
        this.timezone = (cells[0] || cells[1] || '').trim();
        break;
      default:
        this.virtual.push(virtualOf(cells[0] === '' ? cells.slice(1) : cells, line, name.toLowerCase()));
    }
  }

  /**
   * Splits a header cell: `count|long|0` has the label `count` and the datatype `long|0`. If a #datatype row declares
   * the columns, the whole cell is the label.
   */
  labelled(cell: string): { readonly label: string; readonly datatype: string | null } {
    const bar = cell.indexOf('|');
    if (this.#datatypes.cells.length > 0 || bar < 1) return { label: cell, datatype: null };
    return { label: cell.slice(0, bar).trim(), datatype: cell.slice(bar + 1) };
  }

  /**
   * Returns the declaration of a column. `datatype` is the text after the label in the column's header cell; null if
   * the cell contains only a label.
   */
  declared(column: number, label: string, datatype: string | null): ColumnDeclaration {
    const text = datatype ?? this.#datatypes.cells[column] ?? '';
    const declared = datatypeOf(text);
    if (declared === null) throw unknown(text, this.#datatypes.line, `column ${column + 1} (${JSON.stringify(label)})`);
    const grouped = declared.part === null && this.#group[column]?.trim() === 'true';
    const fallback = this.#defaults[column] || declared.fallback;
    return { ...declared, part: grouped ? 'tag' : declared.part, fallback };
  }
}

function virtualOf(cells: readonly string[], line: number, annotation: string): VirtualColumn {
  const [text = '', label = '', value] = cells;
  const declared = text === '' ? null : datatypeOf(text);
  if (declared === null) throw unknown(text, line, `#${annotation}`);
  const named = declared.part === 'measurement' || declared.part === 'time';
  // A constant measurement or time needs no column name: in `#constant measurement,cpu`, the second cell is the value.
  const constant = value || (named ? label : '') || declared.fallback;
  return { label, declared, value: constant, computed: annotation === 'concat' };
}

function unknown(text: string, line: number, where: string): UsageError {
  return new UsageError([
    {
      tried: `reading the annotation of ${where} in line ${line}`,
      expected: `one of the datatypes ${datatypeNames}, with a valid format`,
      found: JSON.stringify(text),
      fix: 'correct the annotation, or mark the column as ignored',
    },
  ]);
}
