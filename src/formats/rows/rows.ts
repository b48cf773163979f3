// The memory, the encoder and the field types that all row formats share. Only one input is read at a time, so one
// object suffices for all formats. A set of columns (`Shape`) has the same number in all formats.

import { folderPath } from '../../core/points/hive-folders.js';
import type { ByteSource, DeadLetterFormat, FolderColumn, Points, Position } from '../../core/types/index.js';
import { memoryOf, type WasmMemory } from '../../core/wasm.js';
import { scanRuns } from '../line-protocol/double-buffer.js';
import { TimeCell, type TimeOptions } from '../timestamps/time-cell.js';
import { Cells } from './cells.js';
import { type EncoderOptions, RowEncoder } from './encoder.js';
import { RowKernel } from './kernel/row-kernel.js';
import type { MappingOptions } from './mapping/mapping.js';
import { RowRun } from './row-run.js';
import { columnMemoryBytes, type RowMemoryOptions, rowLayout } from './rows-layout.js';
import { RowShapes } from './table-memory.js';
import { FieldTypes, type KnownFieldTypes } from './values/field-types.js';
import type { ResumableScan } from './worker/row-input.js';
import { RowWorkers } from './worker/row-workers.js';

export type RowOptions = EncoderOptions &
  MappingOptions &
  RowMemoryOptions &
  TimeOptions & {
    /** Column names for rows that have no header and no keys. */
    readonly columnNames?: readonly string[] | null;
    /** Field types that other inputs of the load have determined. */
    readonly fieldTypes?: KnownFieldTypes;
    /** Number of worker threads that parse text (default 0), and the size of each read buffer of a thread, bytes. */
    readonly threads?: number;
    readonly threadWindowBytes?: number;
  };

const objectLetters: DeadLetterFormat = { suffix: '.ndjson.rows', head: new Uint8Array(0) };

export class RowFormatMemory {
  options: RowOptions;
  readonly memoryBytes: number;
  readonly cells = new Cells();
  readonly shapes = new RowShapes();
  readonly fieldTypes: FieldTypes;
  readonly encoder: RowEncoder;
  readonly run: RowRun;
  readonly kernel: RowKernel | null;
  #workers: RowWorkers | null = null;
  /** Describes the files in which rejected rows are stored as JSON lines: suffix, first bytes and folder. */
  objectLetters = objectLetters;

  /**
   * Throws UsageError if the time format is invalid.
   * @param memory memory to use instead of a new one
   */
  constructor(options: RowOptions, memory?: WasmMemory) {
    this.options = options;
    this.fieldTypes = new FieldTypes(options.fieldTypes);
    this.memoryBytes = RowFormatMemory.memoryBytes(options);
    const layout = rowLayout(options);
    const used = memory ?? memoryOf(layout.bytes + columnMemoryBytes);
    const bytes = new Uint8Array(used.buffer);
    const time = new TimeCell(bytes, options);
    this.encoder = new RowEncoder(bytes, options, time, this.shapes, this.fieldTypes);
    this.kernel = options.kernel === false ? null : new RowKernel(used, layout, options, time, options.kernel);
    this.run = new RowRun(bytes, layout, options.maxPointBytes, this.encoder);
  }

  /** Starts the worker threads, unless they are already running. */
  startThreads(): void {
    const { threads = 0, threadWindowBytes } = this.options;
    if (threads > 0 && this.kernel !== null)
      this.#workers ??= new RowWorkers(this.kernel, this.options, threads, threadWindowBytes);
  }

  /** Yields the points of a text input, as `Format.points` does. */
  runs(scan: ResumableScan, source: ByteSource, signal: AbortSignal, start: Position): AsyncGenerator<Points, void> {
    return this.#workers?.points(scan, source, signal, start) ?? scanRuns(scan, source, signal, start);
  }

  /** Writes the next run of points to another area (memory for one run), `shift` bytes after the first area. */
  useArea(shift: number): void {
    this.run.useArea(shift);
    this.kernel?.useArea(shift);
  }

  /** Ends the worker threads. */
  async close(): Promise<void> {
    await this.#workers?.close();
  }

  /** Sets the columns whose values the folder of the next input supplies for all rows, such as `host=a`. */
  useFolders(columns: readonly FolderColumn[]): void {
    this.options = { ...this.options, folderColumns: columns };
    const folder = folderPath(columns);
    if (folder !== this.folder) this.objectLetters = { ...objectLetters, folder };
  }

  /**
   * Folder in which rejected rows are stored, such as `host=a`. When these rows are loaded again, the folder supplies
   * their folder columns.
   */
  get folder(): string {
    return this.objectLetters.folder ?? '';
  }

  /** Returns the bytes that the constructor allocates. The memory for blocks of Parquet columns is not included. */
  static memoryBytes(options: RowMemoryOptions): number {
    return rowLayout(options).bytes;
  }
}
