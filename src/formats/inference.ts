// What the rows of an input were taken for: each table with its columns, a value of each, and the options that would say
// the same, so that the next load does not depend on what comes first.

import type { Settings } from '../config/settings.js';
import { formatColumns } from '../core/column-list.js';
import { pointValues } from '../core/line-protocol.js';
import type { ColumnType, Points, Shape } from '../core/types/index.js';
import { LENGTH, NO_TIMESTAMP, POINT_WORDS, SHAPE, START, UNCOUNTED_SHAPE } from '../core/types/index.js';

/** So many points of each shape are looked into. */
const looks = 50;
/** Strings of fewer different values than this, in so many looks, may well be tags. */
const fewValues = 10;

export interface InferredColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** As it would be typed; one of those that were seen. */
  readonly sample: string;
}

export interface InferredTable {
  readonly table: string;
  readonly columns: readonly InferredColumn[];
}

export interface InferredSchema {
  readonly tables: readonly InferredTable[];
  /** Options that say what was inferred; null where nothing was, or annotations say it. */
  readonly options: string | null;
  /** String fields that may well be tags. */
  readonly perhapsTags: readonly string[];
}

interface Seen {
  readonly type: ColumnType;
  readonly values: Set<string>;
}

/** Gathers while runs of points go by. */
export class SchemaInference {
  readonly #tables = new Map<string, Map<string, Seen>>();
  readonly #looked = new Map<number, number>();
  #annotated = false;

  take(run: Points, precision: Settings['precision']): void {
    this.#annotated ||= run.deadLetterFormat.head[0] === 0x23;
    for (let i = 0; i < run.count; i += 1) {
      const word = run.index[i * POINT_WORDS + SHAPE]!;
      const number = word & ~NO_TIMESTAMP;
      const times = this.#looked.get(number) ?? 0;
      if (times === looks || number === UNCOUNTED_SHAPE || word >= NO_TIMESTAMP) continue;
      this.#looked.set(number, times + 1);
      this.#look(run, i, run.shape(number), precision);
    }
  }

  #look({ bytes, index }: Points, i: number, { table, columns }: Shape, precision: Settings['precision']): void {
    const start = index[i * POINT_WORDS + START]!;
    const point = bytes.subarray(start, start + index[i * POINT_WORDS + LENGTH]!);
    const { tags, fields } = pointValues(point, precision === 's' ? 'ms' : precision);
    const seen = this.#tables.get(table) ?? new Map<string, Seen>();
    this.#tables.set(table, seen);
    for (const { name, type } of columns) {
      const found = seen.get(name) ?? { type, values: new Set<string>() };
      seen.set(name, found);
      if (found.values.size < fewValues) found.values.add(String(type === 'tag' ? tags.get(name) : fields.get(name)));
    }
  }

  /** Null for inputs that are not mapped, or of which nothing could be taken. */
  look(format: string, settings: Settings): InferredSchema | null {
    if (format === 'lp' || this.#tables.size === 0) return null;
    const tables = [...this.#tables].map(([table, seen]) => ({
      table,
      columns: [...seen].map(([name, { type, values }]) => ({ name, type, sample: [...values][0]! })),
    }));
    const strings = [...this.#tables.values()].flatMap((seen) => [...seen].filter(([, { type }]) => type === 'string'));
    const few = strings.filter(([, { values }]) => values.size < fewValues).map(([name]) => name);
    const inferred = settings.fields === null && !this.#annotated;
    const repeats = [...this.#looked.values()].some((times) => times >= 2 * fewValues);
    return {
      tables,
      options: inferred ? optionsOf(tables, settings) : null,
      perhapsTags: inferred && settings.tags === null && repeats ? [...new Set(few)] : [],
    };
  }
}

function optionsOf(tables: readonly InferredTable[], { measurement, tags }: Settings): string {
  const fields = new Map<string, Exclude<ColumnType, 'tag'>>();
  for (const { columns } of tables) {
    for (const { name, type } of columns) if (type !== 'tag') fields.set(name, type);
  }
  const typed = [...fields].map(([name, type]) => ({ name, type, as: name }));
  return [
    ...(measurement === null ? [] : ['--measurement', quoted(measurement)]),
    ...(tags === null ? [] : ['--tags', quoted(formatColumns(tags))]),
    ...['--fields', quoted(formatColumns(typed))],
  ].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
