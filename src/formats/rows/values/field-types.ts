// Field types as small numbers, and the types known in a load.

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

  set(table: string, field: string, type: number): void {
    const fields = this.#tables.get(table) ?? new Map<string, number>();
    this.#tables.set(table, fields.set(field, type));
  }
}
