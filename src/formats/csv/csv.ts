// CSV and TSV: rows of cells below a header. A load that resumes after the header reads the header again.

import { wrapSource } from '../../core/io/byte-source.js';
import type { ByteSource, Format, PlainRows, Points, Position } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import { scanRuns } from '../line-protocol/double-buffer.js';
import type { MappedField } from '../rows/mapping/mapping.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { UNKNOWN } from '../rows/values/field-types.js';
import { type CsvDialectOptions, dialectOf } from './csv-dialect.js';
import { CsvScan } from './csv-scan.js';
import { escapeIn } from './escape-look.js';
import { sampleMemoryBytes, takeSample } from './head/sample.js';

const BACKSLASH = 0x5c;

export class Csv implements Format {
  readonly name: 'csv' | 'tsv';
  readonly memoryBytes: number;
  advice: string | null = null;
  readonly #scan: CsvScan;
  readonly #options: CsvDialectOptions;
  readonly #rows: RowFormatMemory;
  readonly #infersTypes: boolean;
  readonly #sampleMemory = new Uint8Array(sampleMemoryBytes);

  constructor(name: 'csv' | 'tsv', rows: RowFormatMemory, options: CsvDialectOptions) {
    this.name = name;
    this.memoryBytes = rows.memoryBytes + sampleMemoryBytes;
    this.#options = options;
    this.#rows = rows;
    rows.startThreads();
    this.#infersTypes = options.infersTypes !== false;
    this.#scan = new CsvScan(rows, options, dialectOf(options, name), `.${name}`);
  }

  /**
   * Reads the header, so that the load can resume at `byteOffset`. In annotated CSV, reads everything before this
   * offset, because a later table may replace the header.
   */
  async recall(head: ByteSource, { byteOffset }: Position, signal: AbortSignal): Promise<void> {
    const source = await this.#sampled(head, signal);
    const runs = scanRuns(this.#scan, firstBytes(byteOffset, source), signal, INPUT_START);
    this.#scan.skipRows(true);
    for (let run = await runs.next(); !run.done && this.#scan.settledHead === null; ) run = await runs.next();
    await runs.return();
    this.#scan.skipRows(false);
  }

  async *points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    const rows = start.byteOffset === 0 ? await this.#sampled(source, signal) : source;
    yield* this.#rows.runs(this.#scan, rows, signal, start);
  }

  plainRows(): PlainRows | null {
    const head = this.#scan.settledHead;
    const table = head?.mapping.table ?? null;
    if (head === null || head.filler !== null || head.repeats || table === null) return null;
    const { tags, fields } = head.mapping;
    const isTyped = ({ name, declared }: MappedField): boolean =>
      declared !== null || this.#rows.fieldTypes.get(table, name) !== UNKNOWN;
    if (!fields.every(isTyped)) return null;
    const { quote, escapeByte, hasLetterEscapes } = dialectOf(this.#options, this.name);
    const marks = [quote, escapeByte, hasLetterEscapes ? BACKSLASH : -1].filter((mark) => mark >= 0);
    return { table, columns: [...tags, ...fields].map(({ name }) => name), marks };
  }

  /** Passes the first bytes to the scan as a sample, and returns a source that yields these bytes again. */
  async #sampled(source: ByteSource, signal: AbortSignal): Promise<ByteSource> {
    if (!this.#infersTypes) return source;
    const { sample, source: replayed } = await takeSample(source, this.#sampleMemory, signal);
    this.#scan.useSample(sample);
    this.advice = this.#adviceOn(sample.memory.subarray(0, sample.length));
    return replayed;
  }

  #adviceOn(sample: Uint8Array): string | null {
    if (this.#options.escape !== null) return null;
    const found = escapeIn(sample, this.name, dialectOf(this.#options, this.name).delimiter);
    if (found === null) return null;
    const quote = found === '\\"' || this.#options.quote === null ? '' : ' --quote none';
    return `holds ${found}, which bulk-load reads literally; if the backslash is an escape character, add --escape '\\'${quote}`;
  }
}

/** Returns a source that ends after the first `bytes` bytes of `source`. */
function firstBytes(bytes: number, source: ByteSource): ByteSource {
  let left = bytes;
  return wrapSource(source, {
    async read(into: Uint8Array, signal: AbortSignal) {
      const read = left === 0 ? 0 : await source.read(into.subarray(0, Math.min(into.length, left)), signal);
      left -= read;
      return read;
    },
  });
}
