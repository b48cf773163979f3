// Infers the types of undeclared columns from the first rows of an input, so that no type depends on a single cell.

import { CR, LF } from '../../core/ascii.js';
import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { excerpt } from '../../core/text.js';
import { BARE, Cells } from '../rows/cells.js';
import type { FieldTypeName, MappedField, Mapping } from '../rows/mapping/mapping.js';
import { INCOMPLETE, RowReader } from './cell-reader.js';
import type { CsvDialect } from './csv-dialect.js';
import type { HeadSample } from './head/sample.js';

/** Matches `1,5` and `1.234,5`, which are numbers only with --decimal ','. */
const decimalComma = /^ *[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+ *$/;
const boolean = /^ *(?:true|True|TRUE|false|False|FALSE) *$/;

/** The first bytes of an input, with the offset and the line of the first row. */
export interface RowSample extends HeadSample {
  readonly from: number;
  readonly line: number;
}

/** Notation of the cells of an input. */
export interface CellNotation {
  readonly dialect: CsvDialect;
  /** Words for a missing value. */
  readonly nulls: ReadonlySet<string>;
  readonly isNumber: (text: string) => boolean;
  readonly decimal: string;
}

interface SampleCell {
  readonly text: string;
  readonly line: number;
}

/** The first cell of each kind that was found in a column; null for a kind that was not found. */
interface ColumnKinds {
  number: SampleCell | null;
  boolean: SampleCell | null;
  /** The first cell that is a number only with --decimal ','. */
  comma: SampleCell | null;
  word: SampleCell | null;
  quotedNumber: SampleCell | null;
  /** The byte of the decimal separator. */
  readonly point: number;
  /** True if a quoted cell contains a whole number of 16 or more digits, such as an identifier. */
  long: boolean;
}

/** Receives the inferred type of a field of a table. */
type SetType = (table: string, field: string, type: FieldTypeName) => void;

/** The kinds of cells that were found in the fields of each table. */
interface SampleKinds {
  readonly tables: Map<string, readonly ColumnKinds[]>;
  /** Number of cells in the first row; 0 before the first row. */
  columns: number;
  /** True while all cells that are not empty are quoted. */
  isQuoted: boolean;
  /** True while each row has as many cells as the first row and consists of one line. */
  isRegular: boolean;
}

function emptyKinds(): SampleKinds {
  return { tables: new Map(), columns: 0, isQuoted: true, isRegular: true };
}

/** A large sample is first read in parts: 32 KiB at its start, then 2 KiB every 64 KiB. */
const partDistance = 64 * 1024;
const firstPartBytes = 32 * 1024;
const partBytes = 2 * 1024;

/**
 * Infers the types of the undeclared fields of each table, from a whole small sample or from parts of a large sample.
 * Throws UsageError for a column with numbers and words.
 * @returns a function that infers the types again from the whole of a large sample; null for a small sample
 */
export function inferTypes(
  mapping: Pick<Mapping, 'table' | 'measurement' | 'fields'>,
  sample: RowSample,
  notation: CellNotation,
  setType: SetType,
): (() => void) | null {
  const fields = mapping.fields.filter(({ declared, reading }) => declared === null && reading === null);
  const read = (found: SampleKinds, start: number, bytes: number): void =>
    readRows(mapping, fields, found, sample, notation, start, start + bytes);
  const readAll = (): SampleKinds => {
    const found = emptyKinds();
    read(found, sample.from, sample.length);
    return found;
  };
  const seen = emptyKinds();
  // If a column names the table, the whole sample is read, because a table may occur anywhere in the sample.
  const parts = mapping.table === null ? [] : partsOf(sample);
  if (parts.length > 0) read(seen, sample.from, firstPartBytes);
  for (const start of parts) read(seen, start, partBytes);
  const isCertain = parts.length > 0 && seen.isRegular && !seen.isQuoted && decisionsOf(seen, fields).every(isClear);
  const decisions = decisionsOf(isCertain ? seen : readAll(), fields);
  assertClear(decisions);
  for (const { table, field, type, kinds } of decisions) {
    if (type !== null) setType(table, field.name, type);
    if (type === 'float' && kinds.quotedNumber !== null) field.acceptsQuoted = true;
  }
  return isCertain ? () => assertClear(decisionsOf(readAll(), fields)) : null;
}

/** Returns the offsets of the parts that follow the beginning of a sample; an empty list for a short sample. */
function partsOf({ memory, length, from }: RowSample): number[] {
  const count = Math.floor((length - from) / partDistance) - 1;
  if (count < 2) return [];
  return Array.from({ length: count }, (_, i) => memory.indexOf(LF, from + (i + 1) * partDistance) + 1).filter(
    (start) => start > 0 && start < length,
  );
}

interface Decision {
  readonly table: string;
  readonly field: MappedField;
  readonly kinds: ColumnKinds;
  /** The inferred type; null if the sample has no value for the column. */
  readonly type: FieldTypeName | null;
  /** Why the type is unclear: numbers and other values, or a decimal comma before any word. Null for a clear type. */
  readonly problem: Problem | null;
}

function decisionsOf({ tables, isQuoted }: SampleKinds, fields: readonly MappedField[]): Decision[] {
  return [...tables].flatMap(([table, columns]) =>
    columns.map((kinds, i): Decision => {
      const { number, boolean: truth, comma, word, quotedNumber, long } = kinds;
      const first = number ?? (isQuoted && !long ? quotedNumber : null);
      const isText = word !== null || comma !== null || quotedNumber !== null;
      const type = first !== null ? 'float' : isText ? 'string' : truth !== null ? 'boolean' : null;
      const field = fields[i]!;
      const other = word ?? (comma === null ? truth : null);
      // In a column without plain numbers, `1,5` is unclear before the first word. After a word, it counts as text.
      const isUnclear =
        first !== null ? (comma ?? other) !== null : comma !== null && comma.line <= (word?.line ?? comma.line);
      const problem = isUnclear ? contradictionOf(field, first, comma, other) : null;
      return { table, field, kinds, type, problem };
    }),
  );
}

/**
 * Tests whether the type is certain without the rest of the sample. False if the column has quoted numbers, but neither
 * plain numbers nor words: the quoted numbers may be texts.
 */
function isClear({ problem, kinds }: Decision): boolean {
  return problem === null && (kinds.quotedNumber === null || (kinds.number ?? kinds.word) !== null);
}

function assertClear(decisions: readonly Decision[]): void {
  const problems = decisions.flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) throw new UsageError(problems);
}

/** Adds to `found` the kinds of the cells in the rows that begin in [start, end). */
function readRows(
  mapping: Pick<Mapping, 'table' | 'measurement'>,
  fields: readonly MappedField[],
  found: SampleKinds,
  { memory, length: limit, isWhole, from, line: firstLine }: RowSample,
  notation: CellNotation,
  start: number,
  end: number,
): void {
  memory[limit] = LF;
  const layout = { scratch: limit + 1, scratchEnd: memory.length };
  const cells = new Cells();
  const run = { bytes: memory, limit, final: isWhole, layout, isTooLong: () => true };
  const reader = new RowReader(run, cells, notation.dialect);
  const stop = Math.min(end, limit);
  for (let p = start, line = start === from ? firstLine : 0; p < stop; ) {
    if (memory[p] === LF || (memory[p] === CR && memory[p + 1] === LF)) {
      p = memory.indexOf(LF, p) + 1;
      line++;
      continue;
    }
    const rowEnd = reader.read(p);
    if (rowEnd === INCOMPLETE) break;
    // A row with bad quotes is rejected later, so this loop only moves on to the next line.
    if (rowEnd < 0) {
      found.isRegular = false;
      p = memory.indexOf(LF, p) + 1;
      line++;
      continue;
    }
    const { columns, newlines } = reader;
    found.columns ||= columns;
    if (newlines > 0 || columns !== found.columns) found.isRegular = false;
    if (columns === found.columns) {
      for (let i = 0; i < columns && found.isQuoted; i++)
        found.isQuoted = cells.kinds[i] !== BARE || cells.starts[i] === cells.ends[i];
      const kinds = kindsOf(found.tables, tableOf(mapping, memory, cells), fields.length, notation.decimal);
      for (let i = 0; i < fields.length; i++) addCell(kinds[i]!, memory, cells, fields[i]!.column, line, notation);
    }
    line += newlines + 1;
    p = rowEnd + 1;
  }
}

function tableOf(
  { table, measurement }: Pick<Mapping, 'table' | 'measurement'>,
  bytes: Uint8Array,
  { starts, ends }: Cells,
): string {
  return table ?? Buffer.from(bytes.subarray(starts[measurement], ends[measurement])).toString();
}

function kindsOf(
  tables: Map<string, readonly ColumnKinds[]>,
  table: string,
  fields: number,
  decimal: string,
): readonly ColumnKinds[] {
  const known = tables.get(table);
  if (known !== undefined) return known;
  const point = decimal.charCodeAt(0);
  const none = { point, number: null, boolean: null, comma: null, word: null, quotedNumber: null, long: false };
  const kinds = Array.from({ length: fields }, (): ColumnKinds => ({ ...none }));
  tables.set(table, kinds);
  return kinds;
}

function addCell(
  kinds: ColumnKinds,
  bytes: Uint8Array,
  { starts, ends, kinds: cellKinds }: Cells,
  column: number,
  line: number,
  { nulls, isNumber, decimal }: CellNotation,
): void {
  const from = starts[column]!;
  const to = ends[column]!;
  const isBare = cellKinds[column] === BARE;
  if (from === to || (isBare && isSeen(kinds, bytes, from, to, nulls.size === 0))) return;
  const isLong = to - from > 64;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, isLong ? 64 : to - from).toString();
  if (nulls.has(text) && !isLong) return;
  const kind = isLong
    ? 'word'
    : isNumber(text)
      ? isBare
        ? 'number'
        : 'quotedNumber'
      : isBare && boolean.test(text)
        ? 'boolean'
        : decimal !== ',' && decimalComma.test(text)
          ? 'comma'
          : 'word';
  kinds[kind] ??= { text, line };
  if (kind === 'quotedNumber' && /^ *[+-]?\d{16,} *$/.test(text)) kinds.long = true;
}

/** Tests quickly whether a cell is a number (or word) and the column already has one. True for most cells. */
function isSeen(kinds: ColumnKinds, bytes: Uint8Array, from: number, to: number, withoutNulls: boolean): boolean {
  const first = bytes[from]!;
  if (kinds.number !== null) {
    let p = first === 0x2d ? from + 1 : from;
    while (p < to && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    const whole = p;
    if (p < to && bytes[p] === kinds.point) while (++p < to && bytes[p]! >= 0x30 && bytes[p]! <= 0x39);
    return p === to && whole > from && bytes[whole - 1]! >= 0x30;
  }
  // A cell that begins with t, f, i or n may be a boolean, an infinity or NaN. Any other first letter begins a word.
  const letter = first | 0x20;
  const isWord =
    letter > 0x60 && letter < 0x7b && letter !== 0x74 && letter !== 0x66 && letter !== 0x69 && letter !== 0x6e;
  return kinds.word !== null && withoutNulls && isWord;
}

/** Describes why a column's type is unclear. Quotes its first number, first decimal comma and first other value. */
function contradictionOf(
  { name }: MappedField,
  first: SampleCell | null,
  comma: SampleCell | null,
  other: SampleCell | null,
): Problem {
  const cells = [first, comma, other].flatMap((cell) => cell ?? []);
  const word = JSON.stringify(excerpt(other?.text ?? '', 60));
  const grouped = /^ *[+-]?\d{1,3},\d{3} *$/.test(comma?.text ?? '');
  const thousands = grouped ? ", or --thousands ',' if the comma separates thousands" : '';
  return {
    tried: `inferring the type of the column ${JSON.stringify(name)}`,
    expected:
      cells.length === 1
        ? 'numbers with a point as decimal separator, or words'
        : 'only numbers or only words in its first rows',
    found: cells.map(({ text, line }) => `${JSON.stringify(excerpt(text, 60))} in line ${line}`).join(' and '),
    fix:
      comma === null
        ? `declare the column with --fields ${name}:string or ${name}:float, or add --null ${word} if ${word} means no value`
        : other !== null
          ? `add --decimal ',' and, if ${word} means no value, --null ${word}; or declare the column with --fields ${name}:string`
          : first !== null
            ? `add --decimal ',' or declare the column with --fields ${name}:string`
            : `if these are numbers, add --decimal ','${thousands}; otherwise declare the column with --fields ${name}:string`,
  };
}
