// Field types as small numbers, and the types known in a load.

import type { ColumnType } from '../../../core/types/index.js';

export { BOOLEAN, FLOAT, INTEGER, STRING, UNSIGNED } from '../../kernel/assembly/rows/row-memory.js';

/** No type is known yet. */
export const UNKNOWN = 0;
export const typeNames = ['unknown', 'float', 'integer', 'unsigned', 'boolean', 'string'] as const;

/** Field types by table and name, for a whole load: what one input shows holds for the next. */
export class FieldTypes {
  readonly #tables = new Map<string, Map<string, number>>();

  get(table: string, field: string): number {
    return this.#tables.get(table)?.get(field) ?? UNKNOWN;
  }

  /** Sets the type of a field unless one is known. */
  infer(table: string, field: string, type: Exclude<ColumnType, 'tag'>): void {
    if (this.get(table, field) === UNKNOWN) this.set(table, field, typeNames.indexOf(type));
  }

  set(table: string, field: string, type: number): void {
    const fields = this.#tables.get(table) ?? new Map<string, number>();
    this.#tables.set(table, fields.set(field, type));
  }
}
