// Infers the types of undeclared columns from the first rows of an input, so that no type depends on a single cell.

import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { excerpt } from '../../core/text.js';
import { BARE, Cells } from '../rows/cells.js';
import type { FieldTypeName, MappedField, Mapping } from '../rows/mapping/mapping.js';
import { INCOMPLETE, RowReader } from './cell-reader.js';
import type { CsvDialect } from './csv-dialect.js';

const LF = 0x0a;
const CR = 0x0d;
const boolean = /^ *(?:true|True|TRUE|false|False|FALSE) *$/;

/** The first bytes of an input, and where its rows begin in them. */
export interface RowSample {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  readonly from: number;
  readonly line: number;
  readonly isNumber: (text: string) => boolean;
  readonly decimal: string;
}

interface SampleCell {
  readonly text: string;
  readonly line: number;
}

/** The first cell of each kind in a column. */
interface ColumnKinds {
  number: SampleCell | null;
  boolean: SampleCell | null;
  word: SampleCell | null;
  quotedNumber: SampleCell | null;
  /** The byte of the decimal separator. */
  readonly point: number;
  /** A whole number that no float holds, such as an identifier. */
  long: boolean;
}

/** Receives the inferred type of a field of a table. */
export type SetType = (table: string, field: string, type: FieldTypeName) => void;

/**
 * Infers the types of the undeclared fields of each table. Throws UsageError for a column with numbers and words.
 * @param nulls words for a missing value
 */
export function inferTypes(
  mapping: Mapping,
  sample: RowSample,
  dialect: CsvDialect,
  nulls: readonly string[],
  setType: SetType,
): void {
  const fields = mapping.fields.filter(({ declared, reading }) => declared === null && reading === null);
  if (fields.length === 0) return;
  const tables = new Map<string, readonly ColumnKinds[]>();
  const isQuoted = readKinds(mapping, fields, tables, sample, dialect, new Set(nulls));
  const problems: Problem[] = [];
  for (const [table, kinds] of tables) {
    for (const [i, field] of fields.entries()) {
      const { number: plain, boolean: truth, word, quotedNumber, long } = kinds[i]!;
      const first = plain ?? (isQuoted && !long ? quotedNumber : null);
      const other = word ?? truth;
      if (first !== null && other !== null) problems.push(contradiction(field, first, other));
      if (first !== null) setType(table, field.name, 'float');
      else if (word !== null || quotedNumber !== null) setType(table, field.name, 'string');
      else if (truth !== null) setType(table, field.name, 'boolean');
      if (first !== null && quotedNumber !== null) field.acceptsQuoted = true;
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** Reads the rows of the sample. @returns true when all cells with a text are quoted */
function readKinds(
  mapping: Mapping,
  fields: readonly MappedField[],
  tables: Map<string, readonly ColumnKinds[]>,
  { bytes, isWhole, from, line: firstLine, isNumber, decimal }: RowSample,
  dialect: CsvDialect,
  nulls: ReadonlySet<string>,
): boolean {
  const window = new Uint8Array(2 * bytes.length + 1);
  window.set(bytes);
  window[bytes.length] = LF;
  const limit = bytes.length;
  const layout = { scratch: limit + 1, scratchEnd: window.length };
  const cells = new Cells();
  const reader = new RowReader({ bytes: window, limit, final: isWhole, layout, isTooLong: () => true }, cells, dialect);
  let isQuoted = true;
  let columns = 0;
  for (let p = from, line = firstLine; p < limit; ) {
    if (window[p] === LF || (window[p] === CR && window[p + 1] === LF)) {
      p = window.indexOf(LF, p) + 1;
      line++;
      continue;
    }
    const end = reader.read(p);
    if (end === INCOMPLETE) break;
    // A row with bad quotes is rejected later; reading goes on in its next line.
    if (end < 0) p = window.indexOf(LF, p) + 1;
    if (end < 0) line++;
    if (end < 0) continue;
    columns ||= reader.columns;
    if (reader.columns === columns) {
      for (let i = 0; i < columns && isQuoted; i++)
        isQuoted = cells.kinds[i] !== BARE || cells.starts[i] === cells.ends[i];
      const kinds = kindsOf(tables, tableOf(mapping, window, cells), fields.length, decimal);
      for (const [i, { column }] of fields.entries()) addCell(kinds[i]!, window, cells, column, line, nulls, isNumber);
    }
    line += reader.newlines + 1;
    p = end + 1;
  }
  return isQuoted;
}

function tableOf({ table, measurement }: Mapping, bytes: Uint8Array, { starts, ends }: Cells): string {
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
  const none = {
    point: decimal.charCodeAt(0),
    number: null,
    boolean: null,
    word: null,
    quotedNumber: null,
    long: false,
  };
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
  nulls: ReadonlySet<string>,
  isNumber: (text: string) => boolean,
): void {
  const from = starts[column]!;
  const to = ends[column]!;
  const isBare = cellKinds[column] === BARE;
  if (from === to || (isBare && isSeen(kinds, bytes, from, to, nulls.size === 0))) return;
  const isLong = to - from > 64;
  const text = Buffer.from(bytes.buffer, from, isLong ? 64 : to - from).toString();
  if (nulls.has(text) && !isLong) return;
  const kind = isLong
    ? 'word'
    : isNumber(text)
      ? isBare
        ? 'number'
        : 'quotedNumber'
      : isBare && boolean.test(text)
        ? 'boolean'
        : 'word';
  kinds[kind] ??= { text, line };
  if (kind === 'quotedNumber' && /^ *[+-]?\d{16,} *$/.test(text)) kinds.long = true;
}

/** True for a cell whose kind the column has already: digits after a number, a word after a word. Most cells are such. */
function isSeen(kinds: ColumnKinds, bytes: Uint8Array, from: number, to: number, withoutNulls: boolean): boolean {
  const first = bytes[from]!;
  if (kinds.number !== null) {
    let p = first === 0x2d ? from + 1 : from;
    while (p < to && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
    const whole = p;
    if (p < to && bytes[p] === kinds.point) while (++p < to && bytes[p]! >= 0x30 && bytes[p]! <= 0x39);
    return p === to && whole > from && bytes[whole - 1]! >= 0x30;
  }
  // No number and no boolean begins with these letters.
  const letter = first | 0x20;
  const isWord =
    letter > 0x60 && letter < 0x7b && letter !== 0x74 && letter !== 0x66 && letter !== 0x69 && letter !== 0x6e;
  return kinds.word !== null && withoutNulls && isWord;
}

function contradiction({ name }: MappedField, plain: SampleCell, other: SampleCell): Problem {
  const word = excerpt(other.text, 60);
  const isDecimal = /^[+-]?\d+,\d+$/.test(other.text);
  return {
    tried: `inferring the type of the column ${JSON.stringify(name)}`,
    expected: 'only numbers or only words in its first rows',
    found: `${JSON.stringify(plain.text)} in line ${plain.line} and ${JSON.stringify(word)} in line ${other.line}`,
    fix: isDecimal
      ? `add --decimal ',' or declare it with --fields ${name}:string`
      : `declare it with --fields ${name}:string or ${name}:float, or add --null ${JSON.stringify(word)} if that is no value`,
  };
}
