// Field types as small numbers, and the types known in a load.

import type { ColumnType } from '../../../core/types/index.js';

export { BOOLEAN, FLOAT, INTEGER, STRING, UNSIGNED } from '../../kernel/assembly/rows/row-memory.js';

/** No type is known yet. */
export const UNKNOWN = 0;
export const typeNames = ['unknown', 'float', 'integer', 'unsigned', 'boolean', 'string'] as const;

/** Names of field types by table and name. */
export type KnownFieldTypes = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Field types by table and name, for a whole load. A type that one input shows holds for the next inputs. */
export class FieldTypes {
  readonly #tables = new Map<string, Map<string, number>>();

  /** @param known types that other inputs of the load have shown */
  constructor(known: KnownFieldTypes = {}) {
    this.add(known);
  }

  /** Sets the types that other inputs or another thread have shown. */
  add(known: KnownFieldTypes): void {
    for (const [table, fields] of Object.entries(known)) {
      for (const [field, type] of Object.entries(fields)) {
        this.set(table, field, Math.max(UNKNOWN, typeNames.indexOf(type as (typeof typeNames)[number])));
      }
    }
  }

  /** All types by table and name. */
  get all(): KnownFieldTypes {
    const byName = (fields: ReadonlyMap<string, number>): Record<string, string> =>
      Object.fromEntries([...fields].map(([field, type]) => [field, typeNames[type]!]));
    return Object.fromEntries([...this.#tables].map(([table, fields]) => [table, byName(fields)]));
  }

  get(table: string, field: string): number {
    return this.#tables.get(table)?.get(field) ?? UNKNOWN;
  }

  /** Sets the type of a field unless a type is known. */
  infer(table: string, field: string, type: Exclude<ColumnType, 'tag'>): void {
    if (this.get(table, field) === UNKNOWN) this.set(table, field, typeNames.indexOf(type));
  }

  set(table: string, field: string, type: number): void {
    const fields = this.#tables.get(table) ?? new Map<string, number>();
    this.#tables.set(table, fields.set(field, type));
  }
}
