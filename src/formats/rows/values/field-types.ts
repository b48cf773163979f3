// Represents field types as small numbers, and stores the types that are known in a load.

import type { ColumnType } from '../../../core/types/index.js';

export { BOOLEAN, FLOAT, INTEGER, STRING, UNSIGNED } from '../../kernel/assembly/rows/row-memory.js';

/** Stands for a type that is not known yet. */
export const UNKNOWN = 0;
export const typeNames = ['unknown', 'float', 'integer', 'unsigned', 'boolean', 'string'] as const;

/** Names of the known types, by table and field. */
export type KnownFieldTypes = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Types by table and field, for a whole load. A type that one input has determined applies to the next inputs. */
export class FieldTypes {
  readonly #tables = new Map<string, Map<string, number>>();

  /** @param known types that other inputs of the load have determined */
  constructor(known: KnownFieldTypes = {}) {
    this.add(known);
  }

  /** Sets types that other inputs or another thread have determined. */
  add(known: KnownFieldTypes): void {
    for (const [table, fields] of Object.entries(known)) {
      for (const [field, type] of Object.entries(fields)) {
        this.set(table, field, Math.max(UNKNOWN, typeNames.indexOf(type as (typeof typeNames)[number])));
      }
    }
  }

  /** Names of all known types, by table and field. */
  get all(): KnownFieldTypes {
    const byName = (fields: ReadonlyMap<string, number>): Record<string, string> =>
      Object.fromEntries([...fields].map(([field, type]) => [field, typeNames[type]!]));
    return Object.fromEntries([...this.#tables].map(([table, fields]) => [table, byName(fields)]));
  }

  get(table: string, field: string): number {
    return this.#tables.get(table)?.get(field) ?? UNKNOWN;
  }

  /** Sets the type of a field, unless it already has a known type. */
  infer(table: string, field: string, type: Exclude<ColumnType, 'tag'>): void {
    if (this.get(table, field) === UNKNOWN) this.set(table, field, typeNames.indexOf(type));
  }

  set(table: string, field: string, type: number): void {
    const fields = this.#tables.get(table) ?? new Map<string, number>();
    this.#tables.set(table, fields.set(field, type));
  }
}
