// What comes before the rows of a CSV file: lines to pass over, annotations, the header. What they come to is kept with
// their bytes, for files of rejected rows begin with them, and Flux repeats them before each of its tables.

import { UsageError } from '../../core/errors.js';
import type { DeadLetterFormat } from '../../core/types/index.js';
import { MAX_COLUMNS } from '../line-protocol/exact/column-set.js';
import { buildMapping } from '../rows/mapping/build-mapping.js';
import type { Mapping } from '../rows/mapping/mapping.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { TimeCell } from '../timestamps/time-cell.js';
import { annotatedTable } from './annotated/annotated-table.js';
import { Annotations } from './annotated/annotations.js';
import { Filler } from './annotated/filler.js';
import type { RowReader } from './cell-reader.js';
import { expectUtf8, headerNames, numberedNames, texts } from './header.js';

/** Heads that are remembered. */
const mostHeads = 64;

/** What the rows below a head mean. */
export interface CsvHead {
  readonly deadLetterFormat: DeadLetterFormat;
  readonly mapping: Mapping;
  /** Cells of each row. */
  readonly columns: number;
  /** Null without annotations. */
  readonly filler: Filler | null;
  readonly time: TimeCell | null;
}

/** Gathers a head, row by row. */
export class CsvHeads {
  readonly #rows: RowFormatMemory;
  readonly #ending: string;
  readonly #known = new Map<string, CsvHead>();
  #skipped: Uint8Array[] = [];
  #bytes: Uint8Array[] = [];
  #annotations: Annotations | null = null;

  constructor(rows: RowFormatMemory, ending: string) {
    this.#rows = rows;
    this.#ending = ending;
  }

  get isAnnotated(): boolean {
    return this.#annotations !== null;
  }

  /** To be called before the first byte of an input. */
  begin(): void {
    this.#known.clear();
    this.#skipped = [];
    this.again();
    this.#annotations = null;
  }

  /** Another table begins in the same input. */
  again(): void {
    this.#bytes = [];
    this.#annotations = new Annotations();
  }

  /** A line that was asked to be passed over: all heads of the input begin with it. */
  skip(bytes: Uint8Array): void {
    this.#skipped.push(bytes);
  }

  keep(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  annotate(reader: RowReader, line: number): void {
    this.#annotations ??= new Annotations();
    this.#annotations.add(texts(this.#rows.run.bytes, reader), line);
  }

  /** The head that the header ends, or that rows without one have. Throws UsageError when no point can be made of them. */
  end(reader: RowReader, noHeader: boolean): CsvHead {
    const bytes = Buffer.concat([...this.#skipped, ...this.#bytes]);
    const key = bytes.toString('latin1');
    const known = noHeader ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const head = this.#made({ ending: this.#ending, head: bytes }, reader, noHeader);
    if (!noHeader) expectUtf8(this.#rows.run.bytes, reader, head.mapping);
    if (this.#known.size === mostHeads) this.#known.clear();
    this.#known.set(key, head);
    return head;
  }

  #made(deadLetterFormat: DeadLetterFormat, reader: RowReader, noHeader: boolean): CsvHead {
    const { options, run } = this.#rows;
    const { columns } = reader;
    const names = noHeader ? numberedNames(columns) : headerNames(run.bytes, reader);
    if (this.#annotations === null) {
      return { deadLetterFormat, columns, mapping: buildMapping(names, options), filler: null, time: null };
    }
    if (columns > MAX_COLUMNS)
      throw new UsageError([
        `reading the header — expected at most ${MAX_COLUMNS} columns — got ${columns} — is --delimiter right? Else make files of fewer columns`,
      ]);
    const table = annotatedTable(this.#annotations, names, options);
    const filler = new Filler(table, run.bytes);
    if (filler.bytes > options.maxPointBytes) {
      throw new UsageError([
        `reading the annotations — expected constants and defaults of at most --max-point-bytes, which is ${options.maxPointBytes} — got ${filler.bytes} — shorten them, or raise --max-point-bytes`,
      ]);
    }
    return { deadLetterFormat, columns, mapping: table.mapping, filler, time: new TimeCell(run.bytes, table.time) };
  }
}
