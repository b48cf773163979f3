import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BAD_QUOTE, RowReader } from '../../../src/formats/csv/cell-reader.js';
import { dialectOf } from '../../../src/formats/csv/csv-dialect.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { casesOf } from '../../support/effort.js';
import { plain } from '../rows/support.js';

const require = createRequire(import.meta.url);
const spectrum = join(dirname(require.resolve('csv-spectrum')), 'csvs');

/** Returns the rows of a text without empty lines; null when its quotes do not match. */
function rowsOf(text: Uint8Array): string[][] | null {
  const rows = new RowFormatMemory({ ...plain, maxPointBytes: 65_536 });
  const { run, cells } = rows;
  const reader = new RowReader(run, cells, dialectOf(plain, 'csv'));
  const from = run.layout.windows[0];
  run.bytes.set(text, from);
  run.window(from, from + text.length, true);
  const found: string[][] = [];
  for (let at = from; at < run.limit; ) {
    const end = reader.read(at);
    if (end === BAD_QUOTE) return null;
    const row = Array.from({ length: reader.columns }, (_, i) =>
      Buffer.from(run.bytes.subarray(cells.starts[i], cells.ends[i])).toString(),
    );
    if (row.length > 1 || end - at > 1 || (end > at && run.bytes[at] !== 0x0d)) found.push(row);
    at = end + 1;
  }
  return found;
}

/** @param lax read a quote inside a cell as a character, as this reader does */
function reference(text: Uint8Array, lax = false): string[][] | null {
  try {
    return parse(Buffer.from(text), {
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\n', '\r\n'],
      relax_quotes: lax,
    });
  } catch {
    return null;
  }
}

describe.each(readdirSync(spectrum))('csv-spectrum: %s', (name) => {
  test('the reader finds the same rows as csv-parse', () => {
    const text = readFileSync(join(spectrum, name));
    const expected = reference(text, true);
    expect(expected).not.toBe(null);
    expect(rowsOf(text)).toEqual(expected);
  });
});

test('the reader splits random texts into the same rows as csv-parse', () => {
  const piece = fc.constantFrom(
    'a',
    '1.5',
    'ü',
    ' ',
    ',',
    ',',
    '"',
    '""',
    '"x"',
    '"a,b"',
    '"l\n2"',
    '\n',
    '\r\n',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = Buffer.from(pieces.join(''));
      const expected = reference(text);
      fc.pre(expected !== null);
      expect(rowsOf(text)).toEqual(expected);
    }),
    { numRuns: casesOf(2000, 250) },
  );
});

test('rows with all cells quoted are read back unchanged', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 6 }), { minLength: 1 }),
      (rows) => {
        const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(rowsOf(Buffer.from(text))).toEqual(rows);
      },
    ),
  );
});
