// The numbers of columns, as CnosDB 2.4.3 gives them (tskv/src/schema/schemas.rs). Each node has a copy of the schema, which
// follows the meta service later. A vnode numbers the columns that its node's copy lacks, and keeps its numbers also where the
// meta service refuses them: then its values are read under other columns.

import type { ParsedPoint } from './lines.js';

type Numbers = ReadonlyMap<string, number>;

export interface SchemaOptions {
  readonly nodes: number;
  /** Vnodes of the database. Vnode i lies on node i, modulo their number. */
  readonly shards: number;
  /** Calls `update` once the copies follow. */
  readonly later: (update: () => void) => void;
}

export class Schemas {
  readonly #options: SchemaOptions;
  readonly #meta = new Map<string, Numbers>();
  readonly #copies: Map<string, Numbers>[];

  constructor(options: SchemaOptions) {
    this.#options = options;
    this.#copies = Array.from({ length: options.nodes }, () => new Map<string, Numbers>());
  }

  /**
   * Tests whether the copy of a node has the table, and with a column that column. Every node shows a table that a test put
   * into the store itself.
   */
  shows(node: number, table: string, column?: string): boolean {
    if (!this.#meta.has(table)) return true;
    const copy = this.#copies[node]!.get(table);
    return copy !== undefined && (column === undefined || copy.has(column));
  }

  /** Numbers the columns of one request. Returns a sentence for each column whose values are stored under another one. */
  write(points: readonly ParsedPoint[]): string[] {
    const { nodes, shards, later } = this.#options;
    const wrong: string[] = [];
    const changed = new Map<string, Numbers>();
    for (let vnode = 0; vnode < shards; vnode += 1) {
      const ofVnode = points.filter((point) => shardOf(point) % shards === vnode);
      for (const table of new Set(ofVnode.map((point) => point.table))) {
        const rows = ofVnode.filter((point) => point.table === table);
        const names = [
          ...new Set(rows.flatMap(({ tags, fields }) => [...tags, ...fields].map(([name]) => name))),
        ].sort();
        const copy: Numbers = this.#copies[vnode % nodes]!.get(table) ?? new Map<string, number>();
        const own = extended(copy, names);
        const meta = this.#meta.get(table) ?? new Map<string, number>();
        const updated = own.size > copy.size && meta.size === copy.size ? own : extended(meta, names);
        if (updated.size > meta.size) changed.set(table, updated);
        this.#meta.set(table, updated);
        for (const name of names) {
          if (own.get(name) === updated.get(name)) continue;
          const other = [...updated].find(([, number]) => number === own.get(name))?.[0] ?? 'no column';
          wrong.push(`values of ${table}.${name} are stored under ${other}`);
        }
      }
    }
    if (changed.size > 0)
      later(() => {
        for (const copy of this.#copies) for (const [table] of changed) copy.set(table, this.#meta.get(table)!);
      });
    return wrong;
  }
}

function extended(numbers: Numbers, names: readonly string[]): Numbers {
  const all = new Map(numbers);
  for (const name of names) if (!all.has(name)) all.set(name, all.size);
  return all;
}

function shardOf({ table, tags }: ParsedPoint): number {
  let hash = 0;
  for (const character of JSON.stringify([table, tags])) hash = (hash * 1313 + character.codePointAt(0)!) >>> 0;
  return hash;
}
