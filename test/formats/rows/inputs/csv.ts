// Random rows of CSV and TSV, usual and mutated.

import { mutated, type Random } from '../oracle.js';
import { bytes, encoded, one } from './rows.js';
import { booleans, floats, longWords, times, wholes, words } from './values.js';

export interface CsvShape {
  readonly delimiter: string;
  readonly quote: string;
  readonly usual: readonly string[];
  /** Additional columns. */
  readonly wide: number;
  /** Columns in reverse order: the time comes last. */
  readonly reversed: boolean;
}

export const names = ['time', 'host', 'kind', 'f', 'i', 'b', 'u', 'other', 's'];
/** The values of each column. */
export const values = [times, words, words, floats, wholes, booleans, wholes, floats, words];
/** The last of the columns. */
export const STRING = 8;

export function joined(cells: readonly string[], { delimiter, reversed }: CsvShape): string {
  return (reversed ? cells.toReversed() : cells).join(delimiter);
}

export function header(shape: CsvShape): string {
  return joined([...names, ...Array.from({ length: shape.wide }, (_, i) => `w${i}`)], shape);
}

export function quoted(text: string, quote: string): string {
  return `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
}

function cell(text: string, { delimiter, quote }: CsvShape, next: Random): string {
  return text.includes(delimiter) || text.includes('\n') || next(8) === 0 ? quoted(text, quote) : text;
}

/** Returns rows with values of all kinds; every sixth is mutated. */
export function csvRows(shape: CsvShape, next: Random): Buffer {
  const { usual, wide } = shape;
  const end = next(4) === 0 ? '\r\n' : '\n';
  const tags = next(10) === 0 ? longWords : words;
  const rows = Array.from({ length: 1 + next(60) }, () => {
    // Few wide rows would be alike.
    const isPlain = wide > 0 && next(3) > 0;
    const cells = [[...usual, ...times], tags, tags, ...values.slice(3)].map((of) =>
      isPlain ? of[next(2)]! : one(of, next),
    );
    const more = Array.from({ length: wide }, (_, i) => (next(1000) === 0 ? '' : String(i)));
    const row = joined(
      [...cells, ...more].map((value) => cell(value, shape, next)),
      shape,
    );
    return next(6) === 0 ? mutated(Buffer.from(row), bytes, next) : encoded(row, next);
  });
  const texts = [Buffer.from(header(shape)), ...rows].flatMap((row) => [row, Buffer.from(end)]);
  return Buffer.concat(next(10) === 0 ? texts.slice(0, -1) : texts);
}
