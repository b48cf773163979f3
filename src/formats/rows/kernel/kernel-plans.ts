// Writes a plan of each table into the memory of the WebAssembly parser. A plan contains column prefixes (such as
// `,host=`), field types, and the sets of columns that rows of the table had. A table gets a plan when the encoder has
// accepted one of its rows.

import { COLUMN_BYTES, KEYS, NEXT_PLAN, PLANS, SHAPE_SLOTS } from '../../kernel/assembly/rows/row-memory.js';
import type { MappedColumn, Mapping } from '../mapping/mapping.js';
import type { TableMemory } from '../table-memory.js';

const HEAD_WORDS = NEXT_PLAN / 4 + 1;
const COLUMN_WORDS = COLUMN_BYTES / 4;
/** Unused bytes after the data, because the WebAssembly parser reads and writes 16 bytes at once. */
const SLACK = 16;
/**
 * Bytes that a point needs in addition to names and values. Each field may need quotes or a suffix. The point needs
 * spaces and a timestamp.
 */
const perField = 4;
const perPoint = 128;

interface Plan {
  readonly at: number;
  readonly fieldsAt: number;
  version: number;
}

export class Plans {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #setFirst: (first: number) => void;
  readonly #known = new Map<TableMemory, Plan>();
  #mapping: Mapping | null = null;
  #at = PLANS;
  #tags = 0;
  #fields = 0;
  #first = 0;

  /** @param setFirst receives the offset of the first plan whenever this offset changes; 0 if no plan exists */
  constructor(buffer: ArrayBufferLike, setFirst: (first: number) => void) {
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer, 0, KEYS / 4);
    this.#setFirst = setFirst;
  }

  get isEmpty(): boolean {
    return this.#first === 0;
  }

  /** Starts a new mapping and forgets the plans of all tables. */
  begin(mapping: Mapping): void {
    this.#mapping = mapping;
    this.#clear();
  }

  /**
   * Creates or updates a table's plan. @returns the offset of the plan; null if the memory is too small for the plan
   */
  update(table: TableMemory): number | null {
    const { tags, fields } = this.#mapping!;
    // Every plan describes all columns of the mapping, so a new column invalidates every plan.
    if (tags.length !== this.#tags || fields.length !== this.#fields) this.#clear();
    this.#tags = tags.length;
    this.#fields = fields.length;
    const plan = this.#known.get(table) ?? this.#create(table, this.#mapping!);
    if (plan === null) return null;
    if (plan.version !== table.version) this.#putTypes(plan, table);
    return plan.at;
  }

  #clear(): void {
    this.#known.clear();
    this.#at = PLANS;
    this.#first = 0;
    this.#setFirst(0);
  }

  #create(table: TableMemory, { tags, fields }: Mapping): Plan | null {
    const columns = [...tags, ...fields];
    const prefixes = columns.reduce((sum, { prefix }) => sum + prefix.length, 0);
    const maskWords = (columns.length + 31) >>> 5;
    const words = HEAD_WORDS + COLUMN_WORDS * columns.length + SHAPE_SLOTS * (1 + maskWords);
    const bytes = 4 * words + table.prefix.length + table.raw.length + prefixes + 2 * SLACK;
    if (bytes > KEYS - PLANS) return null;
    // If the memory is full, all plans are dropped. Each table then gets a new plan with its next accepted row.
    if (bytes > KEYS - this.#at) this.#clear();
    const at = this.#at;
    const columnsAt = at + 4 * HEAD_WORDS;
    const tagsEnd = columnsAt + 4 * COLUMN_WORDS * tags.length;
    const fieldsEnd = columnsAt + 4 * COLUMN_WORDS * columns.length;
    const shapesAt = fieldsEnd;
    const prefixAt = at + 4 * words;
    const nameAt = prefixAt + table.prefix.length;
    this.#bytes.fill(0, at, prefixAt);
    this.#bytes.set(table.prefix, prefixAt);
    this.#bytes.set(table.raw, nameAt);
    const maxBytes = table.prefix.length + prefixes + perField * columns.length + perPoint;
    this.#words.set(
      [
        prefixAt,
        table.prefix.length,
        nameAt,
        table.raw.length,
        columnsAt,
        tagsEnd,
        fieldsEnd,
        maxBytes,
        shapesAt,
        4 * maskWords,
        table.keyBytes,
        this.#first,
      ],
      at / 4,
    );
    this.#at = Math.ceil((this.#putColumns(columns, columnsAt, nameAt + table.raw.length) + SLACK) / 16) * 16;
    this.#first = at;
    const plan = { at, fieldsAt: tagsEnd, version: -1 };
    this.#known.set(table, plan);
    this.#setFirst(at);
    return plan;
  }

  /**
   * Writes the descriptors of all columns at `columnsAt`, and the columns' prefixes (such as `,host=`) at `prefixes`.
   * @returns the offset after the last prefix
   */
  #putColumns(columns: readonly MappedColumn[], columnsAt: number, prefixes: number): number {
    let at = prefixes;
    for (const [i, { column, prefix }] of columns.entries()) {
      this.#bytes.set(prefix, at);
      this.#words.set([column, at, prefix.length], columnsAt / 4 + COLUMN_WORDS * i);
      at += prefix.length;
    }
    return at;
  }

  #putTypes(plan: Plan, { types, declared, version }: TableMemory): void {
    for (let i = 0; i < this.#fields; i++) {
      const word = plan.fieldsAt / 4 + COLUMN_WORDS * i + 3;
      this.#words[word] = types[i]!;
      this.#words[word + 1] = declared[i]!;
    }
    plan.version = version;
  }
}
