// CSV and TSV: rows of cells under a header that names them. The header is wanted again where reading begins behind it.

import type { ByteSource, Format, Points, Position } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import { scanned } from '../line-protocol/double-buffer.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { type CsvDialectOptions, dialectOf } from './csv-dialect.js';
import { CsvScan } from './csv-scan.js';

export class Csv implements Format {
  readonly name: 'csv' | 'tsv';
  readonly memoryBytes: number;
  readonly #scan: CsvScan;

  constructor(name: 'csv' | 'tsv', rows: RowFormatMemory, options: CsvDialectOptions) {
    this.name = name;
    this.memoryBytes = rows.memoryBytes;
    this.#scan = new CsvScan(rows, options, dialectOf(options, name), `.${name}`);
  }

  /** A header is read, and where there are annotations all before the place: other tables may have come up meanwhile. */
  async recall(head: ByteSource, { byteOffset }: Position, signal: AbortSignal): Promise<void> {
    const runs = scanned(this.#scan, first(byteOffset, head), signal, INPUT_START);
    this.#scan.recall(true);
    for (let run = await runs.next(); !run.done && !this.#scan.isSettled; ) run = await runs.next();
    await runs.return();
    this.#scan.recall(false);
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    return scanned(this.#scan, source, signal, start);
  }
}

/** The first bytes of a source. */
function first(bytes: number, source: ByteSource): ByteSource {
  let left = bytes;
  return {
    async read(into, signal) {
      const read = left === 0 ? 0 : await source.read(into.subarray(0, Math.min(into.length, left)), signal);
      left -= read;
      return read;
    },
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
    compression: source.compression,
  };
}
