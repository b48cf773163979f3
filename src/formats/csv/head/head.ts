// The head of a CSV file: skipped lines, annotations, header. Heads are cached by their bytes, because Flux results
// repeat a head before each table. Files of rejected rows begin with the head.

import { UsageError } from '../../../core/errors.js';
import { startsWithUtf8Mark, utf8Mark } from '../../../core/io/encoding.js';
import { size } from '../../../core/text.js';
import type { DeadLetterFormat } from '../../../core/types/index.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import type { RowFiller } from '../../rows/cells.js';
import { buildMapping } from '../../rows/mapping/build-mapping.js';
import { type Mapping, type MappingOptions, wantedNames } from '../../rows/mapping/mapping.js';
import type { RowFormatMemory } from '../../rows/rows.js';
import { TimeCell } from '../../timestamps/time-cell.js';
import { annotatedTable } from '../annotated/annotated-table.js';
import { Annotations, isTypedHeader } from '../annotated/annotations.js';
import { Filler } from '../annotated/filler.js';
import type { RowReader } from '../cell-reader.js';
import type { CsvDialect } from '../csv-dialect.js';
import { InfluxQlTags, isInfluxQl } from '../influxql-tags.js';
import { JoinedTime, type TimePart } from '../joined-time.js';
import { isPlain, NotationFiller, type NumberNotation, numberTest } from '../number-notation.js';
import { cellTexts, expectUtf8, headerNames, numberedNames } from './header.js';
import type { HeadSample } from './sample.js';
import { SampleTypes } from './sample-types.js';

/** Largest number of heads in the cache. */
const maxHeads = 64;

/** A head (the lines before the rows), and the mapping from the rows below the head to points. */
export interface CsvHead {
  readonly deadLetterFormat: DeadLetterFormat;
  readonly mapping: Mapping;
  /** Number of cells in each row. */
  readonly columns: number;
  /** Adds or rewrites cells of each row; null if the cells need no change. */
  readonly filler: RowFiller | null;
  readonly time: TimeCell | null;
  /** True for a result of InfluxDB 1, which repeats the header before each series. */
  readonly repeats: boolean;
}

/** Collects the lines of a head, and builds the head from these lines. */
export class CsvHeads {
  readonly types: SampleTypes;
  readonly #rows: RowFormatMemory;
  readonly #suffix: string;
  readonly #notation: NumberNotation;
  readonly #cache = new Map<string, CsvHead>();
  #skipped: Uint8Array[] = [];
  #bytes: Uint8Array[] = [];
  #annotations: Annotations | null = null;
  #sample: HeadSample | null = null;

  constructor(rows: RowFormatMemory, suffix: string, notation: NumberNotation) {
    this.#rows = rows;
    this.types = new SampleTypes(rows.fieldTypes);
    this.#notation = notation;
    this.#suffix = suffix;
  }

  get isAnnotated(): boolean {
    return this.#annotations !== null;
  }

  /** Resets the head before the first byte of an input. */
  begin(): void {
    this.#cache.clear();
    this.#skipped = [];
    this.#annotations = null;
    this.beginTable();
  }

  /** Begins another table of the same input. */
  beginTable(): void {
    this.#bytes = [];
    this.#annotations = this.#annotations === null ? null : new Annotations();
  }

  useSample(sample: HeadSample): void {
    this.#sample = sample;
    this.types.begin();
  }

  /** Length of the byte order mark, which is not part of the head; 0 without a mark. */
  get #markBytes(): number {
    const { memory, length = 0 } = this.#sample ?? {};
    return memory !== undefined && startsWithUtf8Mark(memory.subarray(0, length)) ? utf8Mark.length : 0;
  }

  /** Stores a skipped line. Each head of the input begins with all skipped lines. */
  skip(bytes: Uint8Array): void {
    this.#skipped.push(bytes);
  }

  keep(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  annotate(reader: RowReader, line: number): void {
    this.#annotations ??= new Annotations();
    this.#annotations.add(cellTexts(this.#rows.run.bytes, reader), line);
  }

  /**
   * Returns the complete head. `reader` has just read the header, or the first row if `noHeader` is true.
   * Throws UsageError if the rows below cannot become points.
   */
  end(reader: RowReader, noHeader: boolean, line: number, dialect: CsvDialect): CsvHead {
    const bytes = Buffer.concat([...this.#skipped, ...this.#bytes]);
    const key = bytes.toString('latin1');
    const known = noHeader ? undefined : this.#cache.get(key);
    if (known !== undefined) return known;
    const head = this.#create({ suffix: this.#suffix, head: bytes, folder: this.#rows.folder }, reader, noHeader);
    if (!noHeader) expectUtf8(this.#rows.run.bytes, reader, head.mapping);
    if (this.#annotations === null && !head.repeats && this.#sample !== null) {
      const sample = { ...this.#sample, from: bytes.length + this.#markBytes, line };
      const { decimal } = this.#notation;
      const nulls = new Set(this.#rows.options.nullWords);
      this.types.infer(head.mapping, sample, { dialect, nulls, isNumber: numberTest(this.#notation), decimal });
    }
    if (this.#cache.size === maxHeads) this.#cache.clear();
    this.#cache.set(key, head);
    return head;
  }

  #notationFiller(mapping: Mapping): RowFiller | null {
    const { run, fieldTypes, options } = this.#rows;
    if (isPlain(this.#notation)) return null;
    return new NotationFiller(run.bytes, mapping, fieldTypes, this.#notation, new Set(options.nullWords));
  }

  #create(deadLetterFormat: DeadLetterFormat, reader: RowReader, noHeader: boolean): CsvHead {
    const { options, run } = this.#rows;
    const { columns } = reader;
    const names = noHeader ? namesWithoutHeader(options.columnNames ?? null, columns) : headerNames(run.bytes, reader);
    if (!noHeader && isTypedHeader(names)) this.#annotations ??= new Annotations();
    if (this.#annotations === null) {
      const filled = isInfluxQl(names) && !wantedNames(options).includes('tags');
      const parts = filled ? null : timeParts(names, options);
      const mapping = filled
        ? influxQlMapping(names, options)
        : parts === null
          ? plainMapping(names, options)
          : joinedMapping(names, options);
      const notation = filled ? null : this.#notationFiller(mapping);
      const joined = parts === null ? notation : new JoinedTime(run.bytes, parts, notation);
      const filler = filled ? new InfluxQlTags(run.bytes, mapping, columns) : joined;
      return { deadLetterFormat, columns, mapping, filler, time: null, repeats: filled };
    }
    if (columns > MAX_COLUMNS)
      throw new UsageError([
        {
          tried: 'reading the header',
          expected: `at most ${MAX_COLUMNS} columns`,
          found: String(columns),
          fix: 'check --delimiter, or split the file into files with fewer columns',
        },
      ]);
    const table = annotatedTable(this.#annotations, names, options);
    const filler = new Filler(table, run.bytes);
    if (filler.bytes > options.maxPointBytes) {
      throw new UsageError([
        {
          tried: 'reading the annotations',
          expected: `at most ${size(options.maxPointBytes)} for all constants and defaults together`,
          found: size(filler.bytes),
          fix: 'shorten the constants and defaults, or raise --max-point-bytes',
        },
      ]);
    }
    return {
      deadLetterFormat,
      columns,
      mapping: table.mapping,
      filler,
      time: new TimeCell(run.bytes, table.time),
      repeats: false,
    };
  }
}

/** Maps a result of InfluxDB 1. The column `name` contains the measurement. InfluxQlTags reads the column `tags`. */
function influxQlMapping(names: readonly string[], options: MappingOptions): Mapping {
  const { measurement, fields } = options;
  const listed = fields ?? names.filter((name) => !['name', 'tags', 'time'].includes(name)).map(fieldNamed);
  return buildMapping(names, { ...options, measurement: measurement ?? '{name}', fields: listed, timeColumn: 'time' });
}

function fieldNamed(name: string): { name: string; as: string; type: null } {
  return { name, as: name, type: null };
}

/**
 * Returns the names of --columns, or numbers if --columns is not set. Throws UsageError if the number of names differs
 * from the number of cells in the first row.
 */
function namesWithoutHeader(names: readonly string[] | null, columns: number): readonly string[] {
  if (names === null) return numberedNames(columns);
  if (names.length === columns) return names;
  throw new UsageError([
    {
      tried: 'reading the first row',
      expected: `${names.length} cells, one for each name in --columns`,
      found: String(columns),
      fix: 'check --columns and --delimiter',
    },
  ]);
}

/**
 * Maps the columns of a header without annotations. Omits a column without a name, unless an option names the column's
 * number.
 */
function plainMapping(names: readonly string[], options: MappingOptions): Mapping {
  const wanted = wantedNames(options);
  const numbered = names.map((name, i) => (name === '' ? String(i + 1) : name));
  const isIgnored = (i: number): boolean => names[i] === '' && !wanted.includes(numbered[i]!);
  return buildMapping(numbered, options, () => null, isIgnored);
}

/**
 * Returns the two columns or folders that an option such as `--time-column date,time` names; null if the time is in one
 * column.
 */
function timeParts(names: readonly string[], { timeColumn, folderColumns = [] }: MappingOptions): TimePart[] | null {
  const parts = partNames(timeColumn).flatMap((name): TimePart[] => {
    const column = names.indexOf(name);
    const folder = folderColumns.find((each) => each.name === name)?.value ?? null;
    return column >= 0 ? [column] : folder === null ? [] : [Buffer.from(folder)];
  });
  return parts.length === 2 && !names.includes(timeColumn!) ? parts : null;
}

function partNames(timeColumn: string | null): string[] {
  const names = timeColumn?.split(',').map((name) => name.trim()) ?? [];
  return names.length === 2 ? names : [];
}

/**
 * Maps a header whose time is in two columns. The joined time is an additional column after the columns of the header.
 */
function joinedMapping(names: readonly string[], options: MappingOptions): Mapping {
  const parts = partNames(options.timeColumn);
  const used = [...wantedNames(options), ...parts, 'measurement', '_measurement', ''];
  const fields = options.fields ?? names.filter((name) => !used.includes(name)).map(fieldNamed);
  const joined = parts.join(' ');
  const folderColumns =
    options.folderColumns?.filter(({ name }) => names.includes(name) || !parts.includes(name)) ?? [];
  return buildMapping([...names, joined], { ...options, fields, timeColumn: joined, folderColumns });
}
