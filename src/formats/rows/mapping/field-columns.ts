// The columns of --fields that the inputs of one load have, and those that some inputs lack.

import type { TagMapping } from '../../../core/types/index.js';

/** The columns of --fields over all inputs of a load with a header or schema. */
export class FieldColumns {
  readonly #found = new Set<string>();
  readonly #lacking = new Set<string>();

  /** Records the columns of one input. */
  add(fields: readonly TagMapping[] | null, columns: readonly string[]): void {
    const names = new Set(columns);
    for (const { name } of fields ?? []) (names.has(name) ? this.#found : this.#lacking).add(name);
  }

  /** Lists the columns that no input has. */
  get unknown(): string[] {
    return [...this.#lacking].filter((name) => !this.#found.has(name));
  }
}
