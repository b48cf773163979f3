// Reads the `tags` column of CSV that InfluxDB 1 writes for a query with GROUP BY: `host=a,region=eu\ west`.

import { isUtf8 } from 'node:buffer';
import { MAX_COLUMNS } from '../line-protocol/exact/column-set.js';
import type { Reason } from '../reasons.js';
import { type Cells, NONE, type RowFiller, TEXT } from '../rows/cells.js';
import { type Mapping, nameProblem } from '../rows/mapping/mapping.js';

interface TagSet {
  readonly columns: readonly number[];
  readonly values: readonly Buffer[];
}

/**
 * Tests whether a header looks like the header of an InfluxDB 1 result. The caller must also check that no option uses
 * the column `tags`.
 */
export function isInfluxQl(names: readonly string[]): boolean {
  return names[0] === 'name' && names[1] === 'tags' && names.includes('time');
}

/**
 * Splits the text of the column `tags`, such as `host=a,region=b`, into one cell for each tag. Each new tag key gets a
 * column after the columns of the header.
 */
export class InfluxQlTags implements RowFiller {
  readonly bytes = 0;
  readonly #memory: Uint8Array;
  readonly #mapping: Mapping;
  readonly #real: number;
  readonly #columns = new Map<string, number>();
  #last: { readonly text: string; readonly tags: TagSet | Reason } | null = null;

  constructor(memory: Uint8Array, mapping: Mapping, real: number) {
    this.#memory = memory;
    this.#mapping = mapping;
    this.#real = real;
  }

  begin(): void {}

  fill(cells: Cells, _: number, scratch: number, end: number): Reason | null {
    const raw = this.#memory.subarray(cells.starts[1], cells.ends[1]);
    const text = Buffer.from(raw).toString();
    if (this.#last?.text !== text) this.#last = { text, tags: isUtf8(raw) ? this.#parse(text) : 'invalid-utf8' };
    const { tags } = this.#last;
    if (typeof tags === 'string') return tags;
    cells.reserve(this.#real + this.#columns.size);
    cells.kinds.fill(NONE, this.#real, this.#real + this.#columns.size);
    let at = scratch;
    for (const [i, column] of tags.columns.entries()) {
      const value = tags.values[i]!;
      if (value.length > end - at) return 'too-long';
      this.#memory.set(value, at);
      cells.kinds[column] = TEXT;
      cells.starts[column] = at;
      at += value.length;
      cells.ends[column] = at;
    }
    return null;
  }

  #parse(text: string): TagSet | Reason {
    const pairs = text === '' ? [] : (text.match(/(?:\\.|[^,\\])+/gs) ?? []);
    const columns: number[] = [];
    const values: Buffer[] = [];
    for (const pair of pairs) {
      const [, key = '', value = ''] = /^((?:\\.|[^=\\])*)=(.*)$/s.exec(pair) ?? [];
      if (key === '') return 'no-tag-value';
      const column = this.#column(key.replace(/\\([,= ])/g, '$1'));
      if (typeof column === 'string') return column;
      columns.push(column);
      values.push(Buffer.from(value.replace(/\\([,= ])/g, '$1')));
    }
    return { columns, values };
  }

  #column(key: string): number | Reason {
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    if (this.#real + this.#columns.size >= MAX_COLUMNS) return 'too-many-columns';
    if (this.#mapping.fields.some(({ name }) => name === key)) return 'tag-and-field-same-name';
    if (this.#mapping.constants.names.has(key)) return 'duplicate-tag';
    const problem = nameProblem(key, false);
    if (problem !== null) return problem;
    const column = this.#real + this.#columns.size;
    this.#mapping.addTag(column, key);
    this.#columns.set(key, column);
    return column;
  }
}
