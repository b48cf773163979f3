// CSV and TSV: rows of cells under a header that names them. The header is wanted again where reading begins behind it.

import type { ByteSource, Format, Place, Points } from '../../model.js';
import { theBeginning } from '../../model.js';
import type { Rows } from '../rows/rows.js';
import { scanned } from '../windows.js';
import { type DialectOptions, dialectOf } from './dialect.js';
import { CsvScan } from './scan.js';

export class Csv implements Format {
  readonly name: 'csv' | 'tsv';
  readonly memoryBytes: number;
  readonly #scan: CsvScan;

  constructor(name: 'csv' | 'tsv', rows: Rows, options: DialectOptions) {
    this.name = name;
    this.memoryBytes = rows.memoryBytes;
    this.#scan = new CsvScan(rows, options, dialectOf(options, name), `.${name}`);
  }

  async recall(head: ByteSource, _: Place, signal: AbortSignal): Promise<void> {
    const runs = scanned(this.#scan, head, signal, theBeginning);
    for (let run = await runs.next(); !run.done && !this.#scan.isMapped; ) run = await runs.next();
    await runs.return();
  }

  points(source: ByteSource, signal: AbortSignal, start = theBeginning): AsyncGenerator<Points, void> {
    return scanned(this.#scan, source, signal, start);
  }
}
