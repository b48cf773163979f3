// The fast WebAssembly parser of rows, and the memory that it shares with the encoder. The parser turns common rows
// into points. The encoder handles all other rows, and `learn` teaches the parser the columns of these rows.

import { DOT } from '../../../core/ascii.js';
import { POINT_WORDS, strictestNameLimits } from '../../../core/types/index.js';
import { unitDecimals } from '../../../core/units.js';
import type { WasmMemory } from '../../../core/wasm.js';
import { KERNEL_END, KEYS, MASK, NULLS, PLANS, STATE } from '../../kernel/assembly/rows/row-memory.js';
import { timeLimit } from '../../line-protocol/exact/time-reader.js';
import type { TimeCell } from '../../timestamps/time-cell.js';
import type { KernelFilling } from '../cells.js';
import type { EncoderOptions, RowEncoder } from '../encoder.js';
import type { Mapping } from '../mapping/mapping.js';
import type { RowLayout } from '../rows-layout.js';
import {
  type KernelCalls,
  type KernelImage,
  type RowKernelExports,
  rowKernelIn,
  type TakeRows,
} from './kernel-instance.js';
import { Plans } from './kernel-plans.js';

/**
 * If the WebAssembly parser accepts no row in several calls, the next rows go directly to the encoder. This constant is
 * the largest number of such rows before the next call of the parser.
 */
const maxPasses = 15;
/** Largest number of columns that the WebAssembly parser can store. */
const maxColumns = 2048;

/** The keys of JSON objects read so far, with their columns. */
export interface KeyTable {
  readonly version: number;
  readonly columns: number;
  /** Writes the keys into [from, to). @returns the range of the outermost object's keys; null if not all keys fit */
  write(buffer: ArrayBuffer, from: number, to: number): readonly [first: number, end: number] | null;
}

interface RowDialect {
  readonly delimiter: number;
  readonly quote: number;
  readonly escapeByte: number;
}

export class RowKernel {
  /** Number of rows that the WebAssembly parser has turned into points, over all inputs. */
  kernelRows = 0;
  /** Offset at which the last call of `take` stopped: the start of a row that is not parsed yet. */
  at = 0;
  /** Increases with each change of the mapping. Rows that a thread parsed with an earlier mapping are parsed again. */
  epoch = 0;
  /** Increases with each call of `learn` that changed the parser. */
  version = 0;
  readonly #bytes: Uint8Array;
  readonly #exports: RowKernelExports;
  readonly #state: Uint32Array;
  readonly #mask: Int32Array;
  readonly #plans: Plans;
  readonly #layout: RowLayout;
  #index = 0;
  #indexEnd = 0;
  /** Function of the WebAssembly parser for the current format; null while all rows go to the encoder. */
  #take: TakeRows | null = null;
  #mapping: Mapping | null = null;
  #decimal = DOT;
  /**
   * `#missed`: number of consecutive calls that accepted no row. `#passes`: how many of the next rows go to the
   * encoder without a call of the parser.
   */
  #missed = 0;
  #passes = 0;
  #keys: KeyTable | null = null;
  #keysVersion = -1;
  /** False if the words that mean null do not fit into the parser's memory. All rows then go to the encoder. */
  readonly #knowsNulls: boolean;

  /** Arguments of the last setup calls. A worker thread repeats these calls. */
  #calls: KernelCalls;

  constructor(memory: WasmMemory, layout: RowLayout, options: EncoderOptions, time: TimeCell, binary?: Uint8Array) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#exports = rowKernelIn(memory, time, binary);
    this.#state = new Uint32Array(memory.buffer, STATE, 4);
    this.#mask = new Int32Array(memory.buffer, MASK, maxColumns / 32);
    this.#plans = new Plans(memory.buffer, (first) => this.#call('plans', first));
    this.#layout = layout;
    const { maxPointBytes, precision, names = strictestNameLimits } = options;
    const { numbers, dates, utc } = time.forms;
    const nullsEnd = this.#putNulls(options.nullWords ?? []);
    this.#knowsNulls = nullsEnd <= PLANS;
    const limit = timeLimit(precision);
    const places = unitDecimals[precision];
    const forms = [Number(numbers), Number(dates), Number(utc)] as const;
    const configure = [maxPointBytes, names.seriesKeyBytes, layout.outEnd, nullsEnd, limit, places, ...forms] as const;
    this.#calls = { configure: [...configure], map: [-1, -1, DOT], plans: [0] };
    this.useArea(0);
  }

  /** Writes the next points to another area (memory for one run), `shift` bytes after the first area. */
  useArea(shift: number): void {
    const { index, indexPoints, outEnd } = this.#layout;
    const [pointBytes, keyBytes, , ...others] = this.#calls.configure;
    this.#index = index + shift;
    this.#indexEnd = this.#index + indexPoints * POINT_WORDS * 4;
    this.#exports.configure(pointBytes, keyBytes, outEnd + shift, ...others);
  }

  /** True if the WebAssembly parser can parse the next rows of CSV or NDJSON. */
  get isReady(): boolean {
    return (this.#take === this.#exports.csv || this.#take === this.#exports.ndjson) && !this.#plans.isEmpty;
  }

  /**
   * A copy of the parser's state. A worker thread needs this copy to parse the next rows. Null if the parser is not
   * ready for CSV or NDJSON.
   */
  get image(): KernelImage | null {
    if (!this.isReady) return null;
    const take = this.#take === this.#exports.csv ? 'csv' : 'ndjson';
    return { bytes: this.#bytes.slice(0, KERNEL_END), calls: this.#calls, take };
  }

  /**
   * Prepares the parser for CSV rows with this mapping. `quote` and `escapeByte` are -1 for a dialect without this
   * character.
   */
  csv(
    mapping: Mapping,
    columns: number,
    { delimiter, quote, escapeByte }: RowDialect,
    { decimal = DOT, time: [date, clock] = [-1, -1] }: KernelFilling = {},
  ): void {
    const none = 256;
    this.#call(
      'dialect',
      columns,
      delimiter,
      quote < 0 ? none : quote,
      escapeByte < 0 ? none : escapeByte,
      date,
      clock,
    );
    this.#begin(mapping, Math.max(columns, mapping.time + 1), this.#exports.csv, decimal);
    this.#keys = null;
  }

  /** Prepares the parser for JSON objects with this mapping, one object per line. */
  ndjson(mapping: Mapping, keys: KeyTable): void {
    this.#begin(mapping, keys.columns, this.#exports.ndjson);
    this.#keys = keys;
    this.#keysVersion = -1;
  }

  /**
   * Prepares the parser for rows of decoded Parquet columns. The caller then describes the columns with `setColumns`.
   */
  parquet(mapping: Mapping, cells: number): void {
    this.#begin(mapping, cells, this.#exports.parquet);
    this.#keys = null;
  }

  /**
   * Sets the range [first, end) of the column descriptors, the number of cells in a row, and the offset of the powers
   * of ten.
   */
  setColumns(first: number, end: number, cells: number, powers: number): void {
    this.#exports.columns(first, end, cells, powers);
  }

  /** Sets the number of rows in the current block of columns, and the index of the next row in the block. */
  setBlock(rows: number, next: number): void {
    this.#exports.block(rows, next);
  }

  /** True if the WebAssembly parser supports the current mapping. */
  get isEnabled(): boolean {
    return this.#take !== null;
  }

  /** Sends all following rows to the encoder, until the next mapping. */
  disable(): void {
    this.#take = null;
    this.epoch++;
  }

  /**
   * Parses as many rows as possible from `at`, which must be the start of a row. The first new entry of the index
   * has number `count`. The first new point is written at `out`.
   * @returns the number of parsed rows; afterwards, `at`, `line` and `out` describe the position at which the parser
   * stopped
   */
  take(at: number, limit: number, count: number, line: number, out: number): number {
    if (this.#take === null || this.#plans.isEmpty) return 0;
    if (this.#passes > 0) {
      this.#passes--;
      return 0;
    }
    this.#state[1] = line;
    this.#state[2] = out;
    this.at = this.#take(at, limit, this.#index + count * POINT_WORDS * 4, this.#indexEnd);
    const taken = this.#state[0]!;
    this.kernelRows += taken;
    this.#missed = taken > 0 ? 0 : this.#missed + 1;
    this.#passes = Math.min(maxPasses, this.#missed >>> 2);
    return taken;
  }

  get line(): number {
    return this.#state[1]!;
  }

  get out(): number {
    return this.#state[2]!;
  }

  /** Length of the time cell in the last parsed row, bytes. */
  get timeLength(): number {
    return this.#state[3]!;
  }

  /** Teaches the WebAssembly parser the table and the columns of the row that the encoder has just accepted. */
  learn({ table, mask, shape }: RowEncoder): void {
    if (this.#take === null || table === null) return;
    const plan = this.#plans.update(table);
    if (plan === null || !this.#updateKeys()) return;
    this.#mask.set(mask);
    this.#exports.learn(plan, shape);
    this.version++;
  }

  /** Calls a setup function of the WebAssembly parser, and records the arguments for worker threads. */
  #call<K extends Exclude<keyof KernelCalls, 'configure'>>(name: K, ...given: Parameters<RowKernelExports[K]>): void {
    (this.#exports[name] as (...given: Parameters<RowKernelExports[K]>) => void)(...given);
    this.#calls = { ...this.#calls, [name]: given };
  }

  #updateKeys(): boolean {
    const keys = this.#keys;
    if (keys === null || keys.version === this.#keysVersion) return true;
    const written = keys.columns > maxColumns ? null : keys.write(this.#bytes.buffer as ArrayBuffer, KEYS, KERNEL_END);
    if (written === null) {
      this.disable();
      return false;
    }
    this.#call('keys', ...written, keys.columns);
    // The new columns may include the time column or the column with the table name.
    this.#map();
    this.#keysVersion = keys.version;
    return true;
  }

  #map(): void {
    const { time, measurement } = this.#mapping!;
    this.#call('map', time, measurement, this.#decimal);
  }

  #begin(mapping: Mapping, columns: number, take: TakeRows, decimal = DOT): void {
    this.epoch++;
    this.#mapping = mapping;
    this.#decimal = decimal;
    this.#map();
    this.#plans.begin(mapping);
    const { fields, time } = mapping.constants;
    const isKnown = columns <= maxColumns && this.#knowsNulls && fields.length === 0 && time === null;
    this.#take = isKnown ? take : null;
  }

  /**
   * Writes the length and the bytes of each word that means null. Skips words that do not fit into the memory.
   * @returns the offset at which all words would end; above PLANS if some words did not fit
   */
  #putNulls(words: readonly string[]): number {
    const view = new DataView(this.#bytes.buffer);
    let at = NULLS;
    for (const word of words.map((each) => Buffer.from(each))) {
      const end = at + 4 + word.length;
      if (end <= PLANS) {
        view.setUint32(at, word.length, true);
        this.#bytes.set(word, at + 4);
      }
      at = end;
    }
    return at;
  }
}
