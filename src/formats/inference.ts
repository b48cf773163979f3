// Collects the tables, columns and sample values of points that were made from rows, and builds the options that
// declare these columns. With these options, a load does not depend on the order of its rows.

import { formatColumns } from '../core/points/column-list.js';
import { pointValues } from '../core/points/line-protocol.js';
import { shellQuote } from '../core/text.js';
import type { ColumnType, InputPrecision, Points, Shape } from '../core/types/index.js';
import { LENGTH, NO_TIMESTAMP, POINT_WORDS, SHAPE, START, UNCOUNTED_SHAPE } from '../core/types/index.js';
import type { MappingOptions } from './rows/mapping/mapping.js';

/** Largest number of points whose values are read for each combination of table and columns. */
const maxSamples = 50;
/** A string column may be a tag if its samples contain fewer distinct values than this. */
const fewValues = 10;

export interface InferredColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** An example value, as a user would type it. */
  readonly sample: string;
}

export interface InferredTable {
  readonly table: string;
  readonly columns: readonly InferredColumn[];
}

export interface InferredSchema {
  readonly tables: readonly InferredTable[];
  /** Command-line options that declare the inferred types; null if no types were inferred. */
  readonly options: string | null;
  /** String fields that may be tags. */
  readonly possibleTags: readonly string[];
}

interface Seen {
  readonly type: ColumnType;
  readonly values: Set<string>;
}

/** Collects the columns of points, and some of their values. */
export class SchemaInference {
  readonly #tables = new Map<string, Map<string, Seen>>();
  readonly #samples = new Map<number, number>();
  #annotated = false;

  take(run: Points, precision: InputPrecision): void {
    this.#annotated ||= run.deadLetterFormat.head[0] === 0x23;
    for (let i = 0; i < run.count; i += 1) {
      const word = run.index[i * POINT_WORDS + SHAPE]!;
      const number = word & ~NO_TIMESTAMP;
      const samples = this.#samples.get(number) ?? 0;
      if (samples === maxSamples || number === UNCOUNTED_SHAPE || word >= NO_TIMESTAMP) continue;
      this.#samples.set(number, samples + 1);
      this.#sample(run, i, run.shape(number), precision);
    }
  }

  #sample({ bytes, index }: Points, i: number, { table, columns }: Shape, precision: InputPrecision): void {
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

  /** Returns the inferred schema; null for line protocol and for inputs without points. */
  result(format: string, options: MappingOptions): InferredSchema | null {
    if (format === 'lp' || this.#tables.size === 0) return null;
    const tables = [...this.#tables].map(([table, seen]) => ({
      table,
      columns: [...seen].map(([name, { type, values }]) => ({ name, type, sample: [...values][0]! })),
    }));
    const strings = [...this.#tables.values()].flatMap((seen) => [...seen].filter(([, { type }]) => type === 'string'));
    const few = strings.filter(([, { values }]) => values.size < fewValues).map(([name]) => name);
    const inferred = options.fields === null && !this.#annotated;
    const repeats = [...this.#samples.values()].some((samples) => samples >= 2 * fewValues);
    return {
      tables,
      options: inferred ? optionsOf(tables, options) : null,
      possibleTags: inferred && options.tags === null && repeats ? [...new Set(few)] : [],
    };
  }
}

function optionsOf(tables: readonly InferredTable[], { measurement, tags }: MappingOptions): string {
  const fields = new Map<string, Exclude<ColumnType, 'tag'>>();
  for (const { columns } of tables) {
    for (const { name, type } of columns) if (type !== 'tag') fields.set(name, type);
  }
  const typed = [...fields].map(([name, type]) => ({ name, type, as: name }));
  return [
    ...(measurement === null ? [] : ['--measurement', shellQuote(measurement)]),
    ...(tags === null ? [] : ['--tags', shellQuote(formatColumns(tags))]),
    ...['--fields', shellQuote(formatColumns(typed))],
  ].join(' ');
}
