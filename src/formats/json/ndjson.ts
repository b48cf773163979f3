// NDJSON: one object a line. Which column is the time is decided by the first object, so that one is wanted again where
// reading begins behind it.

import { UsageError } from '../../core/errors.js';
import type { ByteSource, DeadLetterFormat, Format, Points, Position } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import type { Stop } from '../line-protocol/chunk-scanner.js';
import { scanned } from '../line-protocol/double-buffer.js';
import { Mapping } from '../rows/mapping/mapping.js';
import { RowScan } from '../rows/row-scan.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { pathsOf } from './column-paths.js';
import { keyTable } from './key-table.js';
import { Keys } from './key-tree.js';
import { ObjectReader } from './object-reader.js';

const LF = 0x0a;
const CR = 0x0d;

export class Ndjson implements Format {
  readonly name = 'ndjson';
  readonly memoryBytes: number;
  readonly #scan: NdjsonScan;

  constructor(rows: RowFormatMemory) {
    this.memoryBytes = rows.memoryBytes;
    this.#scan = new NdjsonScan(rows);
  }

  async recall(head: ByteSource, _: Position, signal: AbortSignal): Promise<void> {
    const runs = scanned(this.#scan, head, signal, INPUT_START);
    for (let run = await runs.next(); !run.done && !this.#scan.isMapped; ) run = await runs.next();
    await runs.return();
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    return scanned(this.#scan, source, signal, start);
  }
}

class NdjsonScan extends RowScan {
  readonly deadLetterFormat: DeadLetterFormat = { ending: '.ndjson.rows', head: new Uint8Array(0) };
  readonly #reader: ObjectReader;
  #keys: Keys | null = null;

  constructor(rows: RowFormatMemory) {
    super(rows);
    this.#reader = new ObjectReader(rows.run, rows.cells);
  }

  /** Whether an object was seen. */
  get isMapped(): boolean {
    return this.#keys !== null;
  }

  override begin(start: Position): void {
    super.begin(start);
    if (start.byteOffset === 0) this.#keys = null;
  }

  protected override next(): Stop | null {
    const run = this.filling;
    const { encoder, kernel } = this.rows;
    if (this.#keys !== null && kernel !== null && run.takeOrdinary(kernel)) return null;
    const { bytes, at: start, limit, final } = run;
    const end = bytes.indexOf(LF, start);
    if (run.isTooLong(end)) return run.refuse('too-long', '') ? null : 'drained';
    if (end === limit && !final) return 'drained';
    const first = this.#blanks(start);
    if (first === end) {
      run.endLine(end);
      return null;
    }
    this.#keys ??= this.#mapped(first, end);
    const behind = this.#keys === null ? -1 : this.#reader.read(first, this.#keys);
    if (behind < 0 || this.#blanks(behind) !== end) {
      this.#refuse(behind >= 0, end === limit);
      return null;
    }
    const next = Math.min(end + 1, limit);
    const { count } = run;
    const row = { start, end: run.withoutCr(start, end), next, lines: next - end };
    if (!run.take(this.rows.cells, row)) return 'full';
    if (run.count > count) kernel?.follow(encoder);
    return null;
  }

  #refuse(isObject: boolean, cut: boolean): void {
    const { reason, found } = this.#reader;
    if (cut) this.filling.refuse('cut-short', 'the beginning of an object');
    else if (isObject) this.filling.refuse('bad-json', 'more behind an object');
    else if (this.#keys === null) this.filling.refuse('bad-json', 'something else than an object');
    else this.filling.refuse(reason, found);
  }

  #blanks(from: number): number {
    let p = from;
    while (this.bytes[p] === 0x20 || this.bytes[p] === 0x09 || this.bytes[p] === CR) p++;
    return p;
  }

  /** What the first object says of the columns; null when it is no object. */
  #mapped(from: number, to: number): Keys | null {
    const names = pathsOf(this.bytes.subarray(from, to));
    if (names === null) return null;
    const { options, encoder, cells, kernel } = this.rows;
    const mapping = new Mapping(options, names);
    if (mapping.unnamed !== null) {
      throw new UsageError([
        `mapping the columns — expected ${mapping.unnamed} — got ${names.slice(0, 20).join(', ')} — look at the names in --tags, --fields, --time-column and --measurement`,
      ]);
    }
    encoder.begin(mapping);
    const keys = new Keys(cells, mapping);
    kernel?.ndjson(mapping, keyTable(keys));
    return keys;
  }
}
