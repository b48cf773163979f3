// Records which columns of --fields the inputs of a load have. So a column that no input has can be reported.

import type { TagMapping } from '../../../core/types/index.js';

/**
 * Records which columns of --fields at least one input has, and which of them at least one input lacks. Ignores inputs
 * without a header or schema.
 */
export class FieldColumns {
  readonly #found = new Set<string>();
  readonly #lacking = new Set<string>();

  /** Records which of the `fields` are among the columns of one input. */
  add(fields: readonly TagMapping[] | null, columns: readonly string[]): void {
    const names = new Set(columns);
    for (const { name } of fields ?? []) (names.has(name) ? this.#found : this.#lacking).add(name);
  }

  /** Lists the columns of --fields that no input has. */
  get unknown(): string[] {
    return [...this.#lacking].filter((name) => !this.#found.has(name));
  }
}
