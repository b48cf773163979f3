// Reads the error table, with which InfluxDB ends the result of a failed Flux query. The header of this table is
// `error,reference`.

import { InputError } from '../../../core/errors.js';
import { excerpt } from '../../../core/text.js';
import type { RowReader } from '../cell-reader.js';
import { cellTexts } from '../head/header.js';

export function isErrorTable(bytes: Uint8Array, header: RowReader): boolean {
  const isShort = header.columns === 2 || header.columns === 3;
  return isShort && /^,?error,reference$/.test(cellTexts(bytes, header).join());
}

/**
 * Builds the error that the server reported. `cells` is the row below the header: the message and a reference number.
 */
export function serverError(cells: readonly string[]): InputError {
  const [error = '', reference = ''] = cells.slice(-2);
  return new InputError({
    tried: 'reading the result of a Flux query',
    expected: 'a result that contains only rows',
    found: `the error of the server: ${excerpt(error, 400)}${reference === '' ? '' : ` (reference ${reference})`}`,
    fix: 'run the query again',
  });
}
