// The NDJSON format: one object per line. The keys of the first object decide which column contains the time.

import { CR, LF, OPEN_BRACE, OPEN_BRACKET } from '../../core/ascii.js';
import type { ByteSource, DeadLetterFormat, Format, Points, Position } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import type { Stop } from '../line-protocol/chunk-scanner.js';
import { scanRuns } from '../line-protocol/double-buffer.js';
import { missingColumn } from '../rows/mapping/build-mapping.js';
import { Mapping, type MappingOptions } from '../rows/mapping/mapping.js';
import { RowScan } from '../rows/row-scan.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { Keys, keyTable, pathsOf } from './key-tree.js';
import { ObjectReader } from './object-reader.js';

export class Ndjson implements Format {
  readonly name = 'ndjson';
  readonly memoryBytes: number;
  readonly #scan: NdjsonScan;
  readonly #rows: RowFormatMemory;

  /** @param mapping returns the mapping options for the current input */
  constructor(rows: RowFormatMemory, mapping: () => MappingOptions = () => rows.options) {
    this.memoryBytes = rows.memoryBytes;
    this.#rows = rows;
    rows.startThreads();
    this.#scan = new NdjsonScan(rows, mapping);
  }

  /** Reads the input up to its first object, because this object decides which column contains the time. */
  async recall(head: ByteSource, _: Position, signal: AbortSignal): Promise<void> {
    const runs = scanRuns(this.#scan, head, signal, INPUT_START);
    for (let run = await runs.next(); !run.done && !this.#scan.isMapped; ) run = await runs.next();
    await runs.return();
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    return this.#rows.runs(this.#scan, source, signal, start);
  }
}

class NdjsonScan extends RowScan {
  readonly #reader: ObjectReader;
  readonly #mapping: () => MappingOptions;
  #keys: Keys | null = null;

  constructor(rows: RowFormatMemory, mapping: () => MappingOptions) {
    super(rows);
    this.#mapping = mapping;
    const { columnNames = null, nullWords } = rows.options;
    this.#reader = new ObjectReader(rows.run, rows.cells, columnNames, nullWords ?? []);
  }

  get deadLetterFormat(): DeadLetterFormat {
    return this.rows.objectLetters;
  }

  /** True after the first object, which decides which column contains the time. */
  get isMapped(): boolean {
    return this.#keys !== null;
  }

  override begin(start: Position): void {
    super.begin(start);
    if (start.byteOffset === 0) this.#keys = null;
  }

  override get takesKernelRows(): boolean {
    return super.takesKernelRows && this.#keys !== null;
  }

  protected override next(): Stop | null {
    const run = this.filling;
    const { encoder, kernel } = this.rows;
    if (this.#keys !== null && kernel !== null && run.takeKernelRows(kernel)) return null;
    const { bytes, at: start, limit, final } = run;
    const end = bytes.indexOf(LF, start);
    if (run.isTooLong(end)) return run.refuse('too-long', '') ? null : 'drained';
    if (end === limit && !final) return 'drained';
    const first = this.#blanks(start);
    if (first === end) {
      run.endLine(end);
      return null;
    }
    this.#keys ??= this.#map(first, end);
    const objectEnd = this.#keys === null ? -1 : this.#reader.read(first, this.#keys);
    const afterObject = this.#blanks(objectEnd);
    // A line may contain several objects.
    const isFollowed = objectEnd >= 0 && bytes[afterObject] === OPEN_BRACE;
    if (objectEnd < 0 || (afterObject !== end && !isFollowed)) {
      this.#refuse(objectEnd >= 0, end === limit);
      return null;
    }
    const next = isFollowed ? afterObject : Math.min(end + 1, limit);
    const { count } = run;
    const row = isFollowed
      ? { start, end: objectEnd, next, lines: 0 }
      : { start, end: run.withoutCr(start, end), next, lines: next - end };
    if (!run.take(this.rows.cells, row)) return 'full';
    if (run.count > count) kernel?.learn(encoder);
    return null;
  }

  #refuse(isObject: boolean, isCut: boolean): void {
    const { reason, found } = this.#reader;
    if (isCut) this.filling.refuse('cut-short', 'the start of an object');
    else if (isObject) this.filling.refuse('bad-json', 'text after the object');
    else if (this.#keys === null) this.filling.refuse('bad-json', 'no object');
    else this.filling.refuse(reason, found);
  }

  #blanks(from: number): number {
    let p = from;
    while (this.bytes[p] === 0x20 || this.bytes[p] === 0x09 || this.bytes[p] === CR) p++;
    return p;
  }

  /** Creates the mapping from the keys of the first object. Returns null if the line contains no object. */
  #map(from: number, to: number): Keys | null {
    const { columnNames = null } = this.rows.options;
    const isList = columnNames !== null && this.bytes[from] === OPEN_BRACKET;
    const names = isList ? columnNames : pathsOf(this.bytes.subarray(from, to));
    if (names === null) return null;
    const { encoder, cells, kernel } = this.rows;
    const mapping = new Mapping(this.#mapping(), names);
    mapping.assertNoConstant(names);
    if (mapping.unnamed !== null) throw missingColumn(mapping.unnamed, names, this.rows.options);
    encoder.begin(mapping);
    const keys = new Keys(cells, mapping);
    kernel?.ndjson(mapping, keyTable(keys));
    return keys;
  }
}
