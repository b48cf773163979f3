// Field types as small numbers, and the types known in a load.

/** No type is known yet. */
export const UNKNOWN = 0;
export const FLOAT = 1;
export const INTEGER = 2;
export const UNSIGNED = 3;
export const BOOLEAN = 4;
export const STRING = 5;
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
