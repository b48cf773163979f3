// Reads the skipped lines, annotations, header and rows of CSV. Stores the bytes before the first row, because files of
// rejected rows begin with these bytes.

import { CR, HASH, LF, QUOTE, SPACE } from '../../core/ascii.js';
import type { DeadLetterFormat, Position } from '../../core/types/index.js';
import type { Stop } from '../line-protocol/chunk-scanner.js';
import { RowScan } from '../rows/row-scan.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { isAnnotation } from './annotated/annotations.js';
import { isErrorTable, serverError } from './annotated/error-table.js';
import { BAD_QUOTE, INCOMPLETE, RowReader } from './cell-reader.js';
import type { CsvDialect, CsvDialectOptions } from './csv-dialect.js';
import { type CsvHead, CsvHeads } from './head/head.js';
import { cellTexts, tooLongHeader } from './head/header.js';
import type { HeadSample } from './head/sample.js';

const repeatedHeader = 'name,tags,time,';
/** Longest cell that may be an annotation, in bytes. */
const maxAnnotation = 1024;

export class CsvScan extends RowScan {
  deadLetterFormat: DeadLetterFormat;
  readonly #reader: RowReader;
  readonly #options: CsvDialectOptions;
  /** True when --columns names the columns, so that the first row is data. */
  readonly #hasColumnNames: boolean;
  readonly #heads: CsvHeads;
  readonly #dialect: CsvDialect;
  /** The delimiter of inputs without a `sep=` line. */
  readonly #delimiter: number;
  /** True while the next line may be a line such as `sep=;`, which names the delimiter. */
  #isFirstLine = false;
  #head: CsvHead | null = null;
  /** True while a resumed load reads only headers and annotations, and skips rows. */
  #skipsRows = false;
  /** Number of lines that --skip-lines still skips. */
  #skip = 0;
  /** Number of bytes of the sample (the start of the input) not scanned yet; negative after the end of the sample. */
  #sampleLeft = 0;
  /** Length in bytes of the previous row's time if the time is the last cell; otherwise 0. */
  #timeLength = 0;

  constructor(rows: RowFormatMemory, options: CsvDialectOptions, dialect: CsvDialect, suffix: string) {
    super(rows);
    this.#options = options;
    this.#hasColumnNames = (rows.options.columnNames ?? null) !== null;
    this.#dialect = dialect;
    this.#delimiter = dialect.delimiter;
    this.#heads = new CsvHeads(rows, suffix, options);
    this.deadLetterFormat = { suffix, head: new Uint8Array(0) };
    this.#reader = new RowReader(rows.run, rows.cells, dialect);
  }

  /** The head for all further rows; null if the head is incomplete or another table may follow. */
  get settledHead(): CsvHead | null {
    return this.#heads.isAnnotated ? null : this.#head;
  }

  /** Sets the first bytes of the next input, from which the types of its columns are inferred. */
  useSample(sample: HeadSample): void {
    this.#sampleLeft = sample.length;
    this.#heads.useSample(sample);
  }

  /** Skips the rows that follow, but still reads headers and annotations. `false` ends the skipping. */
  skipRows(skips: boolean): void {
    this.#skipsRows = skips;
  }

  override begin(start: Position): void {
    super.begin(start);
    this.#timeLength = 0;
    if (start.byteOffset > 0) return;
    this.#head = null;
    this.#skip = this.#options.skipLines;
    this.#dialect.delimiter = this.#delimiter;
    this.#isFirstLine = this.#options.delimiter === null && !this.#options.noHeader && !this.#hasColumnNames;
    this.#heads.begin();
  }

  override window(from: number, limit: number, final: boolean, fresh: number): void {
    super.window(from, limit, final, fresh);
    this.#sampleLeft -= limit - fresh;
  }

  override get takesKernelRows(): boolean {
    return super.takesKernelRows && this.#head !== null && !this.#skipsRows;
  }

  override pass(bytes: number, lines: number, timeLength: number): void {
    super.pass(bytes, lines, timeLength);
    this.#sampleLeft -= bytes;
    this.#setTimeLength(this.#head!, timeLength);
  }

  #setTimeLength({ mapping, columns }: CsvHead, length: number): void {
    this.#timeLength = mapping.time === columns - 1 ? length : 0;
  }

  protected override next(): Stop | null {
    if (this.#blank() || this.#takeKernelRows()) return null;
    if (this.#head !== null) return this.#startsTable(this.#head) ? this.#takeBetweenRows() : this.#row(this.#head);
    if (!this.#takeHeadRow()) return 'drained';
    // `full` makes the caller use the points of the previous head before a row of the new head is read.
    return this.#head === null ? null : 'full';
  }

  /** Moves past an empty line. Returns false for any other line, and for a line that --skip-lines skips. */
  #blank(): boolean {
    const run = this.filling;
    const { bytes, at, limit } = run;
    if (this.#skip > 0) return false;
    const end = bytes[at] === CR ? at + 1 : at;
    if (bytes[end] !== LF || (end === limit && !run.final)) return false;
    if (this.#head === null) this.#heads.keep(bytes.slice(at, Math.min(end + 1, limit)));
    run.endLine(end);
    return true;
  }

  /** Reads a line before the first data row. Returns false if more bytes of the line are needed. */
  #takeHeadRow(): boolean {
    const run = this.filling;
    if (this.#skip > 0) return this.#skipLine();
    if (this.#isFirstLine && this.#takeSeparatorLine()) return true;
    const end = this.#reader.read(run.at);
    if (end === INCOMPLETE && !run.isTooLong(run.limit)) return false;
    if (end < 0) throw tooLongHeader(end === BAD_QUOTE);
    const noHeader = this.#options.noHeader || this.#hasColumnNames;
    const annotates = !noHeader && this.#isAnnotation();
    const isComment = this.#heads.isAnnotated && this.#isComment();
    if (annotates) this.#heads.annotate(this.#reader, run.line);
    const skipped = annotates || isComment || noHeader ? 0 : this.#options.skipAfterHeader;
    const headEnd = this.#behindLines(end, skipped);
    if (headEnd < 0) return false;
    if (this.#heads.isAnnotated && isErrorTable(this.bytes, this.#reader)) return this.#failWith(headEnd);
    if (!noHeader) this.#keep(headEnd, this.#reader.newlines + 1 + skipped);
    if (!annotates && !isComment) this.#useHead(this.#heads.end(this.#reader, noHeader, run.line, this.#dialect));
    return true;
  }

  /** Throws the error that a row of an error table contains. Returns false if more bytes of the row are needed. */
  #failWith(headEnd: number): false {
    const run = this.filling;
    const end = headEnd < run.limit ? this.#reader.read(headEnd + 1) : INCOMPLETE;
    if (end === INCOMPLETE && !run.final) return false;
    throw serverError(end < 0 ? [] : cellTexts(this.bytes, this.#reader));
  }

  /** Moves on by `lines` lines. Returns the offset of the LF that ends the last line; -1 if more bytes are needed. */
  #behindLines(end: number, lines: number): number {
    const { bytes, limit, final } = this.filling;
    let at = end;
    for (let i = 0; i < lines && at < limit; i++) at = bytes.indexOf(LF, at + 1);
    if (lines === 0 || at < limit || final || this.filling.isTooLong(at)) return Math.min(at, limit);
    return -1;
  }

  /** Uses this head to map the following rows. */
  #useHead(head: CsvHead): void {
    const { scratch } = this.layout;
    this.#head = head;
    this.deadLetterFormat = head.deadLetterFormat;
    this.rows.encoder.begin(head.mapping, head.time);
    head.filler?.begin(scratch);
    // The fast path (kernel) cannot apply every filler. For example, it cannot add the cells that annotations define.
    const isKernelUsed = head.filler === null || head.filler.kernel !== undefined;
    if (isKernelUsed) this.rows.kernel?.csv(head.mapping, head.columns, this.#dialect, head.filler?.kernel);
    else this.rows.kernel?.disable();
    this.#reader.scratchFrom = scratch + (head.filler?.bytes ?? 0);
  }

  /** Reads a line such as `sep=;`, which names the delimiter. Returns false for any other line. */
  #takeSeparatorLine(): boolean {
    const { bytes, at, limit } = this.filling;
    const end = bytes.indexOf(LF, at);
    const line = Buffer.from(bytes.subarray(at, Math.min(end, at + 9))).toString('latin1');
    const found = /^"?sep=([^\r\n])"?\r?$/.exec(line);
    if (end >= limit && limit - at < 9 && !this.filling.final) return false;
    this.#isFirstLine = false;
    if (found === null) return false;
    this.#dialect.delimiter = found[1]!.charCodeAt(0);
    this.#keep(end, 1);
    return true;
  }

  #skipLine(): boolean {
    const { bytes, limit, final, at } = this.filling;
    const end = bytes.indexOf(LF, at);
    if (end >= limit && !final && !this.filling.isTooLong(limit)) return false;
    const next = Math.min(end + 1, limit);
    this.#heads.skip(bytes.slice(at, next));
    this.filling.pass(next, end < limit ? 1 : 0);
    if (end < limit) this.#skip -= 1;
    return true;
  }

  /** Stores the bytes up to the LF at `end` as part of the head, and continues after the LF. */
  #keep(end: number, lines: number): void {
    const { bytes, at, limit } = this.filling;
    const next = Math.min(end + 1, limit);
    this.#heads.keep(bytes.slice(at, next));
    this.filling.pass(next, end < limit ? lines : lines - 1);
  }

  /** Tests whether the next row may be an annotation, or the header of another series. */
  #startsTable({ repeats }: CsvHead): boolean {
    const { bytes, at } = this.filling;
    if (repeats) return this.#isRepeatedHeader();
    return this.#heads.isAnnotated && (bytes[at] === HASH || (bytes[at] === QUOTE && bytes[at + 1] === HASH));
  }

  #isRepeatedHeader(): boolean {
    const { bytes, at, limit } = this.filling;
    return Buffer.from(bytes.subarray(at, Math.min(limit, at + repeatedHeader.length))).toString() === repeatedHeader;
  }

  #isComment(): boolean {
    const { bytes, at } = this.filling;
    return bytes[at] === HASH && bytes[at + 1] === SPACE;
  }

  /** Tests whether the row read last is an annotation. */
  #isAnnotation(): boolean {
    const { cells } = this.#reader;
    const from = cells.starts[0]!;
    const length = cells.ends[0]! - from;
    if (this.bytes[from] !== HASH || length > maxAnnotation) return false;
    return isAnnotation(Buffer.from(this.bytes.subarray(from, from + length)).toString());
  }

  /** Reads a line that may begin another table: an annotation, a repeated header, a comment or a row. */
  #takeBetweenRows(): Stop | null {
    const run = this.filling;
    const end = this.#reader.read(run.at);
    if (end < 0) return this.#row(this.#head!);
    if (this.#head!.repeats || this.#isAnnotation()) {
      // The rows found so far belong to the previous head. The caller must use them before the head changes.
      if (run.count > 0 || run.rejects.length > 0) return 'full';
      this.#head = null;
      this.#heads.beginTable();
      return null;
    }
    if (!this.#isComment()) return this.#row(this.#head!);
    run.endLine(end);
    return null;
  }

  #takeKernelRows(): boolean {
    const { kernel } = this.rows;
    if (kernel === null || !this.takesKernelRows || !this.filling.takeKernelRows(kernel)) return false;
    this.#setTimeLength(this.#head!, kernel.timeLength);
    return true;
  }

  /** Accepts or rejects a row. Returns null to continue, otherwise the reason why the scan must stop. */
  #row(head: CsvHead): Stop | null {
    const { mapping, columns: expected, filler } = head;
    const run = this.filling;
    const start = run.at;
    const end = this.#reader.read(start);
    const reached = end === BAD_QUOTE ? this.#reader.badAt : end === INCOMPLETE ? run.limit : end;
    if (run.isTooLong(reached)) return run.refuse('too-long', '') ? null : 'drained';
    if (end === INCOMPLETE) return 'drained';
    if (end === BAD_QUOTE) return run.refuse('bad-quote', 'quotes that do not match') ? null : 'drained';
    const { columns, newlines, cells } = this.#reader;
    const cut = run.final && end === run.limit;
    if (columns !== expected) {
      const found = `a row of ${columns} cells instead of ${expected}`;
      return run.refuse(cut ? 'cut-short' : 'ragged-row', found) ? null : 'drained';
    }
    const timeLength = cells.ends[mapping.time]! - cells.starts[mapping.time]!;
    if (cut && timeLength < this.#timeLength) {
      return run.refuse('cut-short', 'a timestamp shorter than the previous timestamp') ? null : 'drained';
    }
    this.#setTimeLength(head, timeLength);
    const next = Math.min(end + 1, run.limit);
    const lines = newlines + (next > end ? 1 : 0);
    if (this.#skipsRows && filler !== null) {
      run.pass(next, lines);
      return null;
    }
    const row = { start, end: run.withoutCr(start, end), next, lines };
    const problem = filler === null ? null : filler.fill(cells, columns, this.#reader.scratch, run.layout.scratchEnd);
    if (problem !== null) {
      this.#confirmTypes();
      run.refuseRow(problem, row);
      return null;
    }
    const { count } = run;
    if (!run.take(cells, row)) return 'full';
    if (run.count > count) this.rows.kernel?.learn(this.rows.encoder);
    else this.#confirmTypes();
    return null;
  }

  /** Checks the inferred types with the whole sample after a rejected row. Throws UsageError for mixed columns. */
  #confirmTypes(): void {
    if (this.#sampleLeft >= 0) this.#heads.types.confirm();
  }
}
