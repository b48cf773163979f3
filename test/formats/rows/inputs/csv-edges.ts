// Edge cases of CSV and TSV: each value in its column, and what may go wrong around it, between usual rows.

import { type CsvShape, header, joined, names, quoted, STRING, values } from './csv.js';
import { affixed, grown } from './rows.js';
import { booleans, floats } from './values.js';

const HOST = 1;
const KIND = 2;
const FLOAT = 7;

/** A usual row, and variants of it. */
class Rows {
  readonly shape: CsvShape;
  readonly cells: readonly string[];

  constructor(shape: CsvShape) {
    this.shape = shape;
    const more = Array.from({ length: shape.wide }, (_, i) => String(i));
    this.cells = [shape.usual[0]!, 'truck_1', 'South', '1', '0', 'true', '42', '-2.5', 'South', ...more];
  }

  of(cells: readonly string[]): Buffer {
    return Buffer.from(joined(cells, this.shape));
  }

  /** Replaces the text of one cell. */
  with(at: number, text: string): Buffer {
    return this.of(this.cells.with(at, text));
  }

  quoted(text: string): string {
    return quoted(text, this.shape.quote);
  }
}

function everyValue(rows: Rows): Buffer[] {
  const { usual } = rows.shape;
  return values.flatMap((of, at) => {
    const own = at === 0 ? [...usual, ...of] : of;
    const foreign = at === 0 ? [] : [...booleans, ...floats.slice(0, 8), '\\', "'"];
    return [
      ...own.flatMap((text) => [rows.with(at, text), rows.with(at, rows.quoted(text))]),
      ...foreign.map((text) => rows.with(at, text)),
    ];
  });
}

/** Quotes, line ends and delimiters at the borders of cells. */
function seams(rows: Rows): Buffer[] {
  const { quote: q, delimiter } = rows.shape;
  const texts = ['', q, q + q, `${q}a`, `a${q}`, `${q}a${q}b`, `${q}a${q}\r`, '\r', '\ra', 'a\rb', ' ', '#', "'", '"']
    .concat([`${q}a\r\nb${q}`, `${q}a\n\nb${q}`, `${q}a${q} `, `a${delimiter}b`])
    .concat(['x\r', '\r\r', `${q}a${q}`, `${q}1${q}${q}6${q}`]);
  return names.flatMap((_, at) => texts.map((text) => rows.with(at, text)));
}

function everySequence(rows: Rows): Buffer[] {
  return [HOST, STRING].flatMap((at) => {
    const [head, tail] = joined(rows.cells.with(at, '@'), rows.shape).split('@') as [string, string];
    return affixed(['', 'sixteen bytes are', 'thirteen byte']).map((text) =>
      Buffer.concat([Buffer.from(head), text, Buffer.from(tail)]),
    );
  });
}

/** Missing cells in all combinations, and too many or too few cells. */
function lacking(rows: Rows): Buffer[] {
  const { cells } = rows;
  const isLeft = (mask: number, at: number): boolean => at > 0 && ((mask >> (at - 1)) & 1) === 1;
  return [
    ...Array.from({ length: 256 }, (_, mask) => rows.of(cells.map((text, at) => (isLeft(mask, at) ? '' : text)))),
    ...names.map((_, i) => rows.of(cells.slice(0, i + 1))),
    rows.of([...cells, '']),
    rows.of(cells.map(() => '')),
    Buffer.alloc(0),
    Buffer.from('\r'),
  ];
}

/** Up to the longest point, series key and quoted cell, and beyond. */
function long(rows: Rows, maxPointBytes: number): Buffer[] {
  const fits = grown(maxPointBytes).flatMap((length) => [
    rows.with(STRING, 'x'.repeat(length)),
    rows.with(STRING, '\\'.repeat(length)),
    rows.with(STRING, rows.quoted(`\n${'x'.repeat(length)}`)),
    rows.with(FLOAT, '0'.repeat(length)),
    rows.of(rows.cells.with(HOST, 'k'.repeat(length)).with(KIND, '')),
  ]);
  // The kernel does not search for the end of such quotes.
  const further = maxPointBytes < 16_400 ? [] : Array.from({ length: 10 }, (_, i) => 16_380 + i);
  return [...fits, ...further.map((length) => rows.with(STRING, rows.quoted(`${'x'.repeat(length)}\nx`)))];
}

/** Tables named by a column: quoted null words, and more tables than there is room for. */
function tables(rows: Rows): Buffer[] {
  const nulls = [rows.quoted('NULL'), 'NULL', rows.quoted('-'), '-', rows.quoted('NULL'), 'NULL'];
  const many = Array.from({ length: 300 }, (_, i) => `table_${(i * 7) % 40}`);
  return [
    ...nulls.flatMap((text) => [HOST, KIND, STRING].flatMap((at) => [rows.with(at, text), rows.with(at, text)])),
    ...many.flatMap((name) => [KIND, STRING].map((at) => rows.with(at, name))),
  ];
}

/** Inputs: one with all those rows, and short ones that are cut off, also within a time. */
export function csvEdges(shape: CsvShape, maxPointBytes: number): Buffer[] {
  const rows = new Rows(shape);
  const odd = [
    ...everyValue(rows),
    ...seams(rows),
    ...everySequence(rows),
    ...lacking(rows),
    ...long(rows, maxPointBytes),
    ...tables(rows),
  ];
  const [usual, other] = [rows.of(rows.cells), rows.with(HOST, 'South')];
  const all = [Buffer.from(header(shape)), ...odd.flatMap((row) => [usual, row, other])];
  const few = Buffer.from([header(shape), ...Array.from({ length: 4 }, () => usual.toString())].join('\n'));
  return [
    Buffer.concat(all.flatMap((row) => [row, Buffer.from('\n')])),
    ...Array.from({ length: 30 }, (_, i) => few.subarray(0, few.length - i)),
  ];
}
