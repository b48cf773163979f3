// Annotated CSV, as InfluxDB writes and reads it: rows before the header that say what its columns are. They are gathered
// here; what they come to is for annotated.ts.

import { UsageError } from '../../../core/errors.js';
import { type Declared, datatypeNames, datatypeOf } from './datatypes.js';

const known = /^#(datatype|group|default|constant|concat|timezone)(?: +|$)/i;

/** A column that no row has: all rows have the same value in it, or one put together from others. */
export interface Virtual {
  readonly label: string;
  readonly declared: Declared;
  /** `${first} ${last}` where it is computed, else the value. */
  readonly value: string;
  readonly computed: boolean;
}

export function isAnnotation(cell: string): boolean {
  return known.test(cell);
}

export class Annotations {
  readonly virtual: Virtual[] = [];
  /** As it was written; null without `#timezone`. */
  timezone: string | null = null;
  #datatypes: { readonly cells: readonly string[]; readonly line: number } = { cells: [], line: 0 };
  #group: readonly string[] = [];
  #defaults: readonly string[] = [];

  /** Takes a row in. Throws UsageError for what cannot be understood. */
  add(row: readonly string[], line: number): void {
    const [whole, name = ''] = known.exec(row[0]!)!;
    // `#datatype measurement,tag`: what follows the name belongs to the first column.
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

  /** What was said of the column under this label. */
  declared(column: number, label: string): Declared {
    const text = this.#datatypes.cells[column] ?? '';
    const declared = datatypeOf(text);
    if (declared === null) throw unknown(text, this.#datatypes.line, `column ${column + 1} (${JSON.stringify(label)})`);
    const grouped = declared.part === null && this.#group[column]?.trim() === 'true';
    const fallback = this.#defaults[column] || declared.fallback;
    return { ...declared, part: grouped ? 'tag' : declared.part, fallback };
  }
}

function virtualOf(cells: readonly string[], line: number, annotation: string): Virtual {
  const [text = '', label = '', value] = cells;
  const declared = text === '' ? null : datatypeOf(text);
  if (declared === null) throw unknown(text, line, `#${annotation}`);
  const named = declared.part === 'measurement' || declared.part === 'time';
  // Of these there is one, which needs no name.
  const said = value || (named ? label : '') || declared.fallback;
  return { label, declared, value: said, computed: annotation === 'concat' };
}

function unknown(text: string, line: number, where: string): UsageError {
  return new UsageError([
    `reading the annotations — expected a datatype (${datatypeNames}), with a format that fits, for ${where} — ` +
      `got ${JSON.stringify(text)} at line ${line} — correct the annotation, or mark the column as ignored`,
  ]);
}
